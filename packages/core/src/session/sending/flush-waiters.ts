/**
 * Those who wait until the system has taken what they sent, on a wire where nobody acknowledges.
 * Each waits for so many messages and no more: what is sent meanwhile keeps nobody waiting.
 */
import type { Clock, Timer } from "../../clock.ts";
import { Fifo } from "../../fifo.ts";

/** How often somebody looks again where no event tells. */
const pollMs = 5;

interface Waiter {
  /** Messages that are to have left, of all that were ever accepted. */
  readonly messages: number;
  readonly settle: (hasLeft: boolean) => void;
}

export class FlushWaiters {
  readonly #clock: Clock;
  readonly #look: () => void;
  /** In the order of what they wait for. */
  readonly #waiters = new Fifo<Waiter>();
  #timer: Timer | undefined;

  /** @param look finds out how many have left, and tells */
  constructor(clock: Clock, look: () => void) {
    this.#clock = clock;
    this.#look = look;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** @returns false when it ended before they had left */
  wait(messages: number): Promise<boolean> {
    return new Promise((settle) => {
      this.#waiters.push({ messages, settle });
    });
  }

  /** So many messages have left by now. */
  tell(messages: number): void {
    for (let { first } = this.#waiters; first !== undefined; first = this.#waiters.first) {
      if (first.messages > messages) return;
      this.#waiters.shift();
      first.settle(true);
    }
  }

  /** Nothing will tell when the next have left: looks again soon, once, whoever asks. */
  lookAgain(): void {
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#look();
    }, pollMs);
  }

  /** No more will leave. */
  end(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { settle } of this.#waiters.takeAll()) settle(false);
  }
}
