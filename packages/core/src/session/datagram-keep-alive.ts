/**
 * Keeps a client known to its server, and finds out when there is no server any more: it says something
 * before the server forgets it, and asks several times, since a question may be lost as well.
 */
import type { Clock, Timer } from "../clock.ts";

export interface DatagramKeepAliveOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** Asks for a sign of life. */
  readonly ask: () => void;
  /** None came, however often it was asked. */
  readonly onSilence: () => void;
}

/** Questions that may stay without an answer. */
export const patience = 3;

export class DatagramKeepAlive {
  readonly #options: DatagramKeepAliveOptions;
  #timer: Timer | undefined;
  #dueAt = 0;
  #unanswered = 0;
  #hasHeard = true;
  #hasSaid = true;

  constructor(options: DatagramKeepAliveOptions) {
    this.#options = options;
    this.#wait();
  }

  /** A datagram of the server's came. */
  heard(): void {
    this.#hasHeard = true;
  }

  /** One was sent to it. */
  said(): void {
    this.#hasSaid = true;
  }

  stop(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(): void {
    const { clock, intervalMs } = this.#options;
    this.#dueAt = clock.now() + intervalMs;
    this.#timer = clock.setTimeout(() => {
      // Timers run before arrivals do: what is in the socket already must count.
      clock.setImmediate(() => this.#check());
    }, intervalMs);
  }

  #check(): void {
    if (this.#timer === undefined) return;
    const { ask, clock, intervalMs, onSilence } = this.#options;
    const isQuiet = !this.#hasHeard || !this.#hasSaid;
    // This process was the one that slept: the server has had no time to answer.
    const isLate = clock.now() - this.#dueAt > intervalMs;
    if (this.#hasHeard) this.#unanswered = 0;
    if (this.#unanswered >= patience && !isLate) {
      this.stop();
      onSilence();
      return;
    }
    this.#hasHeard = false;
    this.#hasSaid = false;
    if (isQuiet) {
      if (!isLate) this.#unanswered += 1;
      ask();
    }
    this.#wait();
  }
}
