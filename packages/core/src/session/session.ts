/**
 * One conversation with a peer, once both have agreed on its terms: events, calls and streams both
 * ways over one connection. It knows bytes and a clock, no socket: what arrives is pushed in, what
 * leaves goes to the connection that it was given.
 */

import type { ByteReader } from "../bytes/byte-reader.ts";
import { type Tick, tickOf } from "../bytes/tick.ts";
import { MyelinError } from "../errors.ts";
import { LengthPrefixDecoder } from "../framing/length-prefix.ts";
import type { Connection } from "../transport/transport.ts";
import { Acknowledging } from "./acknowledging.ts";
import { Calling, type CallRequest } from "./calling.ts";
import { DataCodecs, type Encoded } from "./data-codecs.ts";
import { Deadlines } from "./deadlines.ts";
import { EventDispatch } from "./dispatch.ts";
import type { Entry } from "./entry-reader.ts";
import { EntryWriter } from "./entry-writer.ts";
import { type CloseOptions, Farewell } from "./farewell.ts";
import { Flushes } from "./flushes.ts";
import {
  type Goodbye,
  goodbyeCode,
  goodbyeError,
  goodbyeFrame,
  type Retry,
  readGoodbye,
} from "./goodbye.ts";
import { Inbox, type InboxSink } from "./inbox.ts";
import { Liveness } from "./liveness.ts";
import { MessageRouter } from "./message-router.ts";
import { Outbox } from "./outbox.ts";
import type { PendingCall } from "./pending-call.ts";
import type { Receipt } from "./receive-window.ts";
import { Serving } from "./serving.ts";
import {
  closedError,
  endGently,
  isComplete,
  protocolError,
  unansweredError,
  undeliveredError,
} from "./session-end.ts";
import type { SessionOptions, SessionStats } from "./session-options.ts";
import { frameKind, payload } from "./wire.ts";

type State = "open" | "closing" | "ended";

export class Session<Peer> implements InboxSink {
  readonly #options: SessionOptions<Peer>;
  readonly #tick: Tick;
  readonly #decoder: LengthPrefixDecoder;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #codecs: DataCodecs;
  readonly #deadlines: Deadlines;
  readonly #calling: Calling;
  readonly #serving: Serving<Peer>;
  readonly #router: MessageRouter<Peer>;
  readonly #acknowledging: Acknowledging;
  readonly #flushes: Flushes;
  readonly #liveness: Liveness;
  #connection: Connection | undefined;
  /** What arrived before handlers could be attached. */
  #held: Buffer[] | undefined = [];
  #state: State = "open";
  #needsDrain = false;
  #retry: Retry | undefined;
  readonly #farewell: Farewell;

