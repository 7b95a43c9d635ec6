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
import { BatchPlace, type CallPlace } from "../calls/call-place.ts";
import type { SharedBodies } from "../held-bodies.ts";
import type { NameSource } from "../messages/entry-reader.ts";
import type { NameTable } from "../messages/name-table.ts";
import type { UnsentMessage } from "../messages/unsent-message.ts";
import { entryCost, messageCost } from "../wire.ts";
import type { Accepted, BatchLimits } from "./accepted-queue.ts";
import { countUnsent, type Numbered, takeUnsent, type Waiting } from "./all-unsent.ts";
import { Batch } from "./batch.ts";
import { BorrowedBodies } from "./borrowed-bodies.ts";
import { Departures, type Mark } from "./departures.ts";
import { type Dropped, OrderedLane } from "./lanes.ts";
import { LargeMessages, type LargeMessagesSettings } from "./large-messages.ts";
import {
  type AcceptedMessage,
  type CallToOpen,
  costOf,
  emptyBody,
  headCost,
  type Message,
  messageFrame,
  ownMessage,
  writeCallHead,
} from "./message-frames.ts";
import type { Outgoing } from "./outgoing.ts";
import { SendWindow, type WindowSize } from "./send-window.ts";
import { WaitingCall } from "./waiting-call.ts";
import { WaitingMessages } from "./waiting-messages.ts";

export interface SendingOrderOptions extends LargeMessagesSettings {
  /** What the peer granted. */
  readonly window: WindowSize;
  /** A batch takes no more when it has so many bytes. */
  readonly maxBatchBytes: number;
  readonly names: NameTable;
  /** Told of the large bodies that wait here, which others may be sending too. */
  readonly bodies: SharedBodies;
}

export class SendingOrder {
  readonly #options: SendingOrderOptions;
  readonly #window: SendWindow;
  readonly #batchLimits: BatchLimits;
  readonly #ordered: OrderedLane;
  readonly #large: LargeMessages;
  readonly #waiting: WaitingMessages;
  /** Bodies that were not copied; part of {@link bytes}. */
  readonly #bodies: BorrowedBodies;
  #open: Batch | undefined;
  readonly #departures = new Departures();

