/**
 * What users hold of a session. Its methods check names and options, and hand on to the session, or
 * to what stands in for it while there is none.
 */
import { noticeSeen, sessionClosed, sessionOpened, sessionResumed } from "../../diagnostics.ts";
import type { Emitter, Subscription } from "../../emitter.ts";
import { type MyelinError, toMyelinError } from "../../errors.ts";
import type {
  CallOptions,
  CloseOptions,
  FlushOptions,
  ListenerOptions,
  PostOptions,
  SendOptions,
  StreamOptions,
} from "../../peer/call-options.ts";
import type { DroppedNotice, Notice } from "../../peer/notice.ts";
import type { CloseReason, PeerState } from "../../peer/peer.ts";
import type { PeerStats } from "../../peer/stats.ts";
import type { Connection, PeerIdentity } from "../../transport/transport.ts";
import type { CallOpening } from "../calls/call-opening.ts";
import type { Conversation } from "../conversation.ts";
import type { Endpoint, UserHandler } from "../endpoint.ts";
import type { Goodbye, Retry } from "../goodbye.ts";
import type { Handlers } from "../handlers.ts";
import type { MessageContext } from "../message-context.ts";
import type { Encoded } from "../messages/data-codecs.ts";
import { closedError, type SessionEnd, undeliveredError } from "../session-end.ts";
import type { SessionOwner, SessionStats } from "../session-options.ts";
import type { ItemSource } from "../streams/items.ts";
import type { RemoteItems } from "../streams/remote-items.ts";
import { bindOnUse } from "./bound-methods.ts";
import { bounded, hurried } from "./bounded.ts";
import { showPeerBriefly } from "./brief.ts";
import { checkCloseOptions, checkListener, checkWait } from "./peer-arguments.ts";
import { PeerCalls } from "./peer-calls.ts";
import { PeerFlushes } from "./peer-flushes.ts";
import { type PeerEvents, peerListeners } from "./peer-listeners.ts";
import { PeerNotices, warnOfNotice } from "./peer-notices.ts";
import { noOptions, PeerSending } from "./peer-sending.ts";
import { noStats, nothingWaits, sessionStats, type WaitingLater } from "./peer-stats.ts";
import { ProcessHold } from "./process-hold.ts";

const defaultDrainMs = 1_000;
const noPatience = { drainMs: 0, timeoutMs: 0 };

export abstract class SessionPeer implements SessionOwner, AsyncDisposable {
  abstract readonly id: string;
  abstract readonly dialect: "myelin" | "node-ipc" | "udp";
  readonly closed: Promise<CloseReason>;
  protected readonly endpoint: Endpoint<SessionPeer>;
  /** Its own, asked before the endpoint's. */
  protected readonly handlers: Handlers<MessageContext<SessionPeer>>;
  protected readonly listeners: Emitter<PeerEvents> = peerListeners(this);
  protected session: Conversation | undefined;
  protected connection: Connection | undefined;
  protected readonly hold: ProcessHold = new ProcessHold((isHeld) => this.applyHold(isHeld));
  protected wasClosedHere = false;
  /** What a session that is over has counted, until there is another one. */
  protected past: SessionStats = noStats;
  /** How often the session went on over a new connection. */
  protected resumptions = 0;
  protected heardGoodbye = false;
  #state: PeerState;
  /** Why a close was rejected. */
  #notClosedWell: MyelinError | undefined;
  #tellClosed!: (reason: CloseReason) => void;
  protected readonly flushes: PeerFlushes;
  protected readonly sending: PeerSending<SessionPeer>;
  readonly #notices: PeerNotices;
  readonly #calls: PeerCalls<SessionPeer>;

