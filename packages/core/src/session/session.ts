/**
 * One conversation with a peer, once both have agreed on its terms: events, calls and streams both
 * ways over one connection. It knows bytes and a clock, no socket: what arrives is pushed in, what
 * leaves goes to the connection that it was given.
 */
import { type Tick, tickOf } from "../bytes/tick.ts";
import { MyelinError } from "../errors.ts";
import type { Connection } from "../transport/transport.ts";
import { Acknowledging } from "./acknowledging.ts";
import type { CallOpening } from "./call-opening.ts";
import { Calling } from "./calling.ts";
import { ControlReader } from "./control-reader.ts";
import type { Conversation } from "./conversation.ts";
import { DataCodecs, type DataOptions, type Encoded } from "./data-codecs.ts";
import { Deadlines } from "./deadlines.ts";
import { EventDispatch } from "./dispatch.ts";
import { type CloseOptions, Farewell } from "./farewell.ts";
import { Flushes } from "./flushes.ts";
import { type Goodbye, goodbyeCode, goodbyeError, goodbyeFrame, type Retry } from "./goodbye.ts";
import { Inbox } from "./inbox.ts";
import { Intake, type IntakeOwner } from "./intake.ts";
import { Liveness } from "./liveness.ts";
import { MessageRouter } from "./message-router.ts";
import { Outbox } from "./outbox.ts";
import { Sending } from "./sending.ts";
import { Serving } from "./serving.ts";
import {
  closedError,
  endGently,
  isComplete,
  type MovedMessage,
  nothing,
  unansweredError,
  undeliveredError,
} from "./session-end.ts";
import type { SessionOptions, SessionStats } from "./session-options.ts";
import { SlowPeer } from "./slow-peer.ts";

type State = "open" | "closing" | "ended";

export class Session<Peer> implements Conversation, IntakeOwner {
  readonly #options: SessionOptions<Peer>;
  readonly #tick: Tick;
  readonly #intake: Intake;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #codecs: DataCodecs;
  readonly #deadlines: Deadlines;
  readonly #calling: Calling;
  readonly #serving: Serving<Peer>;
  readonly #acknowledging: Acknowledging;
  readonly #control: ControlReader;
  readonly #slowPeer: SlowPeer;
  readonly #sending: Sending;
  readonly #flushes: Flushes;
  readonly #liveness: Liveness;
  #connection: Connection | undefined;
  #state: State = "open";
  #retry: Retry | undefined;
  /** The connection broke before anything that had arrived was handed on. */
  #loss: { readonly error: MyelinError | undefined; readonly connection: Connection } | undefined;
  readonly #farewell: Farewell;

