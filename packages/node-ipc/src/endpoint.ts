/** What clients and servers have in common: events, a configuration, and a log. */
import type { Defaults } from "./defaults.ts";
import { Events } from "./events.ts";
import { type Log, log } from "./log.ts";

export class Endpoint extends Events {
  /** The very object of the instance: programs change it at any time. */
  readonly config: Defaults;
  readonly log: Log;

  constructor(config: Defaults, logger: Log | undefined) {
    super();
    this.config = config;
    this.log = logger ?? ((...args) => log(config, ...args));
  }

  /** Fires `error`, and logs it: one that nobody hears is not thrown. @internal */
  tellError(error: Error, ...who: unknown[]): void {
    if (!this.config.silent) this.log("error:", error.message);
    this.publish("error", error, ...who);
  }

  /** One line for a message; what it carries only when the program asked for that. */
  protected logMessage(
    line: readonly unknown[],
    isRaw: boolean,
    type: unknown,
    data: unknown,
  ): void {
    const { config } = this;
    if (config.logPayloads) this.log(...line, type, data);
    // In raw mode the first argument is no name but the bytes.
    else this.log(...line, isRaw ? "<raw-buffer>" : type);
  }
}
