/**
 * How much is pulled from the sources of streams before everything else has its turn. A source may
 * never wait, and a socket may take megabytes at once: thousands of streams that nobody reads would be
 * pulled and sent for seconds in one turn of the event loop. All streams of a clock share one measure.
 */
import type { Clock } from "../../clock.ts";
import { Fifo } from "../../fifo.ts";
import { limits } from "../../limits.ts";

/** Who pulls. */
export interface Puller {
  /** There is a share again. */
  goOn(): void;
}

export class TurnShare {
  readonly #clock: Pick<Clock, "setImmediate">;
  readonly #waiting = new Fifo<Puller>();
  #left = limits.pulledBytes;
  #isScheduled = false;

  constructor(clock: Pick<Clock, "setImmediate">) {
    this.#clock = clock;
  }

  /** Nothing more is pulled in this turn. */
  get isSpent(): boolean {
    return this.#left <= 0;
  }

  /** So much was pulled; the last may be more than was left. */
  take(bytes: number): void {
    this.#left -= bytes;
    if (this.#left <= 0) this.#schedule();
  }

  /** Goes on in a later turn, behind those who wait already. To be called when it is spent, once. */
  await(puller: Puller): void {
    this.#waiting.push(puller);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.setImmediate(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#isScheduled = false;
    this.#left = limits.pulledBytes;
    try {
      while (!this.isSpent && this.#waiting.size > 0) this.#waiting.shift()?.goOn();
    } finally {
      if (this.#waiting.size > 0) this.#schedule();
    }
  };
}

const shares = new WeakMap<object, TurnShare>();

/** The share of whoever has this clock: one for all of a process, but for tests. */
export function turnShareOf(clock: Pick<Clock, "setImmediate">): TurnShare {
  let share = shares.get(clock);
  if (share === undefined) {
    share = new TurnShare(clock);
    shares.set(clock, share);
  }
  return share;
}
