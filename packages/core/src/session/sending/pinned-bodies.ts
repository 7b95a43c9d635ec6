/**
 * Large bodies of which a connection has parts that the system has not taken yet. A part is a view: as
 * long as one waits, all of its body is in memory, though the rest has left long ago.
 */
import { Fifo } from "../../fifo.ts";
import { isShared, type SharedBodies } from "../held-bodies.ts";

/** What a connection was given of one of them. */
interface Part {
  readonly body: Uint8Array;
  readonly bytes: number;
  /** Bytes that the connection had been given with it. */
  readonly end: number;
}

export class PinnedBodies {
  readonly #bodies: SharedBodies;
  readonly #parts = new Fifo<Part>();
  /** How many parts wait of each. */
  readonly #pinned = new Map<Uint8Array, number>();
  /** Bytes of all of them. */
  bytes = 0;

  constructor(bodies: SharedBodies) {
    this.#bodies = bodies;
  }

  /** A part was given to the connection. */
  add(part: Part): void {
    const { body } = part;
    if (!isShared(body)) return;
    const parts = this.#pinned.get(body) ?? 0;
    this.#pinned.set(body, parts + 1);
    this.#parts.push(part);
    if (parts > 0) return;
    this.bytes += body.length;
    this.#bodies.borrow(body);
  }

  get isEmpty(): boolean {
    return this.#pinned.size === 0;
  }

  get largestBytes(): number {
    let largest = 0;
    for (const { length } of this.#pinned.keys()) largest = Math.max(largest, length);
    return largest;
  }

  /** Bytes of parts behind the first so many that the connection was given. */
  bytesBehind(gone: number): number {
    let bytes = 0;
    for (const part of this.#parts) bytes += Math.max(0, Math.min(part.bytes, part.end - gone));
    return bytes;
  }

  /** The system has taken the first so many bytes. */
  left(gone: number): void {
    for (;;) {
      const { first } = this.#parts;
      if (first === undefined || first.end > gone) return;
      this.#parts.shift();
      this.#unpin(first.body);
    }
  }

  /** The connection is gone. */
  clear(): void {
    for (const { body } of this.#parts.takeAll()) this.#unpin(body);
  }

  #unpin(body: Uint8Array): void {
    const parts = this.#pinned.get(body) as number;
    if (parts > 1) {
      this.#pinned.set(body, parts - 1);
      return;
    }
    this.#pinned.delete(body);
    this.bytes -= body.length;
    this.#bodies.giveBack(body);
  }
}
