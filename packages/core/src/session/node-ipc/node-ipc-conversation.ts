/**
 * A conversation in node-ipc's dialect: events both ways as JSON text with a delimiter behind each, and
 * nothing else. Nobody acknowledges: what the system has taken may have arrived. `docs/protocol.md`
 * has the wire.
 */
import { type Tick, tickOf } from "../../bytes/tick.ts";
import { JsonEventDecoder, jsonEvent } from "../../codec/json-event.ts";
import { MyelinError } from "../../errors.ts";
import { type Delimiter, DelimiterDecoder } from "../../framing/delimiter.ts";
import type { FrameSink } from "../../framing/framing.ts";
import type { Connection, Sink } from "../../transport/transport.ts";
import type { CallOpening } from "../calls/call-opening.ts";
import type { Conversation, EventPast } from "../conversation.ts";
import type { Endpoint } from "../endpoint.ts";
import { EventHoldings } from "../event-holdings.ts";
import { EventRoom } from "../event-room.ts";
import type { CloseOptions } from "../farewell.ts";
import type { Handlers } from "../handlers.ts";
import type { MessageContext } from "../message-context.ts";
import type { DataOptions, Encoded } from "../messages/data-codecs.ts";
import { checkName } from "../messages/name-table.ts";
import { checkProtoKeys } from "../messages/proto-keys.ts";
import { EventDispatch } from "../receiving/dispatch.ts";
import { HandlerWindow } from "../receiving/handler-window.ts";
import { ProgressWatch } from "../receiving/progress-watch.ts";
import { costOf } from "../sending/events-queue.ts";
import { FlushWaiters } from "../sending/flush-waiters.ts";
import { SlowPeer } from "../sending/slow-peer.ts";
import {
  closedError,
  isComplete,
  nothing,
  protocolError,
  type SessionEnd,
  undeliveredError,
} from "../session-end.ts";
import type { SessionOwner, SessionStats } from "../session-options.ts";
import { isSendingTapped, tellSent } from "../taps.ts";
import { EventWriter } from "./event-writer.ts";
import { HeldFrames } from "./held-frames.ts";
import { checkFrameSize, jsonOf, readMessage } from "./node-ipc-message.ts";

/** Bytes of the beginning of a message that cost no more than the connection itself. */
const smallBytes = 1_024;

export interface NodeIpcConversationOptions<Peer> {
  readonly endpoint: Endpoint<Peer>;
  readonly peer: Peer & SessionOwner;
  readonly handlers: Handlers<MessageContext<Peer>>;
  readonly connection: Connection;
  readonly delimiter: Delimiter;
}

export class NodeIpcConversation<Peer> implements Conversation, Sink, FrameSink<string> {
  readonly #options: NodeIpcConversationOptions<Peer>;
  readonly #tick: Tick;
  readonly #out: EventWriter;
  readonly #decoder: DelimiterDecoder;
  readonly #json = new JsonEventDecoder();
  readonly #events: EventDispatch<Peer>;
  readonly #window: HandlerWindow;
  /** The window is full: no more is read until handlers have finished. */
  #isPaused = false;
  readonly #progressWatch: ProgressWatch;
  /** When more arrived of the message that is not complete. */
  #arrivedAt = 0;
  readonly #slowPeer: SlowPeer;
  readonly #holdings: EventHoldings;
  readonly #room: EventRoom;
  /** What arrived before there were handlers. */
  #held: Buffer[] | undefined = [];
  /** What arrived in one piece with more than handlers may be at work on. */
  readonly #backlog = new HeldFrames();
  /** How it ended. */
  #over: SessionEnd | undefined;
  #isClosing = false;
  #sent = { messages: 0, bytes: 0 };
  #received = { messages: 0, bytes: 0 };
  readonly #flushes: FlushWaiters;

