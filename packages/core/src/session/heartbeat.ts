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

/** It is looked so often within an interval: what comes just after one look counts until the next. */
const looks = 8;
/** Looks in a row that found silence when it is asked, and when it is the end. */
const asksAt = looks;
const endsAt = 2 * looks;

export class Heartbeat {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #lookMs: number;
  readonly #owner: HeartbeatOwner;
  #timer: Timer | undefined;
  #dueAt = 0;
  #heard = false;
  #silentLooks = 0;

  constructor(clock: Clock, intervalMs: number, owner: HeartbeatOwner) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#lookMs = intervalMs / looks;
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
    this.#dueAt = this.#clock.now() + this.#lookMs;
    this.#timer = this.#clock.setTimeout(() => {
      // Timers run before arrivals do: what is in the socket already must count.
      this.#clock.setImmediate(() => this.#look());
    }, this.#lookMs);
  }

  #look(): void {
    if (this.#timer === undefined) return;
    // This process may have been the one that slept: the peer has had no time to answer then.
    const isLate = this.#clock.now() - this.#dueAt > this.#intervalMs;
    if (this.#heard) this.#silentLooks = 0;
    else if (isLate) this.#silentLooks = asksAt;
    else this.#silentLooks += 1;
    this.#heard = false;
    if (this.#silentLooks >= endsAt) {
      this.stop();
      this.#owner.onSilence();
      return;
    }
    if (this.#silentLooks === asksAt) this.#owner.ask();
    this.#wait();
  }
}
