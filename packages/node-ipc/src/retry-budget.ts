/**
 * How often a client may still try. `maxRetries` and `stopRetrying` are read at each use, since
 * programs change them while a client retries.
 */
import type { Defaults } from "./defaults.ts";

export class RetryBudget {
  readonly #config: Defaults;
  #used = 0;
  #shown: number;

  constructor(config: Defaults) {
    this.#config = config;
    this.#shown = this.#limit();
  }

  /** Retries left, as `client.retriesRemaining` shows it. */
  get remaining(): number {
    return this.#shown;
  }

  /** A connection stood: the count begins anew. */
  reset(): void {
    this.#used = 0;
    this.#shown = this.#limit();
  }

  /** Takes one retry. False when there is none left. */
  take(remaining: number): boolean {
    // A program may set `retriesRemaining` itself; then that is what counts.
    const left = remaining === this.#shown ? this.#limit() - this.#used : remaining;
    if (!(left >= 1) || this.#config.stopRetrying === true) {
      this.#shown = Math.max(0, left);
      return false;
    }
    this.#used += 1;
    this.#shown = left - 1;
    return true;
  }

  #limit(): number {
    const { maxRetries, stopRetrying } = this.#config;
    // Older documents: `maxRetries: false` is "no limit", and `stopRetrying` may be the limit itself.
    const most = typeof maxRetries === "number" ? maxRetries : Number.POSITIVE_INFINITY;
    return typeof stopRetrying === "number" ? Math.min(most, stopRetrying) : most;
  }
}
