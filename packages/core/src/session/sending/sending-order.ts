/**
 * The order in which messages are sent, and what waits for what.
 *
 * - Small events, calls and results share the batches of the ordered lane. Large messages have lanes
 *   of their own, and lanes take turns.
 * - Events and calls for which the peer's window has no room wait, in order; of large ones the last
 *   part does. Results never do, or two peers that wait for each other's would wait for ever.
 * - A large message waits for what was accepted before it. Events behind a large event wait for it;
 *   nothing else does.
 */
import { frameHeaderBytes } from "../../framing/length-prefix.ts";
import { isShared, type SharedBodies } from "../memory-budget.ts";
import type { NameSource } from "../messages/entry-reader.ts";
import type { UnsentMessage } from "../messages/unsent-message.ts";
import { entryCost } from "../wire.ts";
import { AcceptedQueue, type BatchLimits } from "./accepted-queue.ts";
import { countUnsent, type Numbered, takeUnsent, type Waiting } from "./all-unsent.ts";
import { Batch } from "./batch.ts";
import { Departures, type Mark } from "./departures.ts";
import type { FairTurns } from "./fair-turns.ts";
import { type Dropped, freeSlot, LargeLane, type LargeLaneOwner, OrderedLane } from "./lanes.ts";
import {
  type AcceptedMessage,
  costOf,
  emptyBody,
  type Message,
  messageFrame,
  ownMessage,
} from "./message-frames.ts";
import type { Outgoing } from "./outgoing.ts";
import { SendWindow, type WindowSize } from "./send-window.ts";
import { WaitingMessages } from "./waiting-messages.ts";

export interface SendingOrderOptions {
  /** What the peer granted. */
  readonly window: WindowSize;
  /** A batch takes no more when it has so many bytes. */
  readonly maxBatchBytes: number;
  /** Bytes of a large message in each of its frames. */
  readonly fragmentBytes: number;
  /** Large messages that the peer puts together at once. */
  readonly maxOpenMessages: number;
  readonly turns: FairTurns;
  readonly transmit: (outgoing: Outgoing) => void;
  /** Told of the large bodies that wait here, which others may be sending too. */
  readonly bodies: SharedBodies;
  /** Milliseconds: what calls have waited is taken from their time limits. */
  readonly now: () => number;
}

export class SendingOrder implements LargeLaneOwner {
  readonly #options: SendingOrderOptions;
  readonly #window: SendWindow;
  readonly #batchLimits: BatchLimits;
  readonly #ordered: OrderedLane;
  readonly #large = new Set<LargeLane>();
  /** Large messages for which there is no slot. */
  readonly #largeWaiting = new AcceptedQueue();
  readonly #waiting: WaitingMessages;
  /** Those of which the last part waits for the window. */
  readonly #held: LargeLane[] = [];
  /** What took of the window before the first of them has left. */
  #isClear = false;
  /** Bytes of the lanes of large messages that have not left. */
  #largeBytes = 0;
  /** Bytes of bodies that were not copied and have not left; part of {@link bytes}. */
  #borrowedBytes = 0;
  #open: Batch | undefined;
  readonly #departures = new Departures();

