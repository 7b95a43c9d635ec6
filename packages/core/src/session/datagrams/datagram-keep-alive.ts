/**
 * Keeps a client known to its server, and finds out when there is no server any more: it says something
 * before the server forgets it, and asks several times, since a question may be lost as well.
 */
import type { Clock, Timer } from "../../clock.ts";

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

/** A server that says it forgets its clients at once does not get a flood of questions. */
const leastIntervalMs = 100;

/**
 * How long a client waits before it asks.
 * @param heartbeatMs what its program wishes; 0: it says nothing on its own, and may be forgotten
 * @param idleMs the server forgets those that it has not heard for so long
 */
export function askingIntervalMs(heartbeatMs: number, idleMs: number): number {
  if (heartbeatMs === 0) return Number.POSITIVE_INFINITY;
  // Two questions fit before the server forgets it: one of them may be lost.
  return Math.min(heartbeatMs, Math.max(idleMs / patience, leastIntervalMs));
}

export class DatagramKeepAlive {
  readonly #options: DatagramKeepAliveOptions;
  #timer: Timer | undefined;
  #dueAt = 0;
  #heardAt: number;
  #saidAt: number;
  #askedAt = Number.NEGATIVE_INFINITY;
  #unanswered = 0;

  constructor(options: DatagramKeepAliveOptions) {
    this.#options = options;
    this.#heardAt = options.clock.now();
    this.#saidAt = this.#heardAt;
    this.#wait();
  }

  /** A datagram of the server's came. */
  heard(): void {
    this.#heardAt = this.#options.clock.now();
    this.#unanswered = 0;
  }

  /** One was sent to it. */
  said(): void {
    this.#saidAt = this.#options.clock.now();
  }

  stop(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** When it is time to ask, as far as is known now: speaking is as good as asking. */
  get #nextAt(): number {
    const quietSince = Math.min(this.#heardAt, this.#saidAt);
    return Math.max(quietSince, this.#askedAt) + this.#options.intervalMs;
  }

  /** One timer, which looks what has happened meanwhile: none is set for a datagram. */
  #wait(): void {
    const { clock } = this.#options;
    this.#dueAt = this.#nextAt;
    this.#timer = clock.setTimeout(() => {
      // Timers run before arrivals do: what is in the socket already must count.
      clock.setImmediate(() => this.#check());
    }, this.#dueAt - clock.now());
  }

  #check(): void {
    if (this.#timer === undefined) return;
    const { clock, intervalMs } = this.#options;
    const now = clock.now();
    // This process was the one that slept: the server has had no time to answer.
    const isLate = now - this.#dueAt > intervalMs;
    if (this.#nextAt <= now) {
      if (this.#unanswered >= patience && !isLate) {
        this.stop();
        this.#options.onSilence();
        return;
      }
      this.#askedAt = now;
      if (!isLate) this.#unanswered += 1;
      this.#options.ask();
    }
    this.#wait();
  }
}
