/** Messages that were accepted and have no place in the order of sending yet. */

import { Fifo } from "../../fifo.ts";
import { limits } from "../../limits.ts";
import { entryCost, frameCost } from "../wire.ts";
import { Batch } from "./batch.ts";
import type { Dropped } from "./lanes.ts";
import type { AcceptedMessage } from "./message-frames.ts";
import { WaitingCall } from "./waiting-call.ts";

/** When a batch is full. */
export interface BatchLimits {
  readonly maxBytes: number;
  readonly maxMessages: number;
}

/** Events that wait together, or a message that waits by itself. */
export type Accepted = Batch | AcceptedMessage | WaitingCall;

export class AcceptedQueue {
  readonly #queue = new Fifo<Accepted>();
  /** The batch at the end, as long as it may grow. */
  #growing: Batch | undefined;
  /** Bytes of all others. */
  #settledBytes = 0;
  /** Those in it that may be dropped. */
  #droppable = 0;
  /** Those of which each is worth to be looked at. */
  readonly #large = new Set<AcceptedMessage>();
  /** Calls that were taken back and are in it still, never the first: they count for nothing. */
  #gone = 0;

  /** How many events and calls would go at once; 0 when there are none. */
  get nextWindowed(): number {
    const { first } = this.#queue;
    return first instanceof Batch ? first.events : first === undefined ? 0 : 1;
  }

  get isEmpty(): boolean {
    return this.#queue.size === 0;
  }

  get bytes(): number {
    return this.#settledBytes + (this.#growing === undefined ? 0 : sizeOf(this.#growing));
  }

  /** Of the largest message that is not small. */
  get largestBytes(): number {
    let largest = 0;
    for (const { bytes } of this.#large) largest = Math.max(largest, bytes);
    return largest;
  }

  /** Whether there are any that may be dropped. */
  get hasEvents(): boolean {
    return this.#droppable > 0;
  }

  push(accepted: Accepted): void {
    this.closeLast();
    this.#queue.push(accepted);
    if (isDroppable(accepted)) this.#droppable += 1;
    if (accepted instanceof Batch) {
      this.#growing = accepted;
    } else {
      accepted.queue = this;
      this.#settledBytes += sizeOf(accepted);
      if (isLarge(accepted)) this.#large.add(accepted);
    }
  }

  /** What is left of the first, which was taken out. */
  putBack(rest: Batch): void {
    this.#queue.unshift([rest]);
    this.#droppable += 1;
    this.#settledBytes += sizeOf(rest);
  }

  /** One that waits here has so many bytes less. */
  shrank(bytes: number): void {
    this.#settledBytes -= bytes;
  }

  shift(): Accepted | undefined {
    const first = this.#queue.shift();
    if (first === undefined) return undefined;
    this.#leaves(first);
    this.#dropGone();
    return first;
  }

  /** A call that waits here was taken back: nothing of it will leave. */
  withdraw(call: AcceptedMessage | WaitingCall): void {
    this.#leaves(call);
    this.#gone += 1;
    this.#dropGone();
  }

  /** The batch at the end, a new one when that is full or a single message. */
  openBatch({ maxBytes, maxMessages }: BatchLimits, newSerial: () => number, age: number): Batch {
    const last = this.#growing;
    if (last !== undefined && last.size < maxBytes && last.windowed < maxMessages) return last;
    const batch = new Batch(newSerial(), false, age);
    this.push(batch);
    return batch;
  }

  /** What comes is not to be in one batch with what is here. */
  closeLast(): void {
    if (this.#growing !== undefined) this.#settledBytes += sizeOf(this.#growing);
    this.#growing = undefined;
  }

  /**
   * Drops events, the oldest first, until so many bytes are free; calls stay.
   * @param onDrop hears of each before it is gone
   */
  dropEvents(bytes: number, onDrop: (each: Batch | AcceptedMessage) => void): Dropped {
    const dropped = { events: 0, bytes: 0 };
    if (bytes <= 0 || !this.hasEvents) return dropped;
    this.#queue.remove((each) => {
      if (dropped.bytes >= bytes || !isDroppable(each)) return false;
      onDrop(each);
      dropped.events += each instanceof Batch ? each.events : 1;
      dropped.bytes += sizeOf(each);
      this.#leaves(each);
      return true;
    });
    this.#dropGone();
    return dropped;
  }

  *[Symbol.iterator](): Generator<Accepted> {
    for (const each of this.#queue) if (!this.#isGone(each)) yield each;
  }

  clear(): void {
    // Whoever takes one of them back does not find it here.
    for (const each of this.#queue) if (!(each instanceof Batch)) each.queue = undefined;
    this.#queue.clear();
    this.#large.clear();
    this.#growing = undefined;
    this.#settledBytes = 0;
    this.#droppable = 0;
    this.#gone = 0;
  }

  #isGone(accepted: Accepted): boolean {
    return !(accepted instanceof Batch) && accepted.queue !== this;
  }

  #leaves(accepted: Accepted): void {
    if (accepted === this.#growing) this.#growing = undefined;
    else this.#settledBytes -= sizeOf(accepted);
    if (isDroppable(accepted)) this.#droppable -= 1;
    if (accepted instanceof Batch) return;
    accepted.queue = undefined;
    if (!(accepted instanceof WaitingCall)) this.#large.delete(accepted);
  }

  /** The first is one that waits, and of all no more than a half are not. */
  #dropGone(): void {
    while (this.#gone > 0 && this.#isGone(this.#queue.first as Accepted)) {
      this.#queue.shift();
      this.#gone -= 1;
    }
    if (this.#gone * 2 <= this.#queue.size) return;
    this.#queue.remove((each) => this.#isGone(each));
    this.#gone = 0;
  }
}

function isLarge(accepted: AcceptedMessage | WaitingCall): accepted is AcceptedMessage {
  return !(accepted instanceof WaitingCall) && accepted.bytes > limits.writeChunkBytes;
}

function isDroppable(accepted: Accepted): accepted is Batch | AcceptedMessage {
  return accepted instanceof Batch || accepted.kind === "event";
}

/** With what it takes beside its bytes: a million tiny ones take memory, too. */
function sizeOf(accepted: Accepted): number {
  if (accepted instanceof Batch) return accepted.size + entryCost * accepted.windowed + frameCost;
  return accepted instanceof WaitingCall ? accepted.size : accepted.bytes + accepted.besideBytes;
}