  constructor(options: SendingOrderOptions) {
    this.#options = options;
    this.#window = new SendWindow(options.window);
    this.#batchLimits = { maxBytes: options.maxBatchBytes, maxMessages: this.#window.maxAtOnce };
    this.#ordered = new OrderedLane((outgoing) => {
      options.transmit(outgoing);
      this.#left(outgoing);
    });
    this.#waiting = new WaitingMessages(this.#isLarge);
    this.#bodies = new BorrowedBodies(options.bodies);
    const { fragmentBytes, maxOpenMessages, transmit, turns, way } = options;
    this.#large = new LargeMessages({
      ...{ fragmentBytes, maxOpenMessages, transmit, turns, way },
      ...{ bodies: this.#bodies, ordered: this.#ordered, window: this.#window },
      closeBatch: () => this.close(),
      onShrunk: (message) => this.#readmit(message),
      onLeft: ({ serial }) => this.#departures.leave(serial),
      onPassed: ({ kind }) => {
        if (kind === "event") this.#waiting.releaseEvents();
        this.#release();
      },
    });
  }

  /** Bytes that have not left. Asked for with every event: all of them are running totals. */
  get bytes(): number {
    return this.openBytes + this.#ordered.bytes + this.#waiting.bytes + this.#large.bytes;
  }

  /** Those of them that are in bodies which were not copied: `bodies` was told of these. */
  get borrowedBytes(): number {
    return this.#bodies.bytes;
  }

  /** Bytes that have not left of the largest message. */
  get largestBytes(): number {
    return Math.max(this.#large.largestBytes, this.#waiting.largestBytes);
  }

  /** Bytes of the largest, whole. */
  get largestHeldBytes(): number {
    return Math.max(this.#large.largestHeldBytes, this.#waiting.largestBytes);
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

  /** The batch that the next event joins: the open one, or one that waits. */
  batchForEvent(): Batch {
    if (this.#waiting.holdsEvents)
      return this.#waiting.openBatchBehind(this.#batchLimits, this.#departures.accept);
    if (this.#hasRoom()) return this.openBatch();
    return this.#waiting.openBatch(this.#batchLimits, this.#departures.accept);
  }

  /** The opening of a call, with its input as JSON. */
  call(opening: CallToOpen, json: string | undefined): CallPlace {
    if (this.#hasRoom()) {
      const batch = this.openBatch();
      opening.head.id = opening.call.number();
      return new BatchPlace(batch, batch.call(opening.head, json));
    }
    const waiting = new WaitingCall(opening, json, this.#departures.accept(), this.#withdraw);
    opening.call.waits();
    this.#waiting.push(waiting);
    return waiting;
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
    if (!mayStart) {
      message.opening?.call.waits();
      return this.#waiting.push(message);
    }
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
    this.#large.letFinish();
    this.#release();
  }

  /** The peer has so many of the frames that have left. */
  arrived(frames: number): void {
    this.#large.arrived(frames);
  }

  /** There is another connection: what was measured of the last one says nothing of it. */
  forgetWay(): void {
    this.#large.forgetWay();
  }

  /** Drops events that have not left, the oldest first. Large ones stay that have begun. */
  dropEvents(bytes: number): Dropped {
    const dropped = { events: 0, bytes: 0 };
    const isOpenDroppable = this.#open?.isEvents === true;
    if (!isOpenDroppable && !this.#ordered.hasEvents && !this.#waiting.hasEvents) return dropped;
    this.close();
    const count = (more: Dropped): void => {
      dropped.events += more.events;
      dropped.bytes += more.bytes;
    };
    count(
      this.#ordered.dropEvents(bytes, (outgoing) => {
        const { events, length } = outgoing;
        this.#left(outgoing);
        this.#window.giveBack(events, length - frameHeaderBytes + entryCost * events);
      }),
    );
    count(
      this.#waiting.dropEvents(bytes - dropped.bytes, (each) => {
        this.#departures.leave(each.serial);
        if (!(each instanceof Batch)) this.#bodies.withdraw(each);
      }),
    );
    // Nothing else might return the window that they had taken.
    this.#large.letFinish();
    this.#release();
    return dropped;
  }

  /** Nothing of it will leave. */
  clear(): void {
    this.#bodies.clear(this.all());
    this.#waiting.clear();
    this.#ordered.clear();
    this.#large.clear();
    this.#open = undefined;
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
    const waiting = [...this.#waiting];
    return [this.#open ?? [], this.#ordered.unsent(), this.#large.all(), waiting].flat();
  }

  #hasRoom(): boolean {
    if (!this.#waiting.isClear || this.#large.isHolding) return false;
    const open = this.#open;
    if (open === undefined) return this.#window.isOpen(0, 0);
    return this.#window.isOpen(open.windowed, open.cost);
  }

  #enqueue(batch: Batch): void {
    batch.seal(batch.calls > 0 ? this.#options.way.now() : undefined);
    this.#window.take(batch.windowed, batch.cost);
    this.#ordered.add(batch);
    this.#options.turns.add(this.#ordered);
  }

  /** Puts a message on its way: its place in the order is here. */
  #start(message: AcceptedMessage): void {
    if (!this.#isLarge(message.bytes)) return this.#frame(message);
    this.close();
    if (message.kind === "call") writeCallHead(message, this.#options.way.now());
    this.#large.add(message);
  }

  /** The same, of one that fits into a frame. */
  #frame(message: Message): void {
    this.close();
    if (message.kind === "call") writeCallHead(message, this.#options.way.now());
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
    const isBorrowed = this.#isLarge(bytes) && this.#bodies.borrow(body);
    const serial = this.#departures.accept();
    const { entry, opening } = message;
    const besideBytes = headCost(opening?.head ?? entry) + messageCost;
    const accepted = { ...message, serial, bytes, isBorrowed, besideBytes, queue: undefined };
    const { place } = message;
    if (place !== undefined) place.onAbandoned = () => this.#empty(accepted);
    return accepted;
  }

  /**
   * A call is taken back of which nothing has left. Of one that has its number its head leaves all the
   * same, so that the peer's count of calls has no gaps.
   */
  #empty(message: AcceptedMessage): void {
    const { bytes } = message;
    this.#bodies.withdraw(message);
    const isGone = this.#withdraw(message);
    emptyBody(message);
    if (isGone) return;
    message.queue?.shrank(bytes);
    if (this.#large.abandon(message, bytes)) this.#readmit(message);
  }

  /** The same of one that waits for the window. @returns whether it does: it has no number */
  readonly #withdraw = (call: AcceptedMessage | WaitingCall): boolean => {
    if (!this.#waiting.withdraw(call)) return false;
    this.#departures.leave(call.serial);
    return true;
  };

  /** One that is not large any more. */
  #readmit(message: AcceptedMessage): void {
    if (this.#hasRoom()) this.#start(message);
    else this.#waiting.push(message);
  }

  /** It has waited, and keeps its place in the order. */
  #join(next: Batch | WaitingCall): void {
    const { maxBytes } = this.#batchLimits;
    if (this.#open !== undefined && this.#open.size + next.size > maxBytes) this.close();
    if (next instanceof Batch) {
      if (this.#open?.age !== next.age) this.close();
      if (this.#open === undefined) this.#open = next;
      else this.#open.append(next);
      return;
    }
    if (this.#open === undefined) this.#open = new Batch(next.serial);
    else (this.#open.joined ??= []).push(next.serial);
    next.join(this.#open);
  }

  /** Handlers that take for ever may leave fewer places than there are events that wait together. */
  #joinSome(): void {
    const { places } = this.#window;
    if (places <= 0 || !this.#window.isOpen(0, 0)) return;
    const [first, rest] = (this.#waiting.shift() as Batch).split(places, this.#options.names);
    this.#open = first;
    this.#waiting.putBack(rest);
  }

  /** It has left, or never will. */
  #left({ isPart = false, joined = [], serial }: Outgoing): void {
    if (!isPart) this.#departures.leave(serial);
    for (const each of joined) this.#departures.leave(each);
  }

  /** Lets go what the window has room for again. */
  #release(): void {
    if (this.#waiting.isClear) return;
    this.close();
    let hasReleased = false;
    while (!this.#large.isHolding && this.#waiting.nextWindowed > 0) {
      const { cost = 0, windowed = 0 } = this.#open ?? {};
      if (!this.#window.isOpen(windowed + this.#waiting.nextWindowed - 1, cost)) {
        if (!hasReleased) this.#joinSome();
        break;
      }
      const next = this.#waiting.shift() as Accepted;
      if (next instanceof Batch || next instanceof WaitingCall) this.#join(next);
      else this.#start(next);
      hasReleased = true;
    }
    this.close();
  }
}
