/**
 * A conversation in node-ipc's dialect: events both ways as JSON text with a delimiter behind each, and
 * nothing else. Nobody acknowledges: what the system has taken may have arrived. `docs/protocol.md`
 * has the wire.
 */
import { ByteWriter, type WriteTarget } from "../bytes/byte-writer.ts";
import { type Tick, tickOf } from "../bytes/tick.ts";
import { JsonEventDecoder, jsonEvent } from "../codec/json-event.ts";
import { MyelinError } from "../errors.ts";
import { type Delimiter, DelimiterDecoder } from "../framing/delimiter.ts";
import type { FrameSink } from "../framing/framing.ts";
import type { Connection, Sink } from "../transport/transport.ts";
import type { CallOpening } from "./call-opening.ts";
import type { Conversation } from "./conversation.ts";
import type { DataOptions, Encoded } from "./data-codecs.ts";
import { EventDispatch } from "./dispatch.ts";
import type { Endpoint } from "./endpoint.ts";
import { EventHoldings } from "./event-holdings.ts";
import { EventsQueue } from "./events-queue.ts";
import type { CloseOptions } from "./farewell.ts";
import { FlushWaiters } from "./flush-waiters.ts";
import { HandlerWindow } from "./handler-window.ts";
import type { Handlers } from "./handlers.ts";
import { HeldFrames } from "./held-frames.ts";
import type { MessageContext } from "./message-context.ts";
import { checkName } from "./name-table.ts";
import { checkFrameSize, jsonOf, readMessage } from "./node-ipc-message.ts";
import { checkProtoKeys } from "./proto-keys.ts";
import {
  closedError,
  nothing,
  protocolError,
  type SessionEnd,
  undeliveredError,
} from "./session-end.ts";
import type { SessionOwner, SessionStats } from "./session-options.ts";
import { SlowPeer } from "./slow-peer.ts";
import { isSendingTapped, tellSent } from "./taps.ts";

export interface NodeIpcConversationOptions<Peer> {
  readonly endpoint: Endpoint<Peer>;
  readonly peer: Peer & SessionOwner;
  readonly handlers: Handlers<MessageContext<Peer>>;
  readonly connection: Connection;
  readonly delimiter: Delimiter;
}

