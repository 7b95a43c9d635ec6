/** Whether the peer is there, and how far away it is. */
import type { Clock } from "../clock.ts";
import { MyelinError } from "../errors.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { Outbox } from "./sending/outbox.ts";

const pingBytes = 8;

export class Liveness {
  /** The newest measured round trip of the connection; undefined before the first. */
  roundTripMs: number | undefined;
  readonly #clock: Clock;
  readonly #outbox: Outbox;
  readonly #isMeasured: boolean;
  /** Nothing was asked before. */
  readonly #since: number;
  #heartbeat: Heartbeat | undefined;

  /** @param isMeasured the way is measured once, also where nobody is asked for signs of life */
  constructor(clock: Clock, outbox: Outbox, isMeasured: boolean) {
    this.#isMeasured = isMeasured;
    this.#clock = clock;
    this.#outbox = outbox;
    this.#since = clock.now();
  }

  /**
   * There is a connection. Asks for a sign of life at once, which measures the way, and then every so
   * often; 0: never again.
   * `onSilence` hears when none comes.
   */
  watch(intervalMs: number, onSilence: (error: MyelinError) => void): void {
    this.roundTripMs = undefined;
    const ask = (): void => {
      this.#outbox.ping(this.#clock.now());
      // Before this process is busy again: the answer is to be there when it is not.
      this.#outbox.flush();
    };
    if (intervalMs > 0 || this.#isMeasured) ask();
    if (intervalMs === 0) return;
    this.#heartbeat = new Heartbeat(this.#clock, intervalMs, {
      ask,
      onSilence: () => {
        const message = `the peer is gone: no sign of life for ${2 * intervalMs} ms`;
        onSilence(new MyelinError("ERR_CONNECTION_LOST", message));
      },
    });
  }

  heard(): void {
    this.#heartbeat?.heard();
  }

  /**
   * A pong brings back the time at which it was asked for, unless the peer made it up: a time at which
   * it cannot have been is ignored.
   * @throws {MyelinError} `ERR_PROTOCOL`
   */
  pong(bytes: Buffer): void {
    if (bytes.length !== pingBytes) throw new MyelinError("ERR_PROTOCOL", "a pong to no ping");
    const askedAt = bytes.readDoubleLE(0);
    const now = this.#clock.now();
    if (askedAt >= this.#since && askedAt <= now) this.roundTripMs = now - askedAt;
  }

  stop(): void {
    this.#heartbeat?.stop();
  }
}
