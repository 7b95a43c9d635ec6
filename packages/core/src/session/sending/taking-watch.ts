/** Finds out whether a peer takes what waits for it. Looked at from when somebody asks, as long as it matters. */
import type { Clock, Timer } from "../../clock.ts";

export interface TakingWatchOptions {
  readonly clock: Pick<Clock, "now" | "setTimeout" | "clearTimeout" | "setImmediate">;
  /** Whether anything was handed on that the peer has not acknowledged. */
  readonly isWaiting: () => boolean;
  /** Whether it is to be looked at further, though it has taken something. */
  readonly matters: () => boolean;
  /** Frames that the peer has acknowledged. */
  readonly acknowledged: () => number;
  /** It has taken something, or all there was. */
  readonly onTaken: () => void;
  /** It has taken nothing for as long, though something waited all the time. */
  readonly onStuck: () => void;
}

const lookMs = 125;
/** So many looks in a row that see nothing taken. */
const looks = 8;

export class TakingWatch {
  readonly #options: TakingWatchOptions;
  #timer: Timer | undefined;
  #dueAt = 0;
  #silentLooks = 0;
  #seen = 0;
  /** What it had acknowledged when it was found stuck. */
  #stuckAt: number | undefined;

  constructor(options: TakingWatchOptions) {
    this.#options = options;
  }

  /** As far as is known at this moment. */
  isTaking(): boolean {
    const { acknowledged, isWaiting } = this.#options;
    if (!isWaiting()) {
      this.#stuckAt = undefined;
      return true;
    }
    if (acknowledged() === this.#stuckAt) return false;
    if (this.#timer !== undefined) return true;
    this.#silentLooks = 0;
    this.#seen = acknowledged();
    this.#wait();
    return true;
  }

  stop(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The connection is gone: it may take what it is sent over another one. */
  forget(): void {
    this.stop();
    this.#stuckAt = undefined;
  }

  #wait(): void {
    const { clock } = this.#options;
    this.#dueAt = clock.now() + lookMs;
    const timer = clock.setTimeout(() => {
      // Timers run before arrivals do: what is in the socket already must count.
      clock.setImmediate(() => this.#look(timer));
    }, lookMs);
    this.#timer = timer;
  }

  #look(timer: Timer): void {
    // It was stopped meanwhile, and may have begun anew.
    if (this.#timer !== timer) return;
    const { acknowledged, clock, isWaiting, matters, onStuck, onTaken } = this.#options;
    this.#timer = undefined;
    const hasTaken = !isWaiting() || acknowledged() !== this.#seen;
    if (hasTaken) onTaken();
    if (!isWaiting() || (hasTaken && !matters())) return;
    this.#seen = acknowledged();
    // This process may have been the one that slept, and the peer with it: such a look does not count.
    const isLate = clock.now() - this.#dueAt > lookMs;
    if (hasTaken) this.#silentLooks = 0;
    else if (!isLate) this.#silentLooks += 1;
    if (this.#silentLooks < looks) {
      this.#wait();
      return;
    }
    this.#stuckAt = this.#seen;
    onStuck();
  }
}
