/** Messages that were accepted and have no place in the order of sending yet. */

import { Fifo } from "../../fifo.ts";
import { entryCost } from "../wire.ts";
import { Batch } from "./batch.ts";
import type { Dropped } from "./lanes.ts";
import type { AcceptedMessage } from "./message-frames.ts";

/** When a batch is full. */
export interface BatchLimits {
  readonly maxBytes: number;
  readonly maxMessages: number;
}

export class AcceptedQueue {
  readonly #queue = new Fifo<Batch | AcceptedMessage>();
  /** Bytes of all but the last, which may be a batch that grows. */
  #settledBytes = 0;
  /** The batch at the end takes no more. */
  #isLastClosed = false;

  /** How many events and calls would go at once; 0 when there are none. */
  get nextWindowed(): number {
    const { first } = this.#queue;
    return first instanceof Batch ? first.windowed : first === undefined ? 0 : 1;
  }

  get isEmpty(): boolean {
    return this.#queue.size === 0;
  }

  get bytes(): number {
    const { last } = this.#queue;
    return last === undefined ? 0 : this.#settledBytes + sizeOf(last);
  }

  push(accepted: Batch | AcceptedMessage): void {
    const { last } = this.#queue;
    if (last !== undefined) this.#settledBytes += sizeOf(last);
    this.#queue.push(accepted);
    this.#isLastClosed = false;
    if (!(accepted instanceof Batch)) accepted.queue = this;
  }

  /** One that waits here has so many bytes less. */
  shrank(message: AcceptedMessage, bytes: number): void {
    if (message !== this.#queue.last) this.#settledBytes -= bytes;
  }

  shift(): Batch | AcceptedMessage | undefined {
    const first = this.#queue.shift();
    if (first !== undefined && this.#queue.size > 0) this.#settledBytes -= sizeOf(first);
    if (first !== undefined && !(first instanceof Batch)) first.queue = undefined;
    return first;
  }

  /** The batch at the end, a new one when that is full or a single message. */
  openBatch({ maxBytes, maxMessages }: BatchLimits, newSerial: () => number): Batch {
    const { last } = this.#queue;
    const isOpen = last instanceof Batch && !this.#isLastClosed;
    if (isOpen && last.size < maxBytes && last.windowed < maxMessages) return last;
    const batch = new Batch(newSerial());
    this.push(batch);
    return batch;
  }

  /** What comes is not to be in one batch with what is here. */
  closeLast(): void {
    this.#isLastClosed = true;
  }

  /**
   * Drops events, the oldest first, until so many bytes are free; calls stay.
   * @param onDrop hears of each before it is gone
   */
  dropEvents(bytes: number, onDrop: (each: Batch | AcceptedMessage) => void): Dropped {
    const dropped = { events: 0, bytes: 0 };
    if (bytes <= 0) return dropped;
    const before = this.bytes;
    this.#queue.remove((each) => {
      if (dropped.bytes >= bytes) return false;
      const hasCalls = each instanceof Batch ? each.calls > 0 : each.kind !== "event";
      if (hasCalls) return false;
      onDrop(each);
      dropped.events += each instanceof Batch ? each.events : 1;
      dropped.bytes += sizeOf(each);
      return true;
    });
    const { last } = this.#queue;
    this.#settledBytes = last === undefined ? 0 : before - dropped.bytes - sizeOf(last);
    return dropped;
  }

  [Symbol.iterator](): IterableIterator<Batch | AcceptedMessage> {
    return this.#queue[Symbol.iterator]();
  }

  clear(): void {
    this.#queue.clear();
    this.#settledBytes = 0;
  }
}

/** With what each message costs beside its bytes: a million tiny ones take memory, too. */
function sizeOf(accepted: Batch | AcceptedMessage): number {
  return accepted instanceof Batch
    ? accepted.size + entryCost * accepted.windowed
    : accepted.bytes + entryCost;
}
