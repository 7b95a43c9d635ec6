/**
 * Everything on its way to one peer. Control frames go first, then the lanes in turns. What is sent
 * within a tick leaves together, but its first message at once. The connection gets a little more
 * than it takes; the rest stays here, where a ping can overtake it.
 */
import { type Collector, type Tick, tickOf } from "../../bytes/tick.ts";
import type { Clock } from "../../clock.ts";
import { isMyelinError, type MyelinError } from "../../errors.ts";
import { limits } from "../../limits.ts";
import type { CallPlace } from "../calls/call-place.ts";
import { firstHeader } from "../messages/message-headers.ts";
import type { Name, NameTable } from "../messages/name-table.ts";
import type { UnsentMessage } from "../messages/unsent-message.ts";
import { AcceptedTimes } from "./accepted-times.ts";
import { oldestOf } from "./all-unsent.ts";
import { ControlFrames } from "./control-frames.ts";
import type { Mark } from "./departures.ts";
import { FairTurns, type Lane } from "./fair-turns.ts";
import { type FrameSizes, frameSizes } from "./frame-sizes.ts";
import { FrameWriter, type Link } from "./frame-writer.ts";
import type { ItemRoom } from "./item-room.ts";
import type { CallToOpen, Message } from "./message-frames.ts";
import type { OutboxOptions } from "./outbox-options.ts";
import type { Outgoing } from "./outgoing.ts";
import { SendingOrder } from "./sending-order.ts";
import type { SentFrames } from "./sent-frames.ts";
import { type TurnShare, turnShareOf } from "./turn-share.ts";

/** Bytes of the first batch that leaves before its tick is over; each further one is larger. */
const firstBatchBytes = 1024;
const batchGrowth = 4;

export class Outbox implements Collector {
  readonly control: ControlFrames = new ControlFrames();
  readonly sizes: FrameSizes;
  readonly #clock: Clock;
  readonly #tick: Tick;
  readonly #onPumped: () => void;
  readonly #onGone: (error: MyelinError) => void;
  readonly #names: NameTable;
  readonly #turns = new FairTurns();
  readonly #writer: FrameWriter;
  readonly #order: SendingOrder;
  readonly #times = new AcceptedTimes();
  /** Events, calls, answers and items that were accepted, and the ends of items. */
  messages = 0;
  /** What waits of streams. */
  readonly items: ItemRoom;
  /** What the streams of all peers pull in one turn. */
  readonly share: TurnShare;
  /** The open batch leaves when it has so many bytes, before the tick is over. */
  #batchBytes: number;
  readonly #firstBatchBytes: number;
  #awaitsTick = false;
  /** A batch of the peer's is being handed on, and whether anything was collected meanwhile. */
  #isHeld = false;
  #hasCollected = false;
  #isOver = false;

