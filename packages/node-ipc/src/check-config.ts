/** Checks what no other part checks: a limit that is no number would be no limit. */
import type { Defaults } from "./defaults.ts";

const limits = ["maxQueueBytes", "maxQueueMessages", "maxConnections"] as const;

/** @throws {TypeError} when a limit is neither a whole number nor Infinity. */
export function checkConfig(config: Defaults): void {
  for (const name of limits) {
    const value: unknown = config[name];
    const isLimit =
      value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && (value as number) >= 0);
    if (!isLimit) {
      throw new TypeError(
        `ipc.config.${name} must be a whole number that is not negative, or Infinity`,
      );
    }
  }
}
