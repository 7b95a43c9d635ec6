/**
 * One conversation with a peer, once both have agreed on its terms: events, calls and streams both
 * ways over one connection. It knows bytes and a clock, no socket: what arrives is pushed in, what
 * leaves goes to the connection that it was given.
 */
import { type Tick, tickOf } from "../bytes/tick.ts";
import { MyelinError } from "../errors.ts";
import type { Connection } from "../transport/transport.ts";
import type { CallOpening } from "./calls/call-opening.ts";
import type { Calling } from "./calls/calling.ts";
import type { Deadlines } from "./calls/deadlines.ts";
import type { Serving } from "./calls/serving.ts";
import type { Conversation, EventPast } from "./conversation.ts";
import type { CloseOptions, Farewell } from "./farewell.ts";
import { type Goodbye, goodbyeCode, goodbyeError, goodbyeFrame, type Retry } from "./goodbye.ts";
import type { Holdings } from "./holdings.ts";
import type { Liveness } from "./liveness.ts";
import type { DataCodecs, DataOptions, Encoded } from "./messages/data-codecs.ts";
import type { Acknowledging } from "./receiving/acknowledging.ts";
import type { Inbox } from "./receiving/inbox.ts";
import type { Intake } from "./receiving/intake.ts";
import type { ProgressWatch } from "./receiving/progress-watch.ts";
import { Flushes } from "./sending/flushes.ts";
import type { Outbox } from "./sending/outbox.ts";
import type { Sending } from "./sending/sending.ts";
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
import { sessionParts } from "./session-parts.ts";
import { withStrayBytes } from "./stray-bytes.ts";

/** Told to whom there is no memory for. */
const comeBackLater: Retry = { afterMs: 1_000 };

type State = "open" | "closing" | "ended";

