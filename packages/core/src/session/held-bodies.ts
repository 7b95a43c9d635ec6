/**
 * Large bodies, which are not copied: a hundred peers that are sent the same one hold it together, in
 * as many parts as they like, and it counts once.
 */
import { copiedBytes } from "./messages/data-codecs.ts";

export interface SharedBodies {
  /** A body, or a part of one that is there already, is held once more. */
  borrow(body: Uint8Array): void;
  giveBack(body: Uint8Array): void;
}

/** Whether the memory of a body, or of a part of one, is worth to be counted for itself. */
export function isShared({ buffer }: Uint8Array): boolean {
  return buffer.byteLength > copiedBytes;
}

/** Those of all holders. */
export class HeldBodies {
  readonly #held = new Map<ArrayBufferLike, { bytes: number; holders: number }>();
  /** Bytes of all of them. */
  bytes = 0;

  /** One more holds it. @returns so many bytes more are held */
  add(body: Uint8Array): number {
    const known = this.#held.get(body.buffer);
    if (known === undefined) this.#held.set(body.buffer, { bytes: 0, holders: 1 });
    else known.holders += 1;
    return this.grow(body);
  }

  /** Of memory that is held already a part may be larger than those before. @returns as `add` */
  grow({ buffer, length }: Uint8Array): number {
    const known = this.#held.get(buffer);
    const more = known === undefined ? 0 : length - known.bytes;
    if (known === undefined || more <= 0) return 0;
    known.bytes = length;
    this.bytes += more;
    return more;
  }

  /** @returns so many bytes less are held */
  remove(buffer: ArrayBufferLike): number {
    const known = this.#held.get(buffer);
    if (known === undefined) return 0;
    known.holders -= 1;
    if (known.holders > 0) return 0;
    this.#held.delete(buffer);
    this.bytes -= known.bytes;
    return known.bytes;
  }

  has({ buffer }: Uint8Array): boolean {
    return this.#held.has(buffer);
  }

  /** What one of its holders has of it. */
  partOf(buffer: ArrayBufferLike): number {
    const known = this.#held.get(buffer);
    return known === undefined ? 0 : known.bytes / known.holders;
  }
}

/** Those of one holder, each as often as it was borrowed. */
export class OwnBodies implements SharedBodies {
  readonly #uses = new Map<ArrayBufferLike, number>();
  readonly #onBorrowed: (body: Uint8Array, isFirst: boolean) => void;
  readonly #onLast: (buffer: ArrayBufferLike) => void;

  constructor(
    onBorrowed: (body: Uint8Array, isFirst: boolean) => void,
    onLast: (buffer: ArrayBufferLike) => void,
  ) {
    this.#onBorrowed = onBorrowed;
    this.#onLast = onLast;
  }

  borrow(body: Uint8Array): void {
    const uses = this.#uses.get(body.buffer) ?? 0;
    this.#uses.set(body.buffer, uses + 1);
    this.#onBorrowed(body, uses === 0);
  }

  giveBack({ buffer }: Uint8Array): void {
    const uses = this.#uses.get(buffer) ?? 0;
    if (uses > 1) this.#uses.set(buffer, uses - 1);
    else if (this.#uses.delete(buffer)) this.#onLast(buffer);
  }

  [Symbol.iterator](): IterableIterator<ArrayBufferLike> {
    return this.#uses.keys();
  }
}
