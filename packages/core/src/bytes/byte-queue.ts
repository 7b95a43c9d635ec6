/**
 * Holds the bytes of a message that has not arrived whole. One block that grows by doubling: cost
 * stays linear in the bytes however small the pieces are, and a peer that sends single bytes cannot
 * make us hold an object for each.
 */

const smallestBlockBytes = 1024;
/** An empty queue keeps its block up to this size, so that a busy connection need not allocate. */
const keptBlockBytes = 16 * 1024;

export class ByteQueue {
  #block: Buffer | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Copies `chunk` behind what is there. */
  push(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length;
    this.#reserve(needed).set(chunk, this.#length);
    this.#length = needed;
  }

  /** Everything, as a view that is valid until the next call; the queue is empty afterwards. */
  takeAll(): Buffer {
    const block = this.#block;
    if (block === undefined) return Buffer.alloc(0);
    const taken = block.subarray(0, this.#length);
    this.clear();
    return taken;
  }

  /** A view of the last `count` bytes, or of all when there are fewer; valid until the next call. */
  tail(count: number): Buffer {
    const { length } = this;
    return this.#block?.subarray(Math.max(0, length - count), length) ?? Buffer.alloc(0);
  }

  /** Everything, as a view that is valid until the next call; it stays in the queue. */
  peek(): Buffer {
    return this.tail(this.#length);
  }

  /** Drops the first `count` bytes and keeps the block for what comes next. */
  discard(count: number): void {
    this.#block?.copyWithin(0, count, this.#length);
    this.#length -= count;
  }

  clear(): void {
    this.#length = 0;
    if (this.#block !== undefined && this.#block.length > keptBlockBytes) this.#block = undefined;
  }

  #reserve(bytes: number): Buffer {
    const block = this.#block;
    if (block !== undefined && block.length >= bytes) return block;
    const size = Math.max(smallestBlockBytes, bytes, (block?.length ?? 0) * 2);
    // Not from Node's shared pool: a view of it would pin the pool for as long as the message lasts.
    const larger = Buffer.allocUnsafeSlow(size);
    block?.copy(larger, 0, 0, this.#length);
    this.#block = larger;
    return larger;
  }
}
