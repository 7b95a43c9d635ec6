/**
 * Finds out that a peer is gone when the system does not tell: a cable that was pulled, a machine that
 * lost its power, a firewall that forgot the connection. Any byte is a sign of life; only silence is
 * asked about, and only silence after that is the end.
 */
import type { Clock, Timer } from "../clock.ts";

export interface HeartbeatOwner {
  /** Ask for a sign of life. */
  ask(): void;
  /** There was none. */
  onSilence(): void;
}

export class Heartbeat {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #owner: HeartbeatOwner;
  #timer: Timer | undefined;
  #dueAt = 0;
  #heard = true;
  #asked = false;

  constructor(clock: Clock, intervalMs: number, owner: HeartbeatOwner) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#owner = owner;
    this.#wait();
  }

  /** Bytes arrived. */
  heard(): void {
    this.#heard = true;
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(): void {
    this.#dueAt = this.#clock.now() + this.#intervalMs;
    this.#timer = this.#clock.setTimeout(() => {
      // Timers run before arrivals do: what is in the socket already must count.
      this.#clock.setImmediate(() => this.#check());
    }, this.#intervalMs);
  }

  #check(): void {
    if (this.#timer === undefined) return;
    // This process was the one that slept: the peer has had no time to answer.
    const isLate = this.#clock.now() - this.#dueAt > this.#intervalMs;
    if (this.#heard) {
      this.#heard = false;
      this.#asked = false;
    } else if (!this.#asked || isLate) {
      this.#asked = true;
      this.#owner.ask();
    } else {
      this.stop();
      this.#owner.onSilence();
      return;
    }
    this.#wait();
  }
}