  constructor(options: SendingOrderOptions) {
    this.#options = options;
    this.#window = new SendWindow(options.window);
    this.#batchLimits = { maxBytes: options.maxBatchBytes, maxMessages: this.#window.maxAtOnce };
    this.#ordered = new OrderedLane((outgoing) => {
      options.transmit(outgoing);
      this.#departures.leave(outgoing.serial);
    });
    this.#waiting = new WaitingMessages(this.#isLarge);
  }

  /** Bytes that have not left. Asked for with every event: all of them are running totals. */
  get bytes(): number {
    return (
      this.openBytes +
      this.#ordered.bytes +
      this.#waiting.bytes +
      this.#largeWaiting.bytes +
      this.#largeBytes
    );
  }

  /** Those of them that are in bodies which were not copied: `bodies` was told of these. */
  get borrowedBytes(): number {
    return this.#borrowedBytes;
  }

  /** Bytes that have not left of the largest message that is on its way in pieces. */
  get largestBytes(): number {
    let largest = 0;
    for (const lane of this.#large) largest = Math.max(largest, lane.bytes);
    return largest;
  }

  /** The same of all large ones, those that wait included. Looks at each of them. */
  get largestWaitingBytes(): number {
    let largest = this.largestBytes;
    for (const queue of [this.#waiting, this.#largeWaiting]) {
      for (const each of queue) {
        if (!(each instanceof Batch)) largest = Math.max(largest, each.bytes);
      }
    }
    return largest;
  }

  /** Bytes of the batch that is being collected. */
  get openBytes(): number {
    return this.#open?.size ?? 0;
  }

  /** The number of what was accepted last. */
  get serial(): number {
    return this.#departures.serial;
  }

  /** Counts from now on what has not left of what was accepted. */
  mark(): Mark {
    return this.#departures.mark();
  }

  /** The batch that the next event joins. */
  batchForEvent(): Batch {
    if (this.#waiting.holdsEvents)
      return this.#waiting.openBatchBehind(this.#batchLimits, this.#departures.accept);
    return this.batchForCall();
  }

  /** The batch that the next opening of a call joins: the open one, or one that waits. */
  batchForCall(): Batch {
    if (this.#hasRoom()) return this.openBatch();
    return this.#waiting.openBatch(this.#batchLimits, this.#departures.accept);
  }

  /** The batch that the next answer joins: it waits for nothing. */
  openBatch(): Batch {
    this.#open ??= new Batch(this.#departures.accept());
    return this.#open;
  }

  /** A message with data of its own. */
  add(unnumbered: Message): void {
    const { body, kind } = unnumbered;
    const isBehind = kind === "event" && this.#waiting.holdsEvents;
    const mayStart = !isBehind && (kind === "other" || this.#hasRoom());
    // What is small and starts is copied into its frame at once.
    if (mayStart && !this.#isLarge(body.length)) {
      this.#frame({ ...unnumbered, serial: this.#departures.serial + 1 });
      this.#departures.accept();
      return;
    }
    const message = this.#accept(ownMessage(unnumbered));
    if (!mayStart) return this.#waiting.push(message);
    if (kind === "event") this.#waiting.holdEvents();
    this.#start(message);
  }

  /** The open batch takes its place in the ordered lane. */
  close(): void {
    const batch = this.#open;
    if (batch === undefined) return;
    this.#open = undefined;
    this.#enqueue(batch);
  }

  /** What is accepted from now on is in no batch with what was accepted before. */
  separate(): void {
    this.close();
    this.#waiting.closeLast();
  }

  /** The peer returned some of its window. @throws {MyelinError} `ERR_PROTOCOL` */
  settle(messages: number, bytes: number): void {
    this.#window.settle(messages, bytes);
    this.#letFinish();
    this.#release();
  }

  /** Drops events that have not left, the oldest first. Large ones stay that have begun. */
  dropEvents(bytes: number): Dropped {
    this.close();
    const dropped = { events: 0, bytes: 0 };
    const count = (more: Dropped): void => {
      dropped.events += more.events;
      dropped.bytes += more.bytes;
    };
    count(
      this.#ordered.dropEvents(bytes, ({ events, length, serial }) => {
        this.#departures.leave(serial);
        this.#window.giveBack(events, length - frameHeaderBytes + entryCost * events);
      }),
    );
    count(
      this.#waiting.dropEvents(bytes - dropped.bytes, (each) => {
        this.#departures.leave(each.serial);
        if (!(each instanceof Batch)) this.#giveBackBody(each);
      }),
    );
    // Nothing else might return the window that they had taken.
    this.#letFinish();
    this.#release();
    return dropped;
  }

  #giveBackBody(message: AcceptedMessage): void {
    if (!message.isBorrowed) return;
    message.isBorrowed = false;
    this.#borrowedBytes -= message.bytes;
    this.#options.bodies.giveBack(message.body);
  }

  /** Nothing of it will leave. */
  clear(): void {
    for (const each of this.all()) if ("entry" in each) this.#giveBackBody(each);
    for (const queue of [this.#waiting, this.#largeWaiting]) queue.clear();
    this.#ordered.clear();
    this.#large.clear();
    this.#held.length = 0;
    this.#open = undefined;
    this.#largeBytes = 0;
    this.#borrowedBytes = 0;
  }

  /** Events and calls that have not left. */
  countUnsent(): { events: number; calls: number } {
    return countUnsent(this.all());
  }

  /** Events and calls that have not left, in the order in which they were accepted, each with its number. */
  unsent(names: NameSource): Numbered<UnsentMessage>[] {
    return takeUnsent(this.all(), names);
  }

  all(): Waiting[] {
    const begun = [...this.#large].map(({ message }) => message);
    const waiting = [...this.#waiting, ...this.#largeWaiting];
    return [this.#open ?? [], this.#ordered.unsent(), begun, waiting].flat();
  }

  #hasRoom(): boolean {
    if (!this.#waiting.isClear || this.#held.length > 0) return false;
    const open = this.#open;
    if (open === undefined) return this.#window.isOpen(0, 0);
    return this.#window.isOpen(open.windowed, open.cost);
  }

  #enqueue(batch: Batch): void {
    batch.seal(batch.calls > 0 ? this.#options.now() : undefined);
    this.#window.take(batch.windowed, batch.cost);
    this.#ordered.add(batch);
    this.#options.turns.add(this.#ordered);
  }

  /** Puts a message on its way: its place in the order is here. */
  #start(message: AcceptedMessage): void {
    if (!this.#isLarge(message.bytes)) return this.#frame(message);
    this.close();
    if (message.kind === "call") message.entry.elapse(this.#options.now());
    if (this.#large.size < this.#options.maxOpenMessages) this.#startLarge(message);
    else this.#largeWaiting.push(message);
  }

  /** The same, of one that fits into a frame. */
  #frame(message: Message): void {
    this.close();
    if (message.kind === "call") message.entry.elapse(this.#options.now());
    // First, for it may fail: of the window nothing is taken then, and no number given.
    const frame = messageFrame(message);
    if (message.kind !== "other") this.#window.take(1, costOf(message, false));
    this.#ordered.add(frame);
    this.#options.turns.add(this.#ordered);
  }

  readonly #isLarge = (bytes: number): boolean => bytes > this.#options.fragmentBytes;

  /** Gives it its number, and tells of its body when that is not copied and others may hold it too. */
  #accept(message: Message): AcceptedMessage {
    const { body } = message;
    const bytes = body.length;
    const isBorrowed = this.#isLarge(bytes) && isShared(body);
    if (isBorrowed) {
      this.#borrowedBytes += bytes;
      this.#options.bodies.borrow(body);
    }
    const serial = this.#departures.accept();
    const accepted = { ...message, serial, bytes, isBorrowed, queue: undefined };
    const { place } = message;
    if (place !== undefined) place.onAbandoned = () => this.#empty(accepted);
    return accepted;
  }

  /**
   * A call is taken back of which nothing has left: what leaves is its head alone, so that the peer's
   * count of calls has no gaps.
   */
  #empty(message: AcceptedMessage): void {
    const { bytes } = message;
    const lane = [...this.#large].find((each) => each.message === message);
    this.#giveBackBody(message);
    emptyBody(message);
    message.queue?.shrank(message, bytes);
    if (lane === undefined) return;
    lane.abandon();
    this.#large.delete(lane);
    this.#largeBytes -= bytes;
    this.#startNextLarge();
    this.#readmit(message);
  }

  /** One that is not large any more. */
  #readmit(message: AcceptedMessage): void {
    if (this.#hasRoom()) this.#start(message);
    else this.#waiting.push(message);
  }

  /** There is a slot again. */
  #startNextLarge(): void {
    for (;;) {
      const next = this.#largeWaiting.shift() as AcceptedMessage | undefined;
      if (next === undefined) return;
      if (this.#isLarge(next.bytes)) return this.#startLarge(next);
      this.#readmit(next);
    }
  }

  #startLarge(message: AcceptedMessage): void {
    const slot = freeSlot(this.#large);
    const lane = new LargeLane(message, slot, this.#options.fragmentBytes, this);
    this.#large.add(lane);
    this.#largeBytes += lane.bytes;
    // Turns would let it overtake what was accepted before it.
    this.#ordered.whenSent(() => this.#options.turns.add(lane));
  }

  /** From a lane, whose turn it is. */
  sendPart(outgoing: Outgoing, bytes: number, isOfBorrowed: boolean): void {
    this.#largeBytes -= bytes;
    if (isOfBorrowed) this.#borrowedBytes -= bytes;
    this.#options.transmit(outgoing);
  }

  /**
   * The last part of an event or a call takes of the window, for with it the peer reckons the message.
   * Until then calls and events go past it, however large it is. What took of the window before it
   * leaves before it, or the peer would find the window overdrawn.
   */
  onLast(lane: LargeLane): void {
    this.#held.push(lane);
    if (this.#held.length > 1) return;
    this.close();
    this.#isClear = false;
    this.#ordered.whenSent(() => {
      this.#isClear = true;
      this.#letFinish();
    });
  }

  #letFinish(): void {
    const [lane] = this.#held;
    if (lane === undefined || !this.#isClear || !this.#window.isOpen(0, 0)) return;
    lane.goOn();
    this.#options.turns.add(lane);
  }

  /** From a lane: it is empty. */
  finished(lane: LargeLane): void {
    const { message } = lane;
    this.#large.delete(lane);
    this.#departures.leave(message.serial);
    if (message.isBorrowed) this.#options.bodies.giveBack(message.body);
    this.#startNextLarge();
    if (message.kind === "other") return;
    this.#window.take(1, costOf(message, true));
    this.#held.shift();
    this.#letFinish();
    if (message.kind === "event") this.#waiting.releaseEvents();
    this.#release();
  }

  /** Lets go what the window has room for again. */
  #release(): void {
    if (this.#waiting.isClear) return;
    this.close();
    while (this.#held.length === 0 && this.#waiting.nextWindowed > 0) {
      if (!this.#window.isOpen(this.#waiting.nextWindowed - 1, 0)) break;
      const next = this.#waiting.shift() as Batch | AcceptedMessage;
      if (next instanceof Batch) this.#enqueue(next);
      else this.#start(next);
    }
  }
}
