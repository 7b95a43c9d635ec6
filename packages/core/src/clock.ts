/**
 * Time, scheduling and chance, as one thing that is passed in: sessions, clients and servers have no
 * other, so that a test with a virtual clock decides when everything happens, from one seed.
 */
import { randomBytes } from "node:crypto";
import { milliseconds } from "./options.ts";

/** A timer that was set. It does not keep the process alive unless told to. */
export interface Timer {
  /** From now on the process waits for this timer. */
  ref(): void;
  unref(): void;
}

/** Where a part of the library gets its time, its turns and its chance from. */
export interface Clock {
  /** Milliseconds since some moment, with fractions. Never goes back, whatever the wall clock does. */
  now(): number;
  /**
   * Runs `run` once, at least `ms` later: days and years too, `Infinity` for never, a millisecond for
   * anything below. The timer is unref'd.
   */
  setTimeout(run: () => void, ms: number): Timer;
  /** Forgets a timer; one that ran, or none at all, is no mistake. */
  clearTimeout(timer: Timer | undefined): void;
  /**
   * Runs `run` in the next turn of the event loop, after what has arrived by then. The process waits
   * for it. It cannot be taken back: `run` looks for itself whether it is still wanted.
   */
  setImmediate(run: () => void): void;
  /** A number from 0 to below 1, good enough to spread retries; no secret. */
  random(): number;
  /** Bytes that nobody can guess: for tokens, nonces and keys. */
  randomBytes(count: number): Uint8Array;
}

// Node's timers fire at once when they are asked to wait longer: these wait again and again.
class LongTimer implements Timer {
  readonly #run: () => void;
  readonly #dueAt: number;
  #timeout: NodeJS.Timeout;

  constructor(run: () => void, ms: number) {
    this.#run = run;
    this.#dueAt = performance.now() + ms;
    this.#timeout = this.#wait(ms);
  }

  ref(): void {
    this.#timeout.ref();
  }

  unref(): void {
    this.#timeout.unref();
  }

  clear(): void {
    clearTimeout(this.#timeout);
  }

  #wait(ms: number): NodeJS.Timeout {
    return setTimeout(this.#elapsed, Math.min(ms, milliseconds.max)).unref();
  }

  readonly #elapsed = (): void => {
    const left = this.#dueAt - performance.now();
    if (left <= 0) {
      this.#run();
      return;
    }
    const isRef = this.#timeout.hasRef();
    this.#timeout = this.#wait(left);
    if (isRef) this.#timeout.ref();
  };
}

/** The time of this process. */
export const systemClock: Clock = Object.freeze<Clock>({
  now: () => performance.now(),
  setTimeout: (run, ms) =>
    ms > milliseconds.max ? new LongTimer(run, ms) : setTimeout(run, ms).unref(),
  clearTimeout(timer) {
    if (timer instanceof LongTimer) timer.clear();
    else clearTimeout(timer as NodeJS.Timeout | undefined);
  },
  setImmediate: (run) => void setImmediate(run),
  random: () => Math.random(),
  randomBytes: (count) => Uint8Array.from(randomBytes(count)),
});
