/**
 * What users hold of a session. Its methods check names and options, and hand on to the session, or
 * to what stands in for it while there is none.
 */
import { abortedError } from "../../abort-watch.ts";
import { noticeSeen, sessionClosed, sessionOpened, sessionResumed } from "../../diagnostics.ts";
import type { Emitter, Subscription } from "../../emitter.ts";
import type { MyelinError } from "../../errors.ts";
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
import { type Encoded, ownCopy } from "../messages/data-codecs.ts";
import { checkName } from "../messages/name-table.ts";
import { WaitingPosts } from "../sending/waiting-posts.ts";
import { closedError, type SessionEnd } from "../session-end.ts";
import type { SessionOwner } from "../session-options.ts";
import type { ItemSource } from "../streams/items.ts";
import type { RemoteItems } from "../streams/remote-items.ts";
import { isSendingTapped, tellPayload } from "../taps.ts";
import { bindOnUse } from "./bound-methods.ts";
import { bounded, hurried } from "./bounded.ts";
import { showPeerBriefly } from "./brief.ts";
import {
  checkCloseOptions,
  checkListener,
  checkMethodOptions,
  checkWait,
} from "./peer-arguments.ts";
import { PeerCalls } from "./peer-calls.ts";
import { PeerFlushes } from "./peer-flushes.ts";
import { type PeerEvents, peerListeners } from "./peer-listeners.ts";
import { PeerNotices, warnOfNotice } from "./peer-notices.ts";
import { nothingWaits, sessionStats, type WaitingLater } from "./peer-stats.ts";
import { ProcessHold } from "./process-hold.ts";

const noOptions: SendOptions = Object.freeze({});
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
  /** How often the session went on over a new connection. */
  protected resumptions = 0;
  protected heardGoodbye = false;
  #state: PeerState;
  #tellClosed!: (reason: CloseReason) => void;
  #slow = 0;
  /** `send` returned false, and nobody was told of room since. */
  #owesDrain = false;
  protected readonly flushes: PeerFlushes;
  readonly #notices: PeerNotices;
  readonly #calls: PeerCalls<SessionPeer>;
  readonly #posts: WaitingPosts;

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
    this.#posts = new WaitingPosts({
      maxBytes: endpoint.budget.maxBytes / 2,
      account: endpoint.budget.open(),
      hasRoom: () => this.#hasRoom(),
      send: ({ encoded, headers, name }) => {
        const session = this.accepting;
        if (session === undefined) this.sendLater(name, () => encoded, headers);
        else session.encodedEvent(name, encoded, headers);
      },
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
    const { endpoint } = this;
    if (options !== noOptions) checkMethodOptions("send", options);
    const codec = endpoint.outgoing(name, "event")?.codec;
    const headers = endpoint.headers();
    if (isSendingTapped()) tellPayload(this, "event", name, data);
    const session = this.accepting;
    let hasRoom: boolean;
    if (session === undefined) {
      this.sendLater(name, () => endpoint.anyCodecs.encode(data, codec, options), headers);
      hasRoom = this.hasRoomLater;
    } else {
      hasRoom = session.event(name, data, codec, options, headers);
    }
    if (!hasRoom) {
      this.#slow += 1;
      this.#owesDrain = true;
    }
    return hasRoom;
  }

  async post(name: string, data?: unknown, options: PostOptions = noOptions): Promise<void> {
    checkWait("post", options);
    if (options.signal?.aborted === true) throw abortedError("post", options.signal.reason);
    if (this.#posts.isEmpty && this.#hasRoom()) {
      const { bytes, copy } = options;
      this.send(name, data, options === noOptions ? noOptions : { bytes, copy });
      return;
    }
    if (this.#state === "closed") throw closedError();
    checkName(name);
    const { endpoint } = this;
    const codec = endpoint.outgoing(name, "event")?.codec;
    const encoded = ownCopy(endpoint.anyCodecs.encode(data, codec, options));
    if (isSendingTapped()) tellPayload(this, "event", name, data);
    const post = this.#posts.add({ name, encoded, headers: endpoint.headers() });
    this.accepting?.awaitRoom();
    await this.hold.during(
      bounded(post.accepted, "post", options, this.endpoint.clock, post.withdraw),
    );
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
    const { closeTimeoutMs } = this.endpoint;
    const { drainMs = defaultDrainMs, retry = "now", signal, timeoutMs = closeTimeoutMs } = options;
    this.wasClosedHere = true;
    const closing = this.closeSession({ drainMs, timeoutMs: drainMs + timeoutMs, retry });
    await hurried(closing, signal, () => {
      this.closeSession({ ...noPatience, retry }).catch(() => {});
    });
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.close();
    } catch {
      await this.tellUndelivered();
    }
  }

  /** What `close` tells by its error, where nobody waits for that. @internal */
  async tellUndelivered(): Promise<void> {
    this.#notices.addUndelivered((await this.closed).undelivered);
  }

  stats(): PeerStats {
    return {
      ...sessionStats(this.session, this.waitingLater),
      dropped: this.#notices.dropped,
      unhandled: this.#notices.unhandled,
      slow: this.#slow,
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
    this.#posts.pump();
    if (!this.#posts.isEmpty || !this.#hasRoom()) {
      this.accepting?.awaitRoom();
      return;
    }
    if (!this.#owesDrain) return;
    this.#owesDrain = false;
    this.listeners.emit("drain");
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
    this.#posts.failAll(closedError());
    this.setState("closed");
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

  #hasRoom(): boolean {
    return this.accepting?.hasRoom ?? this.hasRoomLater;
  }
}

bindOnUse(SessionPeer.prototype, [
  ...(["send", "post", "call", "upload", "stream", "duplex", "handle", "on"] as const),
  ...(["onState", "onDrain", "onNotice", "flush", "close", "stats", "ref", "unref"] as const),
  Symbol.asyncDispose,
]);
showPeerBriefly(SessionPeer.prototype);
