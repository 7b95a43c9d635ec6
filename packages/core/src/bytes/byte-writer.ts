/**
 * Turns the messages of one tick into few writes. The first message of an idle connection leaves at
 * once; what follows in the same tick is collected and leaves together: at the end of the tick, or
 * as soon as a chunk is full. While received bytes are being dispatched, the tick is that dispatch.
 *
 * Chunks begin small and grow fast within a tick. One large write would have the two processes take
 * turns, one idle while the other works; with a small first one the peer is at work at once, and a
 * flood still goes out in large pieces. A peer that is behind has work: for it, all waits until its
 * chunk is full or the tick is over.
 */
import { limits } from "../limits.ts";
import { type Collector, type Tick, tickOf } from "./tick.ts";

/** Where a writer writes to; a `Connection` is one. */
export interface WriteTarget {
  send(data: Uint8Array | string): boolean;
  readonly writable: boolean;
}

/** UTF-16 units of the first collected chunk of a tick. */
const firstChunkLength = 1024;
/** Each chunk of a tick is so many times as long as the one before. */
const chunkGrowth = 4;

export class ByteWriter implements Collector {
  readonly #target: WriteTarget;
  readonly #tick: Tick;
  #text = "";
  #chunkLength = firstChunkLength;
  #waits = false;
  #closed = false;

  /** @param tick whose end the writer waits for */
  constructor(target: WriteTarget, tick: Tick = tickOf()) {
    this.#target = target;
    this.#tick = tick;
    tick.join();
  }

  /** UTF-16 units that are collected and not yet handed to the target. */
  get collected(): number {
    return this.#text.length;
  }

  /**
   * Accepts text, to be sent as UTF-8.
   * @returns false when the target is over its high-water mark (its `onDrain` follows).
   */
  write(text: string): boolean {
    if (this.#closed) return false;
    const isFirst = !this.#waits;
    if (isFirst && !this.#tick.isExiting) this.#wait();
    const isBehind = !this.#target.writable;
    if (isFirst && isBehind) this.#chunkLength = limits.writeChunkBytes;
    // A chunk of its own is not joined with others, which would cost a copy of it.
    if ((isFirst && !isBehind) || this.#tick.isExiting || text.length >= limits.writeChunkBytes) {
      this.#send();
      return this.#target.send(text);
    }
    this.#text += text;
    if (this.#text.length >= this.#chunkLength) this.#sendChunk();
    return this.#target.writable;
  }

  /** Accepts bytes; they go straight to the target, behind what was collected before. */
  writeBytes(bytes: Uint8Array): boolean {
    if (this.#closed) return false;
    this.#send();
    return this.#target.send(bytes);
  }

  /** Hands everything collected to the target, now. */
  flush(): void {
    this.#send();
  }

  /** The tick in which this writer collected is over. */
  endTick(): void {
    this.#waits = false;
    this.#chunkLength = firstChunkLength;
    this.#send();
  }

  /** Ends the writer. What is collected is dropped: `flush` first to keep it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#text = "";
    this.#tick.leave();
  }

  #wait(): void {
    this.#waits = true;
    this.#tick.await(this);
  }

  #sendChunk(): void {
    this.#chunkLength = Math.min(this.#chunkLength * chunkGrowth, limits.writeChunkBytes);
    this.#send();
  }

  #send(): void {
    if (this.#text === "" || this.#closed) return;
    const text = this.#text;
    this.#text = "";
    // Text that is to wait does so as bytes: joined strings are thousands of small objects, which the
    // garbage collector would copy time and again.
    this.#target.send(this.#target.writable ? text : Buffer.from(text));
  }
}
