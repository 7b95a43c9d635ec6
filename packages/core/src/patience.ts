/** How long whoever closes something is ready to wait. Who asks again may have less. */
import type { Clock, Timer } from "./clock.ts";

/** A time that may only get shorter. */
export class Patience {
  readonly #clock: Clock;
  readonly #onOver: (ms: number) => void;
  #dueAt: number | undefined;
  #timer: Timer | undefined;

  /** @param onOver hears how many milliseconds it was */
  constructor(clock: Clock, onOver: (ms: number) => void) {
    this.#clock = clock;
    this.#onOver = onOver;
  }

  /** It is over after so many milliseconds, if it was not to be before. */
  lower(ms: number): void {
    const dueAt = this.#clock.now() + ms;
    if (this.#dueAt !== undefined && this.#dueAt <= dueAt) return;
    this.stop();
    this.#dueAt = dueAt;
    this.#timer = this.#clock.setTimeout(() => this.#onOver(ms), ms);
  }

  /** The process waits for its end. */
  ref(): void {
    this.#timer?.ref();
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
  }
}
