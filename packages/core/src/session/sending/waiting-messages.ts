/**
 * Events and calls for which the peer's window has no room, and events that wait for a large one before
 * them, whatever the window has room for.
 */
import { type Accepted, AcceptedQueue, type BatchLimits } from "./accepted-queue.ts";
import type { Batch } from "./batch.ts";
import type { Dropped } from "./lanes.ts";
import type { AcceptedMessage } from "./message-frames.ts";
import type { WaitingCall } from "./waiting-call.ts";

export class WaitingMessages {
  readonly #isLarge: (bytes: number) => boolean;
  readonly #forWindow = new AcceptedQueue();
  readonly #behindLarge = new AcceptedQueue();
  #holdsEvents = false;
  /** How often what came was to be kept apart from what was here. */
  #age = 0;

  constructor(isLarge: (bytes: number) => boolean) {
    this.#isLarge = isLarge;
  }

  /** Whether a large event has not left whole, so that later ones wait for it. */
  get holdsEvents(): boolean {
    return this.#holdsEvents;
  }

  get bytes(): number {
    return this.#forWindow.bytes + this.#behindLarge.bytes;
  }

  /** Of the largest message that is not small. */
  get largestBytes(): number {
    return Math.max(this.#forWindow.largestBytes, this.#behindLarge.largestBytes);
  }

  /** Whether nothing waits for the window. */
  get isClear(): boolean {
    return this.#forWindow.isEmpty;
  }

  /** How many would go at once if the window had room; 0 when none would. */
  get nextWindowed(): number {
    return this.#forWindow.nextWindowed;
  }

  /** Whether any of them may be dropped. */
  get hasEvents(): boolean {
    return this.#forWindow.hasEvents || this.#behindLarge.hasEvents;
  }

  /** What goes next. */
  shift(): Accepted | undefined {
    return this.#forWindow.shift();
  }

  /** What is left of what went last. */
  putBack(rest: Batch): void {
    this.#forWindow.putBack(rest);
  }

  /** A call was taken back. @returns whether it waited here: nothing of it will leave then */
  withdraw(call: AcceptedMessage | WaitingCall): boolean {
    if (call.queue !== this.#forWindow) return false;
    this.#forWindow.withdraw(call);
    return true;
  }

  /** The batch of the events that wait for the window. */
  openBatch(limits: BatchLimits, newSerial: () => number): Batch {
    return this.#forWindow.openBatch(limits, newSerial, this.#age);
  }

  /** The batch of the events that wait for a large one. */
  openBatchBehind(limits: BatchLimits, newSerial: () => number): Batch {
    return this.#behindLarge.openBatch(limits, newSerial, this.#age);
  }

  /** What comes is not to be in one batch with what is here. */
  closeLast(): void {
    this.#age += 1;
    this.#forWindow.closeLast();
    this.#behindLarge.closeLast();
  }

  push(message: AcceptedMessage | WaitingCall): void {
    if (message.kind === "event" && this.#holdsEvents) return this.#behindLarge.push(message);
    this.#holdsEvents ||= this.#isLargeEvent(message);
    this.#forWindow.push(message);
  }

  /** A large event is on its way: later ones wait here. */
  holdEvents(): void {
    this.#holdsEvents = true;
  }

  /** It has left, or never will: those behind it, up to the next large one, wait for the window only. */
  releaseEvents(): void {
    this.#holdsEvents = false;
    while (!this.#holdsEvents) {
      const next = this.#behindLarge.shift();
      if (next === undefined) return;
      this.#holdsEvents = this.#isLargeEvent(next);
      this.#forWindow.push(next);
    }
  }

  /**
   * Drops events, the oldest first, until so many bytes are free; calls stay.
   * @param onDrop hears of each before it is gone
   */
  dropEvents(bytes: number, onDrop: (each: Batch | AcceptedMessage) => void): Dropped {
    let isHolderGone = false;
    const first = this.#forWindow.dropEvents(bytes, (each) => {
      isHolderGone ||= this.#isLargeEvent(each);
      onDrop(each);
    });
    const second = this.#behindLarge.dropEvents(bytes - first.bytes, onDrop);
    if (isHolderGone) this.releaseEvents();
    return { events: first.events + second.events, bytes: first.bytes + second.bytes };
  }

  clear(): void {
    this.#forWindow.clear();
    this.#behindLarge.clear();
  }

  *[Symbol.iterator](): Generator<Accepted> {
    yield* this.#forWindow;
    yield* this.#behindLarge;
  }

  #isLargeEvent(accepted: Accepted): boolean {
    return "kind" in accepted && accepted.kind === "event" && this.#isLarge(accepted.bytes);
  }
}