  constructor(options: SessionOptions<Peer>) {
    const { clock, handlers, names, ours, peer, registry, side, theirs } = options;
    this.#options = options;
    this.#tick = tickOf(clock);
    this.#deadlines = new Deadlines(clock);
    this.#outbox = new Outbox({
      clock,
      names,
      window: theirs.window,
      maxFrameBytes: theirs.maxFrameBytes,
      keepsSent: false,
      onPumped: () => this.#progress(),
    });
    this.#codecs = new DataCodecs({
      registry,
      agreed: options.codecs,
      maxMessageBytes: theirs.maxMessageBytes,
      maxBinaryBytes: theirs.maxBinaryBytes,
      maxBatchedLength: this.#outbox.maxBatchedLength,
    });
    this.#inbox = new Inbox(this, {
      ...ours,
      decode: (codec, body, isOwn) => this.#codecs.decode(codec, body, isOwn),
    });
    this.#decoder = new LengthPrefixDecoder(this.#inbox, ours);
    const shared = {
      clock,
      outbox: this.#outbox,
      codecs: this.#codecs,
      deadlines: this.#deadlines,
    };
    this.#calling = new Calling({ ...shared, names, firstId: side === "client" ? 1 : 2 });
    this.#serving = new Serving<Peer>({
      ...shared,
      peer,
      handlers,
      maxInboundCalls: options.maxInboundCalls,
      errors: options.errors,
    });
    this.#router = new MessageRouter({
      calling: this.#calling,
      serving: this.#serving,
      events: new EventDispatch(peer, handlers, options.owner),
    });
    this.#acknowledging = new Acknowledging(
      { clock, inbox: this.#inbox, outbox: this.#outbox },
      ours.window,
      false,
    );
    this.#flushes = new Flushes(this.#outbox);
    this.#liveness = new Liveness(clock, this.#outbox);
    this.#farewell = new Farewell({
      clock,
      outbox: this.#outbox,
      acknowledging: this.#acknowledging,
      hasCalls: () => this.#calling.pending + this.#serving.running > 0,
      giveUpCalls: () => this.#giveUpCalls(),
      say: (retry) => this.#say(0, retry, ""),
      end: (error) => this.#finish(error),
    });
  }

  /** What it has counted so far. */
  stats(): SessionStats {
    return {
      sent: { messages: this.#outbox.messages, bytes: this.#outbox.sent.bytes },
      received: { messages: this.#inbox.messages, bytes: this.#inbox.bytes },
      pendingBytes: this.queuedBytes,
      pendingCalls: this.#calling.pending,
      activeHandlers: this.#serving.running,
      late: this.#calling.late,
      roundTripMs: this.#liveness.roundTripMs,
    };
  }

  /** Bytes that were accepted and that the system has not taken. */
  get queuedBytes(): number {
    return this.#outbox.queuedBytes;
  }

  /** What is sent leaves over this connection. What arrives is held back until {@link release}. */
  attach(connection: Connection): void {
    this.#connection = connection;
    this.#tick.join();
    this.#outbox.attach(connection);
    this.#liveness.watch(this.#options.heartbeatMs, (error) => this.#finish(error));
  }

  /** Handlers are in place: what has arrived meanwhile is handed on, then everything as it comes. */
  release(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    this.#connection?.resume();
    for (const chunk of held) this.receive(chunk);
  }

  /** Bytes arrived, valid during the call. */
  receive(chunk: Uint8Array): void {
    if (this.#state === "ended") return;
    if (this.#held !== undefined) {
      this.#held.push(Buffer.from(chunk));
      this.#connection?.pause();
      return;
    }
    this.#liveness.heard();
    this.#tick.read(this, chunk);
  }

  /** For {@link receive}: the tick of the bytes. */
  read(chunk: Uint8Array): void {
    try {
      this.#decoder.push(chunk);
    } catch (reason) {
      this.#cut(protocolError(reason));
      return;
    }
    if (this.#state === "ended") return;
    this.#acknowledging.check();
    this.#progress();
  }

  /** The connection takes more. */
  drained(): void {
    this.#outbox.pump();
    this.#progress();
  }

  /** The connection is gone. */
  lost(error: MyelinError | undefined): void {
    if (this.#farewell.isSaid) this.#end(undefined);
    else this.#end(error ?? new MyelinError("ERR_CONNECTION_LOST", "the peer is gone"));
  }

  /**
   * Sends an event.
   * @returns false when over the high-water mark: accepted, and its owner is told of room.
   * @throws {MyelinError} when it is not accepted.
   */
  event(name: string, data: unknown, codec?: string): boolean {
    this.#checkOpen();
    return this.#send(name, this.#codecs.encode(data, codec));
  }

  /** As {@link event}, of data that was encoded before. */
  encodedEvent(name: string, encoded: Encoded): boolean {
    this.#checkOpen();
    return this.#send(name, this.#codecs.fit(encoded));
  }

  #send(name: string, encoded: Encoded): boolean {
    const known = this.#options.names.use(name);
    if (encoded === undefined || typeof encoded === "string") {
      this.#outbox.event(known, encoded);
    } else {
      const entry = new EntryWriter();
      entry.event(known, payload.coded);
      this.#outbox.message({ entry, kind: "event", ...encoded });
    }
    if (this.hasRoom) return true;
    this.#needsDrain = true;
    return false;
  }

  /** Less waits than the high-water mark allows. */
  get hasRoom(): boolean {
    return this.queuedBytes < this.#options.highWaterMarkBytes;
  }

  /** Opens a call; as `Calling.open`. */
  open(
    request: CallRequest,
    resolve: (value: unknown) => void,
    reject: (error: MyelinError) => void,
  ): PendingCall {
    this.#checkOpen();
    return this.#calling.open(request, resolve, reject);
  }

  /**
   * Resolves when the peer has acknowledged everything that was accepted before; streams apart.
   * @throws {MyelinError} `ERR_UNDELIVERED` when the session ends before.
   */
  flush(): Promise<void> {
    if (this.#state === "ended") return Promise.reject(closedError());
    const flushed = this.#flushes.add();
    this.#progress();
    return flushed;
  }

  /**
   * Ends the session so that both sides know that nothing is missing: takes nothing new, lets calls
   * finish for `drainMs`, sends everything, and waits for the peer to do the same.
   * @throws {MyelinError} `ERR_UNDELIVERED` when that did not happen within `timeoutMs`.
   */
  close(options: CloseOptions): Promise<void> {
    if (this.#state === "ended") return this.#farewell.done;
    if (this.#state === "open") {
      this.#state = "closing";
      this.#serving.drain();
    }
    this.#farewell.begin(options);
    return this.#farewell.done;
  }

  /** Ends it now. What is under way is lost, and those who wait for it are told. */
  abort(error?: MyelinError): void {
    if (this.#state === "ended") return;
    const connection = this.#connection;
    this.#end(error ?? closedError());
    connection?.abort(error);
  }

  onMessage(entry: Entry, data: unknown, receipt: Receipt | undefined): void {
    this.#router.route(entry, data, receipt);
  }

  hasStream(id: number): boolean {
    return this.#router.hasStream(id);
  }

  onItems(id: number, items: readonly unknown[], cost: number): void {
    this.#router.routeItems(id, items, cost);
  }

  onControl(kind: number, reader: ByteReader): void {
    switch (kind) {
      case frameKind.ping:
        this.#acknowledging.now();
        this.#outbox.control.pong(reader.view(reader.remaining));
        this.#outbox.touch();
        break;
      case frameKind.pong:
        this.#liveness.pong(reader.view(reader.remaining));
        break;
      case frameKind.ack:
        this.#outbox.sent.acknowledge(reader.varint());
        this.#outbox.settle(reader.varint(), reader.varint());
        break;
      case frameKind.goodbye:
        this.#onGoodbye(readGoodbye(reader));
        break;
    }
  }

  onSettled(): void {
    if (this.#state === "ended") return;
    this.#acknowledging.check();
    if (this.#state === "closing") this.#progress();
  }

  #checkOpen(): void {
    if (this.#state !== "open") throw closedError();
    if (this.#outbox.queuedBytes < this.#options.maxQueuedBytes) return;
    const message = `more than ${this.#options.maxQueuedBytes} bytes wait for the peer`;
    throw new MyelinError("ERR_QUEUE_FULL", message);
  }

  /** Something left, arrived or settled. */
  #progress(): void {
    this.#flushes.check();
    if (this.#needsDrain && this.queuedBytes * 2 <= this.#options.highWaterMarkBytes) {
      this.#needsDrain = false;
      this.#options.owner.tellDrain();
    }
    this.#farewell.step();
  }

  #onGoodbye(goodbye: Goodbye): void {
    const error = goodbyeError(goodbye);
    if (error !== undefined) {
      this.#retry = goodbye.retry;
      this.#finish(error);
      return;
    }
    this.#retry = goodbye.retry;
    this.#outbox.sent.acknowledge(goodbye.received);
    this.#state = "closing";
    this.#serving.drain();
    this.#options.owner.tellGoodbye(goodbye);
    this.#farewell.heard();
  }

  /** Calls that have not finished never will. */
  #giveUpCalls(): void {
    this.#calling.failAll(({ name }, ran) => unansweredError(name, ran, undefined));
    this.#serving.cancelAll(closedError());
  }

  /** The peer broke a rule: it is told, and cut. */
  #cut(error: MyelinError): void {
    if (this.#state === "ended") return;
    this.#say(goodbyeCode(error.code), "never", error.message);
    this.#finish(error);
  }

  #say(code: number, retry: Retry, text: string): void {
    this.#outbox.last((sent) =>
      goodbyeFrame({ code, retry, sent, received: this.#inbox.received, text }),
    );
  }

  /** Ends the session and then the connection. */
  #finish(error: MyelinError | undefined): void {
    const connection = this.#connection;
    this.#end(error);
    if (error === undefined) void endGently(connection);
    else connection?.abort(error);
  }

  #end(error: MyelinError | undefined): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    const unacknowledged = this.#outbox.sent.count();
    const unsent = this.#outbox.countUnsent();
    this.#inbox.stop();
    this.#decoder.stop();
    this.#acknowledging.stop();
    this.#liveness.stop();
    this.#outbox.detach();
    if (this.#connection !== undefined) this.#tick.leave();
    this.#calling.failAll(({ name }, ran) => unansweredError(name, ran, error));
    this.#serving.cancelAll(error ?? closedError());
    this.#deadlines.clear();
    const end = { error, unsent, unacknowledged, retry: this.#retry };
    this.#flushes.failAll(undeliveredError(end));
    this.#farewell.ended(isComplete(end) ? undefined : undeliveredError(end));
    this.#options.owner.tellEnd(end);
  }
}
