/**
 * What users hold of a session. Its methods check names and options, and hand on to the session, or
 * to what stands in for it while there is none.
 */
import { Emitter, type Subscription } from "../emitter.ts";
import type { MyelinError } from "../errors.ts";
import type {
  CallOptions,
  CloseOptions,
  FlushOptions,
  ListenerOptions,
  PostOptions,
  SendOptions,
  StreamOptions,
} from "../peer/call-options.ts";
import type { Notice } from "../peer/notice.ts";
import type { CloseReason, PeerState } from "../peer/peer.ts";
import type { PeerStats } from "../peer/stats.ts";
import type { Connection, PeerIdentity } from "../transport/transport.ts";
import { bindOnUse } from "./bound-methods.ts";
import { bounded } from "./bounded.ts";
import { type AnsweredKind, type CallInput, callRequest } from "./call-request.ts";
import type { CallRequest } from "./calling.ts";
import type { Endpoint, UserHandler } from "./endpoint.ts";
import type { Goodbye, Retry } from "./goodbye.ts";
import type { Handlers } from "./handlers.ts";
import type { ItemSource } from "./items.ts";
import type { MessageContext } from "./message-context.ts";
import { checkName } from "./name-table.ts";
import { checkedSource, notRun, refuseBytes } from "./peer-arguments.ts";
import { PeerNotices, warnOfNotice } from "./peer-notices.ts";
import type { PendingCall } from "./pending-call.ts";
import { ProcessHold } from "./process-hold.ts";
import { RemoteItems } from "./remote-items.ts";
import type { Session } from "./session.ts";
import { closedError, type SessionEnd } from "./session-end.ts";
import type { SessionOwner, SessionStats } from "./session-options.ts";
import { timeLimit } from "./time-limit.ts";

interface PeerEvents {
  state: readonly [PeerState];
  drain: readonly [];
  notice: readonly [Notice];
}

/** Opens a call in a session: now, or when there is one. */
export interface CallOpening {
  readonly request: CallRequest;
  readonly onOpen: (call: PendingCall) => void;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: MyelinError) => void;
}

const defaultDrainMs = 1_000;

export abstract class SessionPeer implements SessionOwner, AsyncDisposable {
  abstract readonly id: string;
  readonly dialect = "myelin";
  readonly closed: Promise<CloseReason>;
  protected readonly endpoint: Endpoint<SessionPeer>;
  /** Its own, asked before the endpoint's. */
  protected readonly handlers: Handlers<MessageContext<SessionPeer>>;
  protected readonly listeners: Emitter<PeerEvents> = new Emitter();
  protected session: Session<SessionPeer> | undefined;
  protected connection: Connection | undefined;
  protected readonly hold: ProcessHold = new ProcessHold((isHeld) => this.applyHold(isHeld));
  protected wasClosedHere = false;
  /** How often the session went on over a new connection. */
  protected resumptions = 0;
  protected heardGoodbye = false;
  #state: PeerState;
  #tellClosed!: (reason: CloseReason) => void;
  #slow = 0;
  readonly #notices: PeerNotices;