export class Session<Peer> implements Conversation {
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
  readonly #holdings: Holdings;
  readonly #progressWatch: ProgressWatch;
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
    this.#options = options;
    this.#tick = tickOf(options.clock);
    this.#tick.join();
    const parts = sessionParts(options, this.#tick, {
      isConnected: () => this.#connection !== undefined,
      onProgress: () => {
        if (this.#state !== "ended") this.#progress();
      },
      onRead: () => this.#read(),
      onBroken: (error) => this.#cut(withStrayBytes(error, this.#connection), "never"),
      onSettled: () => this.#settled(),
      onGoodbye: (goodbye) => this.#onGoodbye(goodbye),
      onTooMuch: (error) => this.#cut(error, comeBackLater),
      onGone: (error) => this.#cut(error, comeBackLater),
      giveUpCalls: () => this.#giveUpCalls(),
      say: (retry) => this.#say(0, retry, ""),
      finish: (error) => this.#finish(error),
      cut: (error, retry) => this.#cut(error, retry),
    });
    this.#intake = parts.intake;
    this.#inbox = parts.inbox;
    this.#outbox = parts.outbox;
    this.#codecs = parts.codecs;
    this.#deadlines = parts.deadlines;
    this.#calling = parts.calling;
    this.#serving = parts.serving;
    this.#acknowledging = parts.acknowledging;
    this.#holdings = parts.holdings;
    this.#progressWatch = parts.progressWatch;
    this.#sending = parts.sending;
    this.#liveness = parts.liveness;
    this.#farewell = parts.farewell;
    this.#flushes = new Flushes(this.#outbox);
  }

  /** What it has counted so far. */
  stats(): SessionStats {
    return {
      sent: { messages: this.#outbox.messages, bytes: this.#outbox.sent.bytes },
      received: { messages: this.#inbox.messages, bytes: this.#inbox.bytes },
      pendingBytes: this.#outbox.heldBytes,
      pendingCalls: this.#calling.pending,
      activeHandlers: this.#serving.running,
      late: this.#calling.late,
      roundTripMs: this.#liveness.roundTripMs,
    };
  }

  /** Counted frames that have left. */
  get sent(): number {
    return this.#outbox.sent.sent;
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
    if (this.#options.isResumable && this.#goesOn) this.detach(reason);
    else this.#end(this.#farewell.isSaid ? undefined : reason);
  }

  /** A farewell that has something left to say waits for another connection, too, if there may be one. */
  get #goesOn(): boolean {
    if (this.#state === "open") return true;
    const { isLeaving = false } = this.#options.owner;
    return !isLeaving && (this.#retry ?? "now") === "now" && this.#farewell.misses;
  }

  /** Gives its connection up and waits for another one, or for {@link abort}. */
  detach(reason: MyelinError): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#outbox.detach();
    this.#liveness.stop();
    this.#progressWatch.stop();
    this.#intake.reset();
    this.#inbox.detached();
    connection?.abort(reason);
    this.#holdings.detached();
    this.#options.owner.tellDetached(reason);
  }

  /**
   * Goes on over another connection. The peer has so many of our frames: the rest is sent again.
   * @throws {MyelinError} `ERR_PROTOCOL` when it cannot have them: nothing has left, and it still waits
   */
  resume(connection: Connection, received: number): void {
    this.#outbox.arrived(received);
    this.#connection = connection;
    this.#inbox.assemblies.excuse();
    this.#progressWatch.watch();
    // The last one may have been lost, or waits still: the peer knows by now of more than it tells.
    this.#acknowledging.now();
    this.#farewell.resumed();
    this.#outbox.resume(connection);
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

  encodedEvent(name: string, encoded: Encoded, headers?: Buffer, past?: EventPast): boolean {
    if (this.#state !== "open") throw closedError();
    return this.#sending.event(name, this.#codecs.fit(encoded), headers, past);
  }

  catchUp(run: () => void): void {
    this.#sending.catchUp(run);
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
      this.#sending.stop();
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

  /** A piece of what arrived was read. */
  #read(): void {
    if (this.#state === "ended") return;
    this.#acknowledging.check();
    this.#holdings.check();
    this.#progress();
  }

  #settled(): void {
    if (this.#state !== "ended") {
      this.#acknowledging.check();
      if (this.#state === "closing") this.#progress();
      this.#sending.measure();
    }
    this.#holdings.freed();
  }

  /** The peer is told, and cut. */
  #cut(error: MyelinError, retry: Retry): void {
    if (this.#state === "ended") return;
    const connection = this.#connection;
    // From here on it is nobody's offender.
    this.#holdings.close();
    this.#farewell.preempt();
    this.#say(goodbyeCode(error.code), retry, error.message);
    this.#end(error);
    // Words that wait behind what the peer does not read would hold all of that for as long: only those that
    // keep it from coming back are worth it.
    if (retry !== "never" && connection?.writable === false) return connection.abort(error);
    void endGently(connection);
    // The process does not wait for that.
    connection?.unref();
  }

  /** Something left, arrived or settled. */
  #progress(): void {
    this.#sending.measure();
    this.#flushes.check();
    this.#sending.check();
    this.#farewell.step();
  }

  #onGoodbye(goodbye: Goodbye): void {
    const error = goodbyeError(goodbye);
    if (error !== undefined) {
      this.#retry = goodbye.retry;
      // It has said goodbye in order before, and waits no more for ours.
      const isInOrder = this.#farewell.hasHeard && error.code === "ERR_TIMEOUT";
      if (isInOrder) this.#outbox.arrived(goodbye.received);
      this.#finish(isInOrder && !this.#farewell.misses ? undefined : error);
      return;
    }
    this.#retry = goodbye.retry;
    this.#outbox.arrived(goodbye.received);
    this.#state = "closing";
    this.#sending.stop();
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
    this.#sending.stop();
    const unacknowledged = this.#outbox.sent.count();
    const { owner } = this.#options;
    const moves = owner.takesUnsent(error, this.#retry);
    const unsent = moves ? nothing : this.#outbox.countUnsent();
    const moved = moves ? this.#withdrawUnsent() : [];
    this.#inbox.stop();
    this.#intake.stop();
    this.#acknowledging.stop();
    this.#liveness.stop();
    this.#progressWatch.stop();
    this.#outbox.detach();
    this.#connection = undefined;
    this.#tick.leave();
    const end = { error, unsent, unacknowledged, retry: this.#retry, moved };
    const undelivered = isComplete(end) ? undefined : undeliveredError(end);
    this.#flushes.end(undelivered, moved.length > 0);
    this.#farewell.ended(undelivered);
    this.#outbox.clear();
    this.#holdings.close();
    owner.tellEnd(end);
    // Last: handlers and sources that are cancelled may do anything, closing this peer included.
    this.#calling.failAll(({ name }, ran) => unansweredError(name, ran, error));
    this.#serving.cancelAll(error ?? closedError());
    this.#deadlines.clear();
  }

  /** What was accepted and has not left: nobody here waits for it any more. */
  #withdrawUnsent(): MovedMessage[] {
    return this.#outbox.unsent().flatMap((message): MovedMessage[] => {
      if (message.kind === "events") return [message];
      const encoded = this.#codecs.unfit(message.encoded);
      if (message.kind === "event") return [{ ...message, encoded, isTold: true }];
      const opening = this.#calling.withdraw(message.id, encoded);
      return opening === undefined ? [] : [{ kind: "call", opening }];
    });
  }
}
