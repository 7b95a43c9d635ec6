/**
 * Large messages that begin to arrive and do not go on: each would hold its memory for as long as the
 * connection lasts.
 */
import type { Clock, Timer } from "../../clock.ts";
import { MyelinError } from "../../errors.ts";

export interface ProgressWatchOptions {
  readonly clock: Clock;
  /** When the message that has waited longest got its last part; Infinity when there is none. */
  readonly oldestProgress: () => number;
  readonly timeoutMs: number;
  /** What the peer wants to send may have to wait for handlers of ours. */
  readonly isHeldUp: () => boolean;
  /** Takes it that those that may wait for handlers had their last parts now. */
  readonly excuse: () => void;
  /** One of them has had no part for so long. */
  readonly onStalled: (error: MyelinError) => void;
}

export class ProgressWatch {
  readonly #options: ProgressWatchOptions;
  #timer: Timer | undefined;

  constructor(options: ProgressWatchOptions) {
    this.#options = options;
  }

  /** There may be one. */
  watch(): void {
    if (this.#timer === undefined) this.#wait(this.#options.timeoutMs);
  }

  /** No part can come, or none is wanted. */
  stop(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(ms: number): void {
    const { clock, timeoutMs } = this.#options;
    const dueAt = clock.now() + ms;
    const timer = clock.setTimeout(() => {
      // A process that slept or was busy has to read first, and that takes more than one turn.
      if (clock.now() - dueAt > timeoutMs) this.#wait(timeoutMs);
      // Timers run before arrivals do.
      else clock.setImmediate(() => this.#timer === timer && this.#look());
    }, ms);
    this.#timer = timer;
  }

  #look(): void {
    const { clock, excuse, isHeldUp, oldestProgress, onStalled, timeoutMs } = this.#options;
    this.#timer = undefined;
    if (isHeldUp()) excuse();
    const oldest = oldestProgress();
    if (oldest === Number.POSITIVE_INFINITY) return;
    const left = oldest + timeoutMs - clock.now();
    if (left > 0) {
      this.#wait(left);
      return;
    }
    const message = `a large message made no progress for ${timeoutMs} ms`;
    onStalled(new MyelinError("ERR_TIMEOUT", message));
  }
}
