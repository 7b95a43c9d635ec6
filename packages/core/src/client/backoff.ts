/** How long to wait before the next attempt. */
import type { Clock } from "../clock.ts";

export interface BackoffOptions {
  readonly minMs: number;
  readonly maxMs: number;
}

/** A connection that stood so long was a success: what breaks later begins anew. */
const successMs = 5_000;

export class Backoff {
  readonly #clock: Clock;
  readonly #options: BackoffOptions;
  #attempts = 0;
  #openedAt: number | undefined;

  constructor(clock: Clock, options: BackoffOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Attempts since the last success. */
  get attempts(): number {
    const openedAt = this.#openedAt;
    const isSuccess = openedAt !== undefined && this.#clock.now() - openedAt >= successMs;
    return isSuccess ? 0 : this.#attempts;
  }

  /** A session stands. */
  opened(): void {
    this.#openedAt = this.#clock.now();
  }

  /**
   * An attempt failed, or a session ended. Gives the milliseconds to wait: any time up to a limit that
   * doubles, so that clients that were cut off together do not come back together.
   */
  next(): number {
    const { maxMs, minMs } = this.#options;
    const { attempts } = this;
    this.#openedAt = undefined;
    this.#attempts = attempts + 1;
    // Doubled no further than any wait is long: beyond that it would be no number.
    const limit = Math.min(maxMs, minMs * 2 ** Math.min(attempts, 64));
    return this.#clock.random() * limit;
  }
}
