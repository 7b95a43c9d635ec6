/**
 * Calls whose source failed. Nobody waits for their answers, and yet their handlers are not cancelled at
 * once: that would end a generator where it stands, before it has read why its items broke off. One that
 * goes on all the same is cancelled after a while.
 */
import type { Clock, Timer } from "../../clock.ts";

export class BrokenCalls {
  readonly #clock: Clock;
  readonly #graceMs: number;
  readonly #cancel: (id: number) => void;
  readonly #timers = new Map<number, Timer>();

  constructor(clock: Clock, graceMs: number, cancel: (id: number) => void) {
    this.#clock = clock;
    this.#graceMs = graceMs;
    this.#cancel = cancel;
  }

  /** The peer is being told of the failure. */
  add(id: number): void {
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(id);
      this.#cancel(id);
    }, this.#graceMs);
    this.#timers.set(id, timer);
  }

  /** The handler has answered. */
  settled(id: number): void {
    this.#clock.clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  /** The session is over. */
  clear(): void {
    for (const id of [...this.#timers.keys()]) this.settled(id);
  }
}