  constructor(options: SessionOptions<Peer>) {
    const { clock, handlers, names, ours, peer, registry, side, theirs } = options;
    this.#options = options;
    this.#tick = tickOf(clock);
    this.#tick.join();
    this.#deadlines = new Deadlines(clock);
    this.#outbox = new Outbox({
      clock,
      names,
      window: theirs.window,
      maxFrameBytes: theirs.maxFrameBytes,
      keepsSent: options.isResumable,
      onPumped: () => this.#progress(),
    });
    this.#codecs = new DataCodecs({
      registry,
      agreed: options.codecs,
      rejectProtoKeys: options.rejectProtoKeys,
      maxMessageBytes: theirs.maxMessageBytes,
      maxBinaryBytes: theirs.maxBinaryBytes,
      maxBatchedLength: this.#outbox.maxBatchedLength,
    });
    const shared = {
      clock,
      outbox: this.#outbox,
      codecs: this.#codecs,
      deadlines: this.#deadlines,
    };
    this.#calling = new Calling({ ...shared, peer, names, firstId: side === "client" ? 1 : 2 });
    this.#serving = new Serving<Peer>({
      ...shared,
      peer,
      handlers,
      maxInboundCalls: options.maxInboundCalls,
      cancelGraceMs: options.cancelGraceMs,
      firstId: side === "client" ? 2 : 1,
      errors: options.errors,
    });
    const router = new MessageRouter({
      peer,
      calling: this.#calling,
      serving: this.#serving,
      events: new EventDispatch(peer, handlers, options.owner),
      onControl: (kind, reader) => this.#control.read(kind, reader),
      onSettled: () => this.#settled(),
    });
    this.#inbox = new Inbox(router, {
      ...ours,
      decode: (codec, body, isOwn) => this.#codecs.decode(codec, body, isOwn),
      maxHeaderBytes: options.maxHeaderBytes,
      rejectProtoKeys: options.rejectProtoKeys,
    });
    this.#intake = new Intake(this.#tick, this.#inbox, ours.maxFrameBytes, this);
    this.#acknowledging = new Acknowledging(
      { clock, inbox: this.#inbox, outbox: this.#outbox },
      ours.window,
      options.isResumable,
    );
    this.#flushes = new Flushes(this.#outbox);
    this.#liveness = new Liveness(clock, this.#outbox);
    this.#slowPeer = new SlowPeer({
      policy: options.slowPeer,
      maxQueuedBytes: options.maxQueuedBytes,
      queue: this.#outbox,
      onDropped: (events, bytes) => options.owner.tellDropped(events, bytes),
      onTooSlow: (error) => this.onBroken(error),
    });
    this.#sending = new Sending({
      peer,
      names,
      outbox: this.#outbox,
      calling: this.#calling,
      slowPeer: this.#slowPeer,
      highWaterMarkBytes: options.highWaterMarkBytes,
      maxPendingCalls: options.maxPendingCalls,
      onDrain: () => options.owner.tellDrain(),
    });
    this.#control = new ControlReader({
      acknowledging: this.#acknowledging,
      liveness: this.#liveness,
      outbox: this.#outbox,
      onGoodbye: (goodbye) => this.#onGoodbye(goodbye),
    });
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
      pendingBytes: this.#sending.queuedBytes,
      pendingCalls: this.#calling.pending,
      activeHandlers: this.#serving.running,
      late: this.#calling.late,
      roundTripMs: this.#liveness.roundTripMs,
    };
  }

  /** Counted frames that have arrived: what the peer need not send again. */
  get received(): number {
    return this.#inbox.received;
  }

  /** What is sent leaves over this connection. What arrives is held back until {@link release}. */
  attach(connection: Connection): void {
    this.#connection = connection;
    this.#outbox.attach(connection);
    this.#liveness.watch(this.#options.heartbeatMs, (error) => this.#silent(error));
  }

  /** Handlers are in place: what has arrived meanwhile is handed on, then everything as it comes. */
  release(): void {
    this.#intake.release(this.#connection);
    const loss = this.#loss;
    if (loss !== undefined) this.lost(loss.error, loss.connection);
  }

  /** Bytes arrived, valid during the call. Those of an earlier connection are nobody's. */
  receive(chunk: Uint8Array, connection: Connection): void {
    if (connection !== this.#connection) return;
    this.#liveness.heard();
    this.#intake.receive(chunk, connection);
  }

  onRead(): void {
    if (this.#state === "ended") return;
    this.#acknowledging.check();
    this.#progress();
  }

  /** The peer is told, and cut. */
  onBroken(error: MyelinError): void {
    if (this.#state === "ended") return;
    const connection = this.#connection;
    this.#farewell.preempt();
    this.#say(goodbyeCode(error.code), "never", error.message);
    this.#end(error);
    void endGently(connection);
  }

  /** The connection takes more. */
  drained(): void {
    this.#outbox.pump();
    this.#progress();
  }

  /** A connection is gone: with it the session, unless another one may take its place. */
  lost(error: MyelinError | undefined, connection: Connection): void {
    if (connection !== this.#connection) return;
    if (this.#intake.isHolding) {
      // What came before it is handed on first, when there is somebody to hand it to.
      this.#loss = { error, connection };
      return;
    }
    const reason = error ?? new MyelinError("ERR_CONNECTION_LOST", "the peer is gone");
    if (this.#options.isResumable && this.#state === "open") this.detach(reason);
    else this.#end(this.#farewell.isSaid ? undefined : reason);
  }

  /** Gives its connection up and waits for another one, or for {@link abort}. */
  detach(reason: MyelinError): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#outbox.detach();
    this.#liveness.stop();
    this.#intake.reset();
    connection?.abort(reason);
    this.#options.owner.tellDetached(reason);
  }

  /**
   * Goes on over another connection. The peer has so many of our frames: the rest is sent again.
   * @throws {MyelinError} `ERR_PROTOCOL` when it cannot have them
   */
  resume(connection: Connection, received: number): void {
    this.#connection = connection;
    // The last one may have been lost, or waits still: the peer knows by now of more than it tells.
    this.#acknowledging.now();
    this.#outbox.resume(connection, received);
    this.#liveness.watch(this.#options.heartbeatMs, (error) => this.#silent(error));
    this.#progress();
  }

  get hasRoom(): boolean {
    return this.#sending.hasRoom;
  }

  awaitRoom(): void {
    this.#sending.awaitRoom();
  }

  event(
    name: string,
    data: unknown,
    codec?: string,
    options?: DataOptions,
    headers?: Buffer,
  ): boolean {
    if (this.#state !== "open") throw closedError();
    return this.#sending.event(name, this.#codecs.encode(data, codec, options), headers);
  }

  encodedEvent(name: string, encoded: Encoded, headers?: Buffer): boolean {
    if (this.#state !== "open") throw closedError();
    return this.#sending.event(name, this.#codecs.fit(encoded), headers);
  }

  open(opening: CallOpening): void {
    if (this.#state !== "open") throw closedError();
    this.#sending.open(opening);
  }

  /** Resolves when the peer has acknowledged everything that was accepted before; streams apart. */
  flush(): Promise<boolean> {
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

  #settled(): void {
    if (this.#state === "ended") return;
    this.#acknowledging.check();
    if (this.#state === "closing") this.#progress();
    if (this.#slowPeer.isOwedTooMuch(this.#sending.queuedBytes))
      this.onBroken(this.#slowPeer.tooSlow());
  }

  /** Something left, arrived or settled. */
  #progress(): void {
    this.#flushes.check();
    this.#sending.check();
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

  /** Nothing was heard for too long. */
  #silent(error: MyelinError): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.lost(error, connection);
    connection.abort(error);
  }

  #say(code: number, retry: Retry, text: string): boolean {
    return this.#outbox.last((sent) =>
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
    const { owner } = this.#options;
    const moves = owner.takesUnsent(error, this.#retry);
    const unsent = moves ? nothing : this.#outbox.countUnsent();
    const moved = moves ? this.#withdrawUnsent() : [];
    this.#inbox.stop();
    this.#intake.stop();
    this.#acknowledging.stop();
    this.#liveness.stop();
    this.#outbox.detach();
    this.#connection = undefined;
    this.#tick.leave();
    this.#calling.failAll(({ name }, ran) => unansweredError(name, ran, error));
    this.#serving.cancelAll(error ?? closedError());
    this.#deadlines.clear();
    const end = { error, unsent, unacknowledged, retry: this.#retry, moved };
    const undelivered = isComplete(end) ? undefined : undeliveredError(end);
    this.#flushes.end(moves ? undelivered : undeliveredError(end));
    this.#farewell.ended(undelivered);
    owner.tellEnd(end);
  }

  /** What was accepted and has not left: nobody here waits for it any more. */
  #withdrawUnsent(): MovedMessage[] {
    return this.#outbox.unsent().flatMap((message): MovedMessage[] => {
      const encoded = this.#codecs.unfit(message.encoded);
      if (message.kind === "event") return [{ ...message, encoded }];
      const opening = this.#calling.withdraw(message.id, encoded);
      return opening === undefined ? [] : [{ kind: "call", opening }];
    });
  }
}