  constructor(
    endpoint: Endpoint<SessionPeer>,
    handlers: Handlers<MessageContext<SessionPeer>>,
    state: PeerState,
  ) {
    this.endpoint = endpoint;
    this.handlers = handlers;
    this.#state = state;
    this.flushes = new PeerFlushes({
      session: () => this.session,
      waitsForAnother: () => this.waitingLater.events + this.waitingLater.calls > 0,
      isClosed: () => this.#state === "closed",
    });
    this.#notices = new PeerNotices(this, endpoint.clock, (notice) => this.notify(notice));
    this.#calls = new PeerCalls({
      endpoint,
      peer: this,
      hold: this.hold,
      accepting: () => this.accepting,
      openLater: (opening) => this.openLater(opening),
    });
    this.sending = new PeerSending({
      endpoint,
      peer: this,
      hold: this.hold,
      accepting: () => this.accepting,
      sendLater: (name, encode, sentHeaders) => this.sendLater(name, encode, sentHeaders),
      hasRoomLater: () => this.hasRoomLater,
      isClosed: () => this.#state === "closed",
      onDrain: () => this.listeners.emit("drain"),
    });
    this.closed = new Promise((resolve) => {
      this.#tellClosed = resolve;
    });
  }

  get state(): PeerState {
    return this.#state;
  }

  abstract get remote(): string | undefined;
  abstract get identity(): PeerIdentity;

  /** The session that takes what is sent now. */
  protected get accepting(): Conversation | undefined {
    return this.session;
  }

  /**
   * There is no session: takes the event for later, or throws.
   * @param encode gives its data, if it is kept
   */
  protected abstract sendLater(
    name: string,
    encode: () => Encoded,
    headers: Buffer | undefined,
  ): void;
  /** What may be sent later has room for more. */
  protected abstract get hasRoomLater(): boolean;
  /** Something was accepted that goes into a later session than this one. */
  protected get waitingLater(): WaitingLater {
    return nothingWaits;
  }

  /** There is no session: opens the call later, or throws. */
  protected abstract openLater(opening: CallOpening): void;
  abstract takesUnsent(error: MyelinError | undefined, retry: Retry | undefined): boolean;
  abstract tellDetached(reason: MyelinError): void;
  abstract tellEnd(end: SessionEnd): void;

  send(name: string, data?: unknown, options: SendOptions = noOptions): boolean {
    return this.sending.send(name, data, options);
  }

  post(name: string, data?: unknown, options: PostOptions = noOptions): Promise<void> {
    return this.sending.post(name, data, options);
  }

  call(name: string, input?: unknown, options: CallOptions = {}): Promise<unknown> {
    return this.#calls.answer("call", name, input, undefined, options);
  }

  upload(name: string, source: ItemSource, options: CallOptions = {}): Promise<unknown> {
    return this.#calls.answer("upload", name, undefined, source, options);
  }

  stream(name: string, input?: unknown, options: StreamOptions = {}): RemoteItems {
    return this.#calls.items("stream", name, input, undefined, options);
  }

  duplex(name: string, source: ItemSource, options: StreamOptions = {}): RemoteItems {
    return this.#calls.items("duplex", name, undefined, source, options);
  }

  handle(name: string, handler: UserHandler): Subscription {
    return this.endpoint.handle(this.handlers, name, handler);
  }

  on(name: string, listener: UserHandler, options: ListenerOptions = {}): Subscription {
    return this.endpoint.on(this.handlers, name, listener, options);
  }

  onState(listener: (state: PeerState) => void, options: ListenerOptions = {}): Subscription {
    checkListener("onState", listener, options);
    return this.listeners.on("state", listener, options);
  }

  onDrain(listener: () => void, options: ListenerOptions = {}): Subscription {
    checkListener("onDrain", listener, options);
    return this.listeners.on("drain", listener, options);
  }

  onNotice(listener: (notice: Notice) => void, options: ListenerOptions = {}): Subscription {
    checkListener("onNotice", listener, options);
    return this.listeners.on("notice", listener, options);
  }

  async flush(options: FlushOptions = {}): Promise<void> {
    checkWait("flush", options);
    const { done, giveUp } = this.flushes.add();
    await this.hold.during(bounded(done, "flush", options, this.endpoint.clock, giveUp));
  }

  async close(options: CloseOptions = {}): Promise<void> {
    checkCloseOptions(options);
    try {
      await this.#close(options);
    } catch (reason) {
      this.#notClosedWell ??= toMyelinError(reason);
    }
    // Also of a close before this one: what was lost then is not less lost now.
    if (this.#notClosedWell !== undefined) throw this.#notClosedWell;
  }

  async #close(options: CloseOptions): Promise<void> {
    const { drainMs = defaultDrainMs, retry = "now", signal, timeoutMs } = options;
    const farewellMs = timeoutMs ?? this.endpoint.closeTimeoutMs;
    if (this.#state === "closed") return this.#checkEnd();
    this.wasClosedHere = true;
    const closing = this.closeSession({ drainMs, timeoutMs: drainMs + farewellMs, retry });
    await hurried(closing, signal, () => {
      this.closeSession({ ...noPatience, retry }).catch(() => {});
    });
    await this.closed;
  }

  /** It ended by itself. Whoever called has heard of it, and would hear of this instead where that is no news. */
  async #checkEnd(): Promise<void> {
    const { error, undelivered } = await this.closed;
    const { unacknowledged, unsent } = undelivered;
    if (unacknowledged.events + unsent.events === 0) return;
    throw undeliveredError({ error, ...undelivered });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Whoever closed it before has heard of it.
    const wasTold = this.#notClosedWell !== undefined;
    try {
      await this.close();
    } catch {
      if (!wasTold) await this.tellUndelivered();
    }
  }

  /** What `close` tells by its error, where nobody waits for that. @internal */
  async tellUndelivered(): Promise<void> {
    this.#notices.addUndelivered((await this.closed).undelivered);
  }

  stats(): PeerStats {
    return {
      ...sessionStats(this.session, this.past, this.waitingLater),
      dropped: this.#notices.dropped,
      unhandled: this.#notices.unhandled,
      slow: this.sending.slow,
      resumed: this.resumptions,
    };
  }

  ref(): void {
    this.hold.ref();
  }

  unref(): void {
    this.hold.unref();
  }

  /** There is room, at least for the first of those who wait for it. */
  tellDrain(): void {
    this.sending.roomAgain();
  }

  /** Events dropped so far. @internal */
  get dropped(): number {
    return this.#notices.dropped;
  }

  tellDropped(events: number, bytes: number, reason: DroppedNotice["reason"] = "slow-peer"): void {
    this.#notices.addDropped(events, bytes, reason);
  }

  tellGoodbye(_goodbye: Goodbye): void {
    this.heardGoodbye = true;
  }

  tellUnhandled(name: string): void {
    this.#notices.addUnhandled(name);
  }

  tellHandlerError(name: string, reason: unknown): void {
    this.#notices.addFailure(name, reason);
  }

  tellListenerFailed(name: string, reason: unknown): void {
    this.#notices.addListenerFailed(name, reason);
  }

  /** How this peer's session is closed; without one it is over at once. */
  protected async closeSession(how: {
    drainMs: number;
    timeoutMs: number;
    retry: Retry;
  }): Promise<void> {
    await this.session?.close(how);
  }

  protected setState(state: PeerState): void {
    // Whoever is told of something may close it: nothing follows on that.
    if (this.#state === state || this.#state === "closed") return;
    this.#state = state;
    this.listeners.emit("state", state);
    this.flushes.changed();
  }

  /** A session stands, for the first time or again. */
  protected tellOpened(): void {
    const tap = this.resumptions === 0 ? sessionOpened : sessionResumed;
    if (tap.hasSubscribers) {
      tap.publish({ peer: this, dialect: this.dialect, remote: this.remote });
    }
  }

  protected tellClosed({ error, unacknowledged, unsent }: SessionEnd): void {
    if (sessionClosed.hasSubscribers) {
      sessionClosed.publish({ peer: this, error, unsent, unacknowledged });
    }
  }

  /** There is a connection: it is held or not, as was asked for before. */
  protected setConnection(connection: Connection): void {
    this.connection = connection;
    if (!this.hold.isHeld) connection.unref();
  }

  /** The process waits for this peer from now on, or does no more. */
  protected applyHold(isHeld: boolean): void {
    if (isHeld) this.connection?.ref();
    else this.connection?.unref();
  }

  protected finish({ error, unsent, unacknowledged }: SessionEnd): void {
    const by = this.wasClosedHere && error === undefined ? "here" : this.#endedBy(error);
    this.sending.failAll(closedError());
    this.setState("closed");
    this.listeners.letGo();
    this.handlers.letGo();
    this.#tellClosed({ by, error, undelivered: { unsent, unacknowledged } });
  }

  protected notify(notice: Notice): void {
    if (noticeSeen.hasSubscribers) noticeSeen.publish({ notice });
    const isHeard = this.listeners.emit("notice", notice);
    if (!this.passOn(notice) && !isHeard) warnOfNotice(notice);
  }

  /** Tells others than this peer's own listeners. @returns whether any heard it */
  protected passOn(_notice: Notice): boolean {
    return false;
  }

  #endedBy(error: MyelinError | undefined): CloseReason["by"] {
    if (error?.code === "ERR_CLOSED") return "here";
    return error === undefined || this.heardGoodbye ? "peer" : "failure";
  }
}

bindOnUse(SessionPeer.prototype, [
  ...(["send", "post", "call", "upload", "stream", "duplex", "handle", "on"] as const),
  ...(["onState", "onDrain", "onNotice", "flush", "close", "stats", "ref", "unref"] as const),
  Symbol.asyncDispose,
]);
showPeerBriefly(SessionPeer.prototype);