  constructor(options: NodeIpcConversationOptions<Peer>) {
    const { connection, delimiter, endpoint, handlers, peer } = options;
    const { highWaterMarkBytes, maxQueuedBytes, slowPeer, terms } = endpoint;
    this.#options = options;
    this.#tick = tickOf(endpoint.clock);
    this.#out = new EventWriter(connection, this.#tick, () => {
      this.#holdings.freed();
      this.#room.leaving();
    });
    this.#decoder = new DelimiterDecoder(this, { delimiter, maxFrameBytes: terms.maxMessageBytes });
    this.#events = new EventDispatch(peer, handlers, peer);
    this.#window = new HandlerWindow({
      size: endpoint.nextWindow,
      pause: () => this.#pause(),
      resume: () => this.#goOn(),
      onSettled: () => this.#holdings.freed(),
    });
    this.#progressWatch = new ProgressWatch({
      clock: endpoint.clock,
      timeoutMs: endpoint.messageProgressTimeoutMs,
      oldestProgress: () => (this.#isArriving ? this.#arrivedAt : Number.POSITIVE_INFINITY),
      isHeldUp: () => this.#isPaused,
      excuse: () => this.#progressed(),
      onStalled: (error) => this.abort(error),
    });
    this.#flushes = new FlushWaiters(endpoint.clock, () => this.#checkTaken());
    this.#holdings = new EventHoldings({
      budget: endpoint.budget,
      maxQueuedBytes,
      outgoing: () => this.#queuedBytes,
      incoming: () => this.#decoder.pendingBytes + this.#backlog.bytes,
      handed: () => this.#window.bytes,
      onTooMuch: (error) => this.abort(error),
    });
    this.#slowPeer = new SlowPeer({
      policy: slowPeer,
      holdings: this.#holdings,
      highWaterMarkBytes,
      queue: { largestBytes: 0, dropEvents: (bytes) => this.#out.drop(bytes) },
      waitingBytes: () => this.#queuedBytes,
      onDropped: (events, bytes) => peer.tellDropped(events, bytes),
      onTooSlow: (error) => this.abort(error),
    });
    this.#room = new EventRoom({
      tick: this.#tick,
      holdings: this.#holdings,
      slowPeer: this.#slowPeer,
      onDrain: () => peer.tellDrain(),
    });
  }

  get hasRoom(): boolean {
    return this.#room.isThere;
  }

  get #isEnded(): boolean {
    return this.#over !== undefined;
  }

  get #queuedBytes(): number {
    const { connection } = this.#options;
    const held = connection.writable ? 0 : connection.pendingBytes;
    return this.#out.bytes + held;
  }

  stats(): SessionStats {
    return {
      sent: { ...this.#sent },
      received: { ...this.#received },
      pendingBytes: this.#queuedBytes,
      pendingCalls: 0,
      activeHandlers: this.#window.messages,
      late: 0,
      roundTripMs: undefined,
    };
  }

  release(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    this.#options.connection.resume();
    for (const chunk of held) this.#tick.read(this, chunk);
  }

  awaitRoom(): void {
    this.#room.await();
  }

  event(name: string, data: unknown, codec?: string, options?: DataOptions): boolean {
    return this.encodedEvent(name, this.#options.endpoint.anyCodecs.encode(data, codec, options));
  }

  encodedEvent(name: string, encoded: Encoded, _headers?: Buffer, past?: EventPast): boolean {
    if (this.#isEnded || this.#isClosing) throw closedError();
    checkName(name);
    const { delimiter, endpoint } = this.#options;
    const frame = delimiter.frame(jsonEvent(name, jsonOf(encoded)));
    checkFrameSize(frame, endpoint.terms.maxMessageBytes);
    const slowPeer = this.#slowPeer;
    if (slowPeer.isFull() && !slowPeer.admitsEvent(0, costOf(frame), past?.isForMany)) {
      this.#room.await();
      return false;
    }
    if (past?.isTold !== true && isSendingTapped()) {
      tellSent(this.#options.peer, "event", name, encoded);
    }
    this.#sent.messages += 1;
    this.#sent.bytes += frame.length;
    this.#out.add({ name, encoded, frame });
    this.#holdings.check();
    if (this.hasRoom) return true;
    this.#room.await();
    return false;
  }

  catchUp(run: () => void): void {
    this.#slowPeer.catchUp(run);
  }

  open(_opening: CallOpening): void {
    const what = "a peer that speaks node-ipc has events only: no calls and no streams";
    throw new MyelinError("ERR_UNSUPPORTED", what, { ran: "no" });
  }

  async flush(): Promise<boolean> {
    if (this.#isEnded) throw closedError();
    this.#out.endTick();
    const taken = this.#flushes.wait(this.#sent.messages);
    this.#checkTaken();
    if (await taken) return true;
    const end = this.#over as SessionEnd;
    // Nothing of it is lost: all that had not left goes into the next session.
    if (isComplete(end)) return false;
    throw undeliveredError(end);
  }

  async close({ timeoutMs }: CloseOptions): Promise<void> {
    if (this.#isEnded) return;
    this.#isClosing = true;
    this.#room.stop();
    this.#out.flush();
    this.release();
    await this.#options.connection.close({ timeoutMs });
    // The other end may have been first: then the connection took no more.
    const end = this.#over;
    if (end !== undefined && !isComplete(end)) throw undeliveredError(end);
  }

  abort(error?: MyelinError): void {
    if (this.#isEnded) return;
    this.#out.checkTaken();
    this.#finish(error ?? closedError());
    this.#options.connection.abort(error);
  }

  /** Ends it, and leaves the connection to somebody else. */
  leave(reason: MyelinError): void {
    this.#out.checkTaken();
    this.#finish(reason);
  }

  onData(chunk: Uint8Array): void {
    if (this.#held === undefined) {
      this.#tick.read(this, chunk);
    } else {
      this.#held.push(Buffer.from(chunk));
      this.#options.connection.pause();
    }
  }

  /**
   * For the tick.
   * @param chunk undefined when there is none, but handlers have finished others
   */
  read(chunk: Uint8Array | undefined): void {
    if (this.#isEnded) return;
    try {
      if (chunk !== undefined) this.#decoder.push(chunk);
    } catch (reason) {
      // What came before it was in order.
      this.#handOn(() => true);
      this.abort(protocolError(reason));
      return;
    }
    this.#handOn(() => !this.#window.isFull);
    if (this.#isEnded) return;
    this.#window.check();
    this.#holdings.check();
    if (!this.#isArriving) return;
    this.#progressed();
    this.#progressWatch.watch();
  }

  onFrame(text: string): void {
    if (this.#window.isFull || this.#backlog.size > 0) this.#backlog.add(text);
    else this.#dispatch(text);
  }

  onDrain(): void {
    // Before more is written: what was there has been taken.
    this.#checkTaken();
    this.#out.pump();
    this.#holdings.check();
    this.#checkTaken();
    this.#room.check();
  }

  onClose(error?: MyelinError): void {
    // What came before it is handed on first.
    this.release();
    this.#handOn(() => true);
    this.#finish(error);
  }

  /** A message has begun that is not complete. */
  get #isArriving(): boolean {
    return this.#decoder.pendingBytes > smallBytes;
  }

  #progressed(): void {
    this.#arrivedAt = this.#options.endpoint.clock.now();
  }

  #pause(): void {
    this.#isPaused = true;
    this.#options.connection.pause();
  }

  /** Handlers have finished enough: first with what is here, then with what comes. */
  #goOn(): void {
    this.#isPaused = false;
    if (this.#isEnded) return;
    this.#options.connection.resume();
    // Pauses again where what is here is too much already.
    this.#tick.read(this, undefined);
  }

  /** Hands on what is held back, as far as handlers may have it. */
  #handOn(mayGoOn: () => boolean): void {
    try {
      while (!this.#isEnded && mayGoOn()) {
        const text = this.#backlog.shift();
        if (text === undefined) return;
        this.#dispatch(text);
      }
    } catch (reason) {
      this.abort(protocolError(reason));
    }
  }

  #dispatch(text: string): void {
    if (this.#options.endpoint.rejectProtoKeys) checkProtoKeys(text);
    const { data, name } = readMessage(this.#json, text);
    this.#received.messages += 1;
    this.#received.bytes += text.length + this.#options.delimiter.text.length;
    this.#events.dispatch(name, data, this.#window.take(text.length));
  }

  /** Whoever flushes hears when the system has taken everything that was accepted before. */
  #checkTaken(): void {
    this.#out.checkTaken();
    if (this.#flushes.size === 0) return;
    this.#tellFlushes();
    // No drain follows where the connection holds little.
    if (this.#flushes.size > 0 && this.#out.writable) this.#flushes.lookAgain();
  }

  #tellFlushes(): void {
    this.#flushes.tell(this.#sent.messages - this.#out.waiting - this.#out.underWay);
  }

  #finish(error: MyelinError | undefined): void {
    if (this.#isEnded) return;
    const { peer } = this.#options;
    // Otherwise it may have lost what it held, and holds nothing now.
    if (error === undefined) this.#out.allTaken();
    this.#tellFlushes();
    const unacknowledged = { events: this.#out.underWay, calls: 0 };
    const left = this.#out.end();
    const moves = peer.takesUnsent(error, undefined);
    this.#over = {
      ...{ error, unacknowledged, retry: undefined },
      unsent: moves ? nothing : { events: left.length, calls: 0 },
      moved: moves
        ? left.map(({ encoded, name }) => ({ kind: "event", name, encoded, isTold: true }))
        : [],
    };
    this.#decoder.stop();
    this.#progressWatch.stop();
    this.#holdings.close();
    this.#room.stop();
    this.#backlog.clear();
    this.#flushes.end();
    this.#events.abort(error ?? closedError());
    peer.tellEnd(this.#over);
  }
}