  constructor(options: OutboxOptions) {
    this.#clock = options.clock;
    this.#tick = tickOf(options.clock);
    this.share = turnShareOf(options.clock);
    this.#onPumped = options.onPumped;
    this.#onGone = options.onGone;
    this.#names = options.names;
    this.items = options.items;
    this.#writer = new FrameWriter(options.names, options.keepsSent, options.bodies);
    this.sizes = frameSizes(options.maxFrameBytes, options.maxMessageBytes);
    this.#firstBatchBytes = Math.min(firstBatchBytes, this.sizes.maxBatchBytes);
    this.#batchBytes = this.#firstBatchBytes;
    this.#order = new SendingOrder({
      window: options.window,
      maxBatchBytes: this.sizes.maxBatchBytes,
      fragmentBytes: this.sizes.fragmentBytes,
      maxOpenMessages: options.maxOpenMessages,
      bodies: options.bodies,
      names: options.names,
      turns: this.#turns,
      transmit: (outgoing) => this.transmit(outgoing),
      way: options.way,
    });
  }

  get sent(): SentFrames {
    return this.#writer.sent;
  }

  /**
   * Bytes that were accepted and that the system has not taken, or that are kept to be sent again. What
   * leaves, or leaves again after a resume, is among what is kept: it counts once.
   */
  get heldBytes(): number {
    return this.#order.bytes + this.items.bytes + this.underWayBytes;
  }

  /** Those of them that were handed to the connection. */
  get underWayBytes(): number {
    return Math.max(this.#writer.pendingBytes, this.sent.keptBytes);
  }

  /**
   * Those of them by which events, calls and answers are told whether there is room: what streams have
   * under way is not among them, or a stream that flows would have them wait for its end.
   */
  get waitingBytes(): number {
    const { keptBytes, streamBytes } = this.sent;
    const { pendingMessageBytes } = this.#writer;
    return this.#order.bytes + Math.max(pendingMessageBytes, keptBytes - streamBytes);
  }

  /** Something was handed to the connection and the peer has not acknowledged it. */
  get isUnderWay(): boolean {
    return this.#writer.pendingBytes > 0 || this.sent.acknowledged < this.sent.sent;
  }

  /** Those of `heldBytes` that are in bodies which are not copied. */
  get borrowedBytes(): number {
    const { pendingBodyBytes } = this.#writer;
    const handedOn = Math.max(pendingBodyBytes, this.sent.borrowedBytes);
    return this.#order.borrowedBytes + this.items.borrowedBytes + handedOn;
  }

  /** Bytes of large bodies of which the connection has a part. */
  get pinnedBytes(): number {
    return this.#writer.pinnedBytes;
  }

  /** Bytes that wait of the largest message, with what the peer may not have acknowledged of it. */
  get largestBytes(): number {
    const unsent = this.#order.largestBytes;
    return unsent === 0 ? 0 : unsent + Math.min(this.sent.keptBytes, limits.underWayBytes);
  }

  /** Bytes of the largest message of which any part is held. Looks at each of them. */
  get largestHeldBytes(): number {
    const left = Math.max(this.#writer.largestBytes, this.items.largestBytes);
    return Math.max(this.#order.largestHeldBytes, left);
  }

  /** The number of what was accepted last. */
  get serial(): number {
    return this.#order.serial;
  }

  /** Counts from now on what has not left of what was accepted. */
  mark(): Mark {
    return this.#order.mark();
  }

  /** No message waits for the connection. */
  get hasNoMessages(): boolean {
    return this.#order.bytes === 0 && this.#turns.isEmpty;
  }

  get isEmpty(): boolean {
    return this.hasNoMessages && this.control.isEmpty;
  }

  /** Headers as far as there is room for them in a frame of the peer's. */
  fitHeaders(headers: Buffer | undefined): Buffer | undefined {
    if (headers === undefined || headers.length <= this.sizes.maxHeaderBytes) return headers;
    return firstHeader(headers, this.sizes.maxHeaderBytes);
  }

  event(name: Name, json: string | undefined, headers: Buffer | undefined): void {
    if (this.#writer.link === undefined) this.#note();
    this.#order.batchForEvent().event(name, json, headers);
    this.#collected();
  }

  call(opening: CallToOpen, json: string | undefined): CallPlace {
    if (this.#writer.link === undefined) this.#note();
    const place = this.#order.call(opening, json);
    this.#collected();
    return place;
  }

  result(id: number, json: string | undefined): void {
    this.#order.openBatch().result(id, json);
    this.#collected();
  }

  error(id: number, code: number, ran: number, json: string | undefined): void {
    this.#order.openBatch().error(id, code, ran, json);
    this.#collected();
  }

  /** A message with data of its own. */
  message(message: Message): void {
    // Whoever heard of it may have ended the session.
    if (this.#isOver) return;
    if (this.#writer.link === undefined) this.#note();
    this.#order.add(message);
    this.#collected();
  }

  /** A stream has something to send. */
  addLane(lane: Lane): void {
    this.#turns.add(lane);
    this.#collected();
  }

  /** Sends a counted frame, now; for lanes whose turn it is. */
  transmit(outgoing: Outgoing): void {
    this.#writer.transmit(outgoing);
  }

  /** The peer has so many frames. @throws {MyelinError} `ERR_PROTOCOL` when it cannot have */
  arrived(frames: number): void {
    this.sent.acknowledge(frames);
    this.#order.arrived(frames);
    this.items.check();
  }

  /** The peer returned some of its window. @throws {MyelinError} `ERR_PROTOCOL` */
  settle(messages: number, bytes: number): void {
    this.#order.settle(messages, bytes);
    if (!this.#turns.isEmpty) this.touch();
  }

  /** Drops events that wait for the peer, the oldest first, until so many bytes are free. */
  dropEvents(bytes: number): { events: number; bytes: number } {
    return this.#order.dropEvents(bytes);
  }

  /** Events and calls that have not left. */
  countUnsent(): { events: number; calls: number } {
    return this.#order.countUnsent();
  }

  /**
   * Those events and calls, in the order in which they were accepted, and since when each has waited
   * for a connection.
   */
  unsent(): (UnsentMessage & { readonly since: number })[] {
    const now = this.#clock.now();
    const numbered = this.#order.unsent(this.#names);
    return numbered.map(({ message, serial }) => ({
      ...message,
      since: this.#times.of(serial, now),
    }));
  }

  /**
   * Sends the last frame of this connection, which is told how many counted ones went before it.
   * @returns false when there is no connection
   */
  last(makeFrame: (sent: number) => Buffer): boolean {
    this.flush();
    if (this.#writer.link === undefined) return false;
    this.#writer.write(makeFrame(this.sent.sent));
    this.#writer.flush();
    return true;
  }

  /** There is a connection: what waits may leave. */
  attach(link: Link): void {
    this.#writer.attach(link);
    this.pump();
  }

  /**
   * There is another connection: what left over the last one and has not `arrived` leaves again, in the same
   * order, before anything new.
   * @throws {MyelinError} `ERR_NOT_SERIALIZABLE` when the memory of one is gone
   */
  resume(link: Link): void {
    this.#order.forgetWay();
    this.#writer.attach(link);
    this.date(Number.POSITIVE_INFINITY);
    for (const outgoing of this.sent.unacknowledged()) this.#writer.writeFrame(outgoing);
    this.pump();
  }

  detach(): void {
    this.#writer.attach(undefined);
    this.#times.detached(oldestOf(this.#order.all()), this.#clock.now());
  }

  /** What is accepted without a connection has an age. */
  #note(): void {
    this.date(this.#clock.now());
  }

  /** What is accepted from now on waits since then; Infinity: not yet. */
  date(since: number): void {
    if (this.#times.date(this.serial, since)) this.#order.separate();
  }

  /** Nothing more will leave. */
  clear(): void {
    this.#isOver = true;
    this.detach();
    this.#order.clear();
    this.#turns.clear();
    this.items.clear();
    this.sent.clear();
  }

  /** Control frames were added, or the connection takes more. */
  pump(): void {
    const writer = this.#writer;
    writer.unpin();
    try {
      this.#sendTurns();
    } catch (reason) {
      if (!isMyelinError(reason)) throw reason;
      // Whole frames have left, and last words still can. In a turn of its own: this may be a send.
      this.#turns.clear();
      queueMicrotask(() => this.#onGone(reason));
    }
    if (writer.link !== undefined) writer.flush();
    this.items.check();
    this.#onPumped();
  }

  #sendTurns(): void {
    const writer = this.#writer;
    while (writer.link !== undefined && writer.pendingBytes < limits.connectionBytes) {
      for (;;) {
        const counted = this.control.takeCounted(this.sizes.maxBatchBytes);
        if (counted === undefined) break;
        writer.transmit(counted);
      }
      for (const frame of this.control.takeUncounted()) writer.write(frame);
      if (!this.#turns.sendOne()) break;
    }
  }

  /** Has the peer say what it has received. */
  askForAcknowledgement(): void {
    this.ping(this.#clock.now());
  }

  /** Asks for a pong with this in it. */
  ping(value: number): void {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeDoubleLE(value);
    this.control.ping(bytes);
    this.touch();
  }

  /** Control frames were added: they leave with the rest of the tick. */
  touch(): void {
    if (!this.#awaitsTick) this.#awaitTick();
  }

  endTick(): void {
    this.#awaitsTick = false;
    this.#batchBytes = this.#firstBatchBytes;
    this.flush();
  }

  /** Hands on what was collected, without waiting for the end of the tick. */
  flush(): void {
    this.#order.close();
    this.pump();
  }

  #awaitTick(): void {
    this.#awaitsTick = true;
    this.#tick.await(this);
  }

  /**
   * What is sent until `release` leaves then, at the soonest: with an answer the peer knows that all has
   * arrived of the frame that its call was in, and nothing else of it may have been handed on.
   */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    const hasCollected = this.#hasCollected && !this.#isOver;
    this.#isHeld = false;
    this.#hasCollected = false;
    if (hasCollected) this.#step();
  }

  #collected(): void {
    this.messages += 1;
    if (!this.#isHeld) return this.#step();
    this.#hasCollected = true;
    if (this.#order.openBytes >= this.sizes.maxBatchBytes) this.#order.close();
  }

  /** The first message of a tick leaves at once, unless the peer has enough to do. */
  #step(): void {
    if (!this.#awaitsTick) {
      this.#awaitTick();
      if (this.#writer.link?.writable === true) this.flush();
      else this.#batchBytes = this.sizes.maxBatchBytes;
    } else if (this.#order.openBytes >= this.#batchBytes) {
      this.#batchBytes = Math.min(this.#batchBytes * batchGrowth, this.sizes.maxBatchBytes);
      this.flush();
    }
  }
}
