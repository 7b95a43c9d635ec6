/**
 * Large bodies of which a connection has parts that the system has not taken yet. A part is a view: as
 * long as one waits, all of its body is in memory, though the rest has left long ago.
 */
import { isShared, type SharedBodies } from "../memory-budget.ts";

export class PinnedBodies {
  readonly #bodies: SharedBodies;
  readonly #pinned = new Set<Uint8Array>();
  /** Bytes of all of them. */
  bytes = 0;

  constructor(bodies: SharedBodies) {
    this.#bodies = bodies;
  }

  /** A part of it was given to the connection. */
  add(body: Uint8Array): void {
    if (!isShared(body) || this.#pinned.has(body)) return;
    this.#pinned.add(body);
    this.bytes += body.length;
    this.#bodies.borrow(body);
  }

  get largestBytes(): number {
    let largest = 0;
    for (const { length } of this.#pinned) largest = Math.max(largest, length);
    return largest;
  }

  /** The system has taken everything, or the connection is gone. */
  clear(): void {
    if (this.#pinned.size === 0) return;
    for (const body of this.#pinned) this.#bodies.giveBack(body);
    this.#pinned.clear();
    this.bytes = 0;
  }
}
