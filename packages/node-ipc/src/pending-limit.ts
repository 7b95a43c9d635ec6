/**
 * Decides when a peer that does not read is cut. Judged once the loop has turned: what one turn
 * emits always passes, however much, and may take as long as it needs as long as it shrinks. Only
 * who adds to a backlog over the limit, turn after turn, while the peer takes less than that, is
 * stopped.
 */
export class PendingLimit {
  readonly max: number;
  /** What the backlog may not exceed at the beginning of a turn. */
  #ceiling: number;
  #judged = false;
  #turnPasses = false;

  constructor(max: number) {
    this.max = max;
    this.#ceiling = max;
  }

  /** Asked before a write while more than `max` is pending: false when it is one too many. */
  admits(pending: number): boolean {
    if (this.#turnPasses) return true;
    if (pending > this.#ceiling) return false;
    this.#ceiling = pending;
    this.#judged = true;
    return true;
  }

  /** Told after a write that left more than `max` pending. */
  wrote(pending: number): void {
    // The turn that crosses the limit sets how high the backlog may stand.
    if (!this.#judged) this.#ceiling = pending;
    if (this.#turnPasses) return;
    this.#turnPasses = true;
    setImmediate(() => {
      this.#turnPasses = false;
      this.#judged = false;
    }).unref();
  }
}
