/**
 * Which numbers the other side has used for its calls. It counts up and leaves none out, but a call
 * in pieces may arrive behind later ones: the few that are missing are remembered.
 */
import { MyelinError } from "../../errors.ts";
import { limits } from "../../limits.ts";

export class SeenIds {
  /** What may be missing at once: more calls than that do not wait for their answers. */
  readonly #maxMissing: number;
  readonly #missing = new Set<number>();
  /** The number that follows on the highest that was used. */
  #next: number;

  constructor(first: 1 | 2, maxMissing: number = limits.maxPendingCalls) {
    this.#next = first;
    this.#maxMissing = maxMissing;
  }

  /** A call was opened with this number. */
  has(id: number): boolean {
    return id < this.#next && !this.#missing.has(id);
  }

  /**
   * A call is opened with this number.
   * @throws {MyelinError} `ERR_PROTOCOL` when one was before, or too many are left out
   */
  add(id: number): void {
    if (id < this.#next) {
      if (this.#missing.delete(id)) return;
      throw new MyelinError("ERR_PROTOCOL", `${id} was the id of a call before`);
    }
    if ((id - this.#next) / 2 + this.#missing.size > this.#maxMissing) {
      throw new MyelinError("ERR_PROTOCOL", `the call ${id} leaves out too many before it`);
    }
    for (; this.#next < id; this.#next += 2) this.#missing.add(this.#next);
    this.#next = id + 2;
  }
}