export class NodeIpcConversation<Peer>
  implements Conversation, Sink, FrameSink<string>, WriteTarget
{
  readonly #options: NodeIpcConversationOptions<Peer>;
  readonly #tick: Tick;
  readonly #writer: ByteWriter;
  readonly #decoder: DelimiterDecoder;
  readonly #json = new JsonEventDecoder();
  readonly #events: EventDispatch<Peer>;
  readonly #window: HandlerWindow;
  readonly #slowPeer: SlowPeer;
  readonly #holdings: EventHoldings;
  readonly #queue = new EventsQueue();
  /** What arrived before there were handlers. */
  #held: Buffer[] | undefined = [];
  /** What arrived in one piece with more than handlers may be at work on. */
  readonly #backlog = new HeldFrames();
  #isEnded = false;
  #isClosing = false;
  #needsDrain = false;
  #sent = { messages: 0, bytes: 0 };
  #received = { messages: 0, bytes: 0 };
  /** Events that were handed to the connection since it was last known to be empty. */
  #underWay = 0;
  readonly #flushes: FlushWaiters;
  /** What had not left when it ended goes elsewhere. */
  #hasMoved = false;

  constructor(options: NodeIpcConversationOptions<Peer>) {
    const { connection, delimiter, endpoint, handlers, peer } = options;
    const { maxQueuedBytes, slowPeer, terms } = endpoint;
    this.#options = options;
    this.#tick = tickOf(endpoint.clock);
    this.#writer = new ByteWriter(this, this.#tick);
    this.#decoder = new DelimiterDecoder(this, { delimiter, maxFrameBytes: terms.maxMessageBytes });
    this.#events = new EventDispatch(peer, handlers, peer);
    this.#window = new HandlerWindow({
      size: terms.window,
      pause: () => connection.pause(),
      resume: () => this.#goOn(),
      onSettled: () => this.#holdings.freed(),
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
      queue: { largestBytes: 0, dropEvents: (bytes) => this.#queue.drop(bytes) },
      onDropped: (events, bytes) => peer.tellDropped(events, bytes),
      onTooSlow: (error) => this.abort(error),
    });
  }

  get hasRoom(): boolean {
    return this.#queuedBytes < this.#options.endpoint.highWaterMarkBytes;
  }

  /** For the writer. */
  get writable(): boolean {
    return this.#options.connection.writable;
  }

  get #queuedBytes(): number {
    const { connection } = this.#options;
    const held = connection.writable ? 0 : connection.pendingBytes;
    return this.#queue.bytes + this.#writer.collected + held;
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
    this.#needsDrain = true;
  }

  event(name: string, data: unknown, codec?: string, options?: DataOptions): boolean {
    return this.encodedEvent(name, this.#options.endpoint.anyCodecs.encode(data, codec, options));
  }

  encodedEvent(name: string, encoded: Encoded): boolean {
    if (this.#isEnded || this.#isClosing) throw closedError();
    checkName(name);
    const { delimiter, endpoint } = this.#options;
    const frame = delimiter.frame(jsonEvent(name, jsonOf(encoded)));
    checkFrameSize(frame, endpoint.terms.maxMessageBytes);
    if (this.#slowPeer.isFull(this.#queuedBytes) && !this.#slowPeer.admitsEvent()) {
      this.#needsDrain = true;
      return false;
    }
    if (isSendingTapped()) tellSent(this.#options.peer, "event", name, encoded);
    this.#sent.messages += 1;
    this.#sent.bytes += frame.length;
    if (this.#queue.size === 0 && this.writable) this.#write(frame);
    else this.#queue.add({ name, encoded, frame });
    this.#holdings.check();
    if (this.hasRoom) return true;
    this.#needsDrain = true;
    return false;
  }

  open(_opening: CallOpening): void {
    const what = "a peer that speaks node-ipc has events only: no calls and no streams";
    throw new MyelinError("ERR_UNSUPPORTED", what, { ran: "no" });
  }

  async flush(): Promise<boolean> {
    if (this.#isEnded) throw closedError();
    this.#writer.flush();
    const taken = this.#flushes.wait(this.#sent.messages);
    this.#checkTaken();
    if (await taken) return true;
    if (this.#underWay > 0) throw undeliveredError(this.#end(undefined));
    return !this.#hasMoved;
  }

  async close({ timeoutMs }: CloseOptions): Promise<void> {
    if (this.#isEnded) return;
    this.#isClosing = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#write(next.frame);
    }
    this.#writer.flush();
    this.release();
    await this.#options.connection.close({ timeoutMs });
  }

  abort(error?: MyelinError): void {
    if (this.#isEnded) return;
    this.#finish(error ?? closedError());
    this.#options.connection.abort(error);
  }

  /** Ends it, and leaves the connection to somebody else. */
  leave(reason: MyelinError): void {
    this.#finish(reason);
  }

  /** For the writer only: hands text or bytes to the connection. */
  send(data: string | Uint8Array): boolean {
    this.#holdings.freed();
    try {
      return this.#options.connection.send(data);
    } catch {
      // The connection is closing: its end is about to be told.
      return false;
    }
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
  }

  onFrame(text: string): void {
    if (this.#window.isFull || this.#backlog.size > 0) this.#backlog.add(text);
    else this.#dispatch(text);
  }

  onDrain(): void {
    // Before more is written: what was there has been taken.
    this.#checkTaken();
    while (this.writable) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      this.#write(next.frame);
    }
    this.#progress();
  }

  onClose(error?: MyelinError): void {
    // What came before it is handed on first.
    this.release();
    this.#handOn(() => true);
    this.#finish(error);
  }

  /** Handlers have finished enough: first with what is here, then with what comes. */
  #goOn(): void {
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
    this.#received.bytes += text.length;
    this.#events.dispatch(name, data, this.#window.take(text.length));
  }

  #write(frame: string | Uint8Array): void {
    this.#underWay += 1;
    if (typeof frame === "string") this.#writer.write(frame);
    else this.#writer.writeBytes(frame);
  }

  #progress(): void {
    this.#holdings.check();
    this.#checkTaken();
    const { highWaterMarkBytes } = this.#options.endpoint;
    if (!this.#needsDrain || this.#queuedBytes * 2 > highWaterMarkBytes) return;
    this.#needsDrain = false;
    this.#options.peer.tellDrain();
  }

  /** Whoever flushes hears when the system has taken everything that was accepted before. */
  #checkTaken(): void {
    const { connection } = this.#options;
    if (connection.pendingBytes === 0 && this.#writer.collected === 0) this.#underWay = 0;
    if (this.#flushes.size === 0) return;
    this.#flushes.tell(this.#sent.messages - this.#queue.size - this.#underWay);
    // No drain follows where the connection holds little.
    if (this.#flushes.size > 0 && connection.writable) this.#flushes.lookAgain();
  }

  #end(error: MyelinError | undefined): SessionEnd {
    const waiting = this.#queue.size;
    const unacknowledged = { events: this.#underWay, calls: 0 };
    const unsent = { events: waiting, calls: 0 };
    return { error, unsent, unacknowledged, retry: undefined, moved: [] };
  }

  #finish(error: MyelinError | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#decoder.stop();
    this.#holdings.close();
    this.#writer.close();
    const { connection, peer } = this.#options;
    if (error === undefined || connection.pendingBytes === 0) this.#underWay = 0;
    const end = this.#end(error);
    const moves = peer.takesUnsent(error, undefined);
    const moved = moves
      ? this.#queue
          .takeAll()
          .map(({ encoded, name }) => ({ kind: "event", name, encoded }) as const)
      : [];
    this.#hasMoved = moved.length > 0;
    this.#backlog.clear();
    this.#flushes.end();
    this.#events.abort(error ?? closedError());
    peer.tellEnd({ ...end, unsent: moves ? nothing : end.unsent, moved });
  }
}
