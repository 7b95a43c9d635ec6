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
  readonly #held = new Map<ArrayBufferLike, { readonly bytes: number; holders: number }>();
  /** Bytes of all of them. */
  bytes = 0;

  /** One more holds it. @returns so many bytes more are held */
  add({ buffer, length }: Uint8Array): number {
    const known = this.#held.get(buffer);
    if (known !== undefined) {
      known.holders += 1;
      return 0;
    }
    this.#held.set(buffer, { bytes: length, holders: 1 });
    this.bytes += length;
    return length;
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

  /** What one of its holders has of it. */
  partOf(buffer: ArrayBufferLike): number {
    const known = this.#held.get(buffer);
    return known === undefined ? 0 : known.bytes / known.holders;
  }
}

/** Those of one holder, each as often as it was borrowed. */
export class OwnBodies implements SharedBodies {
  readonly #uses = new Map<ArrayBufferLike, number>();
  readonly #onFirst: (body: Uint8Array) => void;
  readonly #onLast: (buffer: ArrayBufferLike) => void;

  constructor(onFirst: (body: Uint8Array) => void, onLast: (buffer: ArrayBufferLike) => void) {
    this.#onFirst = onFirst;
    this.#onLast = onLast;
  }

  borrow(body: Uint8Array): void {
    const uses = this.#uses.get(body.buffer) ?? 0;
    this.#uses.set(body.buffer, uses + 1);
    if (uses === 0) this.#onFirst(body);
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
