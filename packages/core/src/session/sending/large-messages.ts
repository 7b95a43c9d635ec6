/**
 * Large messages on their way: each in fragments that take turns with everything else, a few at once,
 * the others waiting for a slot. The last part of an event or a call waits for the peer's window.
 */
import { AcceptedQueue } from "./accepted-queue.ts";
import type { Waiting } from "./all-unsent.ts";
import type { BorrowedBodies } from "./borrowed-bodies.ts";
import type { FairTurns } from "./fair-turns.ts";
import { freeSlot, LargeLane, type LargeLaneOwner, type OrderedLane } from "./lanes.ts";
import { type AcceptedMessage, costOf } from "./message-frames.ts";
import type { Outgoing } from "./outgoing.ts";
import type { SendWindow } from "./send-window.ts";
import { UnderWay, type WayClock } from "./under-way.ts";

/** What the order of sending is given for them. */
export interface LargeMessagesSettings {
  /** Bytes of a large message in each of its frames. */
  readonly fragmentBytes: number;
  /** Large messages that the peer puts together at once. */
  readonly maxOpenMessages: number;
  readonly turns: FairTurns;
  readonly transmit: (outgoing: Outgoing) => void;
  readonly way: WayClock;
}

export interface LargeMessagesOptions extends LargeMessagesSettings {
  readonly window: SendWindow;
  /** What was accepted before one of them leaves before it. */
  readonly ordered: OrderedLane;
  readonly bodies: BorrowedBodies;
  /** What is being collected takes its place in the order. */
  readonly closeBatch: () => void;
  /** One that is not large any more, and whose turn it is. */
  readonly onShrunk: (message: AcceptedMessage) => void;
  /** All of it has left. */
  readonly onLeft: (message: AcceptedMessage) => void;
  /** The same of an event or a call, when what stands behind it may go on. */
  readonly onPassed: (message: AcceptedMessage) => void;
}

export class LargeMessages implements LargeLaneOwner {
  readonly #options: LargeMessagesOptions;
  readonly #lanes = new Set<LargeLane>();
  /** Those for which there is no slot. */
  readonly #waiting = new AcceptedQueue();
  readonly #underWay: UnderWay;
  /** Those that wait until less is under way. */
  readonly #paused = new Set<LargeLane>();
  /** Those of which the last part waits for the window. */
  readonly #held: LargeLane[] = [];
  /** What took of the window before the first of them has left. */
  #isClear = false;
  /** Bytes of the lanes that have not left. */
  #bytes = 0;

  constructor(options: LargeMessagesOptions) {
    this.#options = options;
    this.#underWay = new UnderWay(options.way);
  }

  /** Bytes that have not left. */
  get bytes(): number {
    return this.#bytes + this.#waiting.bytes;
  }

  /** Bytes that have not left of the largest. */
  get largestBytes(): number {
    let largest = this.#waiting.largestBytes;
    for (const lane of this.#lanes) largest = Math.max(largest, lane.bytes);
    return largest;
  }

  /** Bytes of the largest, whole. */
  get largestHeldBytes(): number {
    let largest = this.#waiting.largestBytes;
    for (const { message } of this.#lanes) largest = Math.max(largest, message.body.length);
    return largest;
  }

  /** Whether one is nearly done and waits for the window: what takes of it stands behind that one. */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** Begins with it, or has it wait for a slot. */
  add(message: AcceptedMessage): void {
    if (this.#lanes.size < this.#options.maxOpenMessages) this.#start(message);
    else this.#waiting.push(message);
  }

  /** The window may be open again. */
  letFinish(): void {
    const { turns, window } = this.#options;
    const [lane] = this.#held;
    if (lane === undefined || !this.#isClear || !window.isOpen(0, 0)) return;
    lane.goOn();
    turns.add(lane);
  }

  /** The peer has so many of all frames. */
  arrived(frames: number): void {
    this.#underWay.arrived(frames);
    if (this.#paused.size === 0 || this.#underWay.isFull) return;
    for (const lane of this.#paused) {
      lane.resume();
      this.#options.turns.add(lane);
    }
    this.#paused.clear();
  }

  /** There is another connection. */
  forgetWay(): void {
    this.#underWay.forgetWay();
  }

  /** Of one that has begun, and of which nothing has left, nothing is large any more. @returns whether it had */
  abandon(message: AcceptedMessage, bytes: number): boolean {
    const lane = [...this.#lanes].find((each) => each.message === message);
    if (lane === undefined) return false;
    lane.abandon();
    this.#lanes.delete(lane);
    this.#bytes -= bytes;
    this.#startNext();
    return true;
  }

  /** Those that have begun, and those that wait for a slot. */
  all(): Waiting[] {
    return [...[...this.#lanes].map(({ message }) => message), ...this.#waiting];
  }

  clear(): void {
    this.#waiting.clear();
    this.#lanes.clear();
    this.#paused.clear();
    this.#underWay.clear();
    this.#held.length = 0;
    this.#bytes = 0;
  }

  /** From a lane, whose turn it is. */
  sendPart(lane: LargeLane, outgoing: Outgoing, bytes: number): void {
    const { bodies, transmit } = this.#options;
    this.#bytes -= bytes;
    if (lane.message.isBorrowed) bodies.left(bytes);
    transmit(outgoing);
    this.#underWay.add(outgoing);
    if (lane.bytes === 0 || !this.#underWay.isFull) return;
    lane.pause();
    this.#paused.add(lane);
  }

  /**
   * The last part of an event or a call takes of the window, for with it the peer reckons the message.
   * Until then calls and events go past it, however large it is. What took of the window before it
   * leaves before it, or the peer would find the window overdrawn.
   */
  onLast(lane: LargeLane): void {
    const { closeBatch, ordered } = this.#options;
    this.#held.push(lane);
    if (this.#held.length > 1) return;
    closeBatch();
    this.#isClear = false;
    ordered.whenSent(() => {
      this.#isClear = true;
      this.letFinish();
    });
  }

  /** From a lane: it is empty. */
  finished(lane: LargeLane): void {
    const { bodies, onLeft, onPassed, window } = this.#options;
    const { message } = lane;
    this.#lanes.delete(lane);
    onLeft(message);
    bodies.release(message);
    this.#startNext();
    if (message.kind === "other") return;
    window.take(1, costOf(message, true));
    this.#held.shift();
    this.letFinish();
    onPassed(message);
  }

  /** There is a slot again. */
  #startNext(): void {
    const { fragmentBytes, onShrunk } = this.#options;
    for (;;) {
      const next = this.#waiting.shift() as AcceptedMessage | undefined;
      if (next === undefined) return;
      if (next.bytes > fragmentBytes) return this.#start(next);
      onShrunk(next);
    }
  }

  #start(message: AcceptedMessage): void {
    const { fragmentBytes, ordered, turns } = this.#options;
    const lane = new LargeLane(message, freeSlot(this.#lanes), fragmentBytes, this);
    this.#lanes.add(lane);
    this.#bytes += lane.bytes;
    // Turns would let it overtake what was accepted before it.
    ordered.whenSent(() => turns.add(lane));
  }
}