  constructor(
    endpoint: Endpoint<SessionPeer>,
    handlers: Handlers<MessageContext<SessionPeer>>,
    state: PeerState,
  ) {
    this.endpoint = endpoint;
    this.handlers = handlers;
    this.#state = state;
    this.#notices = new PeerNotices(this, endpoint.clock, (notice) => this.notify(notice));
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
  protected get accepting(): Session<SessionPeer> | undefined {
    return this.session;
  }

  /** There is no session: sends the event later, or throws. */
  protected abstract sendLater(name: string, data: unknown, codec: string | undefined): boolean;
  /** There is no session: opens the call later, or throws. */
  protected abstract openLater(opening: CallOpening): void;
  abstract tellDetached(reason: MyelinError): void;
  abstract tellEnd(end: SessionEnd): void;

  send(name: string, data?: unknown, options: SendOptions = {}): boolean {
    refuseBytes(options);
    const codec = this.endpoint.outgoing(name, "event")?.codec;
    const session = this.accepting;
    const hasRoom =
      session === undefined ? this.sendLater(name, data, codec) : session.event(name, data, codec);
    if (!hasRoom) this.#slow += 1;
    return hasRoom;
  }

  async post(name: string, data?: unknown, options: PostOptions = {}): Promise<void> {
    timeLimit("post(): timeoutMs", options.timeoutMs);
    const session = this.accepting;
    if (session !== undefined && !session.hasRoom) await this.#room(options);
    this.send(name, data, options);
  }

  call(name: string, input?: unknown, options: CallOptions = {}): Promise<unknown> {
    return this.#answer("call", name, input, undefined, options);
  }

  upload(name: string, source: ItemSource, options: CallOptions = {}): Promise<unknown> {
    return this.#answer("upload", name, undefined, source, options);
  }

  stream(name: string, input?: unknown, options: StreamOptions = {}): RemoteItems {
    refuseBytes(options);
    return this.#items("stream", name, input, undefined, options);
  }

  duplex(name: string, source: ItemSource, options: StreamOptions = {}): RemoteItems {
    refuseBytes(options);
    return this.#items("duplex", name, undefined, checkedSource(source), options);
  }

  handle(name: string, handler: UserHandler): Subscription {
    return this.endpoint.handle(this.handlers, name, handler);
  }

  on(name: string, listener: UserHandler, options: ListenerOptions = {}): Subscription {
    return this.endpoint.on(this.handlers, name, listener, options);
  }

  onState(listener: (state: PeerState) => void, options?: ListenerOptions): Subscription {
    return this.listeners.on("state", listener, options);
  }

  onDrain(listener: () => void, options?: ListenerOptions): Subscription {
    return this.listeners.on("drain", listener, options);
  }

  onNotice(listener: (notice: Notice) => void, options?: ListenerOptions): Subscription {
    return this.listeners.on("notice", listener, options);
  }

  async flush(options: FlushOptions = {}): Promise<void> {
    timeLimit("flush(): timeoutMs", options.timeoutMs);
    this.hold.add();
    try {
      await bounded(this.#flush(), "flush", options, this.endpoint.clock);
    } finally {
      this.hold.remove();
    }
  }

  async close(options: CloseOptions = {}): Promise<void> {
    const { drainMs = defaultDrainMs, timeoutMs = this.endpoint.closeTimeoutMs } = options;
    timeLimit("close(): drainMs", drainMs);
    timeLimit("close(): timeoutMs", timeoutMs);
    this.wasClosedHere = true;
    await this.closeSession({ drainMs, timeoutMs: drainMs + timeoutMs, retry: "now" });
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.close();
    } catch {
      // Told as a notice, for there is nobody else to tell.
      const { undelivered } = await this.closed;
      this.notify({ kind: "undelivered", peer: this, ...undelivered });
    }
  }

  stats(): PeerStats {
    const { session } = this;
    return {
      ...(session?.stats() ?? noStats),
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

  tellDrain(): void {
    this.listeners.emit("drain");
  }

  /** Events dropped so far. @internal */
  get dropped(): number {
    return this.#notices.dropped;
  }

  tellDropped(events: number, bytes: number, reason: "slow-peer" | "offline" = "slow-peer"): void {
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

  /** How this peer's session is closed; without one it is over at once. */
  protected async closeSession(how: {
    drainMs: number;
    timeoutMs: number;
    retry: Retry;
  }): Promise<void> {
    await this.session?.close(how);
  }

  protected setState(state: PeerState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.listeners.emit("state", state);
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
    this.setState("closed");
    this.#tellClosed({ by, error, undelivered: { unsent, unacknowledged } });
  }

  protected notify(notice: Notice): void {
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

  /** Nothing here costs a promise more than the one that the caller gets. */
  #answer(
    kind: "call" | "upload",
    name: string,
    data: unknown,
    source: ItemSource | undefined,
    options: CallOptions,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      refuseBytes(options);
      const { ref = true, signal, timeoutMs = this.endpoint.callTimeoutMs } = options;
      const checked = kind === "upload" ? checkedSource(source) : undefined;
      const input = { data, source: checked };
      const request = this.#request(kind, name, input, timeoutMs, signal);
      this.#openHeld({ request, onOpen: ignore, resolve, reject }, ref);
    });
  }

  #items(
    kind: "stream" | "duplex",
    name: string,
    data: unknown,
    source: ItemSource | undefined,
    { ref = true, signal, timeoutMs }: StreamOptions,
  ): RemoteItems {
    const request = this.#request(kind, name, { data, source }, timeoutMs, signal);
    return new RemoteItems((onOpen, reject) => {
      this.#openHeld({ request, onOpen, resolve: ignore, reject }, ref);
    });
  }

  /** The process waits until it is settled. */
  #openHeld(opening: CallOpening, ref: boolean): void {
    if (!ref) {
      this.#open(opening);
      return;
    }
    const { reject, resolve } = opening;
    this.hold.add();
    this.#open({
      ...opening,
      resolve: (value) => {
        this.hold.remove();
        resolve(value);
      },
      reject: (error) => {
        this.hold.remove();
        reject(error);
      },
    });
  }

  #request(
    kind: AnsweredKind,
    name: string,
    input: CallInput,
    timeoutMs: number | undefined,
    signal: AbortSignal | undefined,
  ): CallRequest {
    if (this.session === undefined) checkName(name);
    return callRequest(this.endpoint.outgoing(name, kind), kind, name, input, timeoutMs, signal);
  }

  #open(opening: CallOpening): void {
    const session = this.accepting;
    try {
      if (session === undefined) this.openLater(opening);
      else opening.onOpen(session.open(opening.request, opening.resolve, opening.reject));
    } catch (reason) {
      opening.reject(notRun(reason));
    }
  }

  /** What waits for a connection is not flushed before there is one. */
  async #flush(): Promise<void> {
    while (this.session === undefined) {
      if (this.#state === "closed") throw closedError();
      await new Promise<void>((resolve) => {
        this.listeners.on("state", () => resolve(), { once: true });
      });
    }
    await this.session.flush();
  }

  /** Resolves when there is room. */
  #room(options: PostOptions): Promise<void> {
    const room = new Promise<void>((resolve, reject) => {
      const drained = this.listeners.on("drain", resolve, { once: true });
      void this.closed.then(() => {
        drained.dispose();
        reject(closedError());
      });
    });
    return bounded(room, "post", options, this.endpoint.clock);
  }
}

function ignore(): void {}

const noTraffic = Object.freeze({ messages: 0, bytes: 0 });
const noStats: SessionStats = Object.freeze({
  sent: noTraffic,
  received: noTraffic,
  pendingBytes: 0,
  pendingCalls: 0,
  activeHandlers: 0,
  late: 0,
  roundTripMs: undefined,
});

bindOnUse(SessionPeer.prototype, [
  ...(["send", "post", "call", "upload", "stream", "duplex", "handle", "on"] as const),
  ...(["onState", "onDrain", "onNotice", "flush", "close", "stats", "ref", "unref"] as const),
  Symbol.asyncDispose,
]);
