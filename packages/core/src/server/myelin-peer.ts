/** A client that speaks the myelin wire, as its server holds it: its session may outlive its connection. */
import { timingSafeEqual } from "node:crypto";
import type { Timer } from "../clock.ts";
import { sessionDetached } from "../diagnostics.ts";
import { MyelinError } from "../errors.ts";
import type { Endpoint } from "../session/endpoint.ts";
import type { LetIn } from "../session/handshake/greet-client.ts";
import type { Hello, ResumeRequest } from "../session/handshake/hello.ts";
import type { SessionPeer } from "../session/peers/session-peer.ts";
import type { WindowSize } from "../session/sending/send-window.ts";
import type { Session } from "../session/session.ts";
import { closedError, type SessionEnd } from "../session/session-end.ts";
import { resumeSession, sinkOf, startSession } from "../session/start-session.ts";
import type { Connection } from "../transport/transport.ts";
import { type TakenBack, tokenLength } from "./gate.ts";
import { LivePeer, type PeerOwner } from "./live-peer.ts";

export class MyelinPeer extends LivePeer {
  readonly dialect = "myelin";
  readonly #hello: Hello;
  /** The smaller of both sides, as the newest welcome says it. */
  #windowMs: number;
  /** The session, as what may go on over another connection. */
  readonly #resumable: Session<SessionPeer>;
  /** What the client was told that it may send. */
  readonly #window: WindowSize;
  /** Newest first: those that the client may hold, of all welcomes that may have been lost on the way. */
  #tokens: readonly Uint8Array[];
  /** The newest attempt to come back. */
  #returning: Connection | undefined;
  #expiry: Timer | undefined;
  #heldBytes = 0;

  constructor(
    owner: PeerOwner,
    endpoint: Endpoint<SessionPeer>,
    id: string,
    client: LetIn,
    isLocal: boolean,
  ) {
    const { connection, hello, welcome } = client;
    super(owner, endpoint, id, connection);
    this.#hello = hello;
    this.#windowMs = welcome.resume?.windowMs ?? 0;
    this.#tokens = welcome.resume === undefined ? [] : [welcome.resume.token];
    const { windowBytes: bytes, windowMessages: messages } = welcome.limits;
    this.#window = { bytes, messages };
    this.#resumable = startSession<SessionPeer>({
      endpoint,
      peer: this,
      handlers: this.handlers,
      connection,
      theirs: hello.limits,
      window: this.#window,
      codecs: welcome.codecs,
      isResumable: welcome.resume !== undefined,
      isLocal,
      handOn: (sink) => client.handOn(sink),
    });
    this.session = this.#resumable;
  }

  /**
   * Takes the session from its connection for a client that proves to be the same. A wrong token
   * changes nothing.
   * @internal
   */
  override takeBack(
    { token }: ResumeRequest,
    hello: Hello,
    connection: Connection,
  ): TakenBack | undefined {
    const session = this.#resumable;
    const at = this.#tokens.findIndex((own) => isSame(own, token));
    if (this.state === "closed" || at === -1) return undefined;
    if (!this.#isSameClient(hello, connection)) return undefined;
    // What is unread on the old connection comes again over the new one.
    session.detach(new MyelinError("ERR_CONNECTION_LOST", "the client came back"));
    this.#returning = connection;
    const next = this.endpoint.clock.randomBytes(tokenLength);
    // The client has this one, and may have got one of those that it was given for it before.
    this.#tokens = [next, ...this.#tokens.slice(0, at).slice(0, maxUnproven), token];
    return { peer: this.id, received: session.received, token: next, window: this.#window };
  }

  /** The client is here. @internal */
  override comeBack({ connection, handOn, resumed, welcome }: LetIn): void {
    const session = this.#resumable;
    const isNewest = connection === this.#returning;
    if (this.state === "closed" || resumed === undefined || !isNewest) {
      connection.abort();
      return;
    }
    this.#stopWaiting();
    this.owner.onAttached(this);
    this.setConnection(connection);
    this.resumptions += 1;
    this.#windowMs = welcome.resume?.windowMs ?? this.#windowMs;
    if (!resumeSession(session, connection, resumed.received)) {
      // What else it says is nobody's, and is not kept.
      handOn(sinkOf(session, connection));
      return;
    }
    this.setState("open");
    this.tellOpened();
    const sink = sinkOf(session, connection);
    const onData = (chunk: Uint8Array): void => {
      this.#prove(welcome.resume?.token);
      sink.onData(chunk);
    };
    handOn({ ...sink, onData });
  }

  /**
   * The client has spoken in the session, and so has this token: an attempt with an older one is of
   * before, comes late, and must not take the session from its connection.
   */
  #prove(token: Uint8Array | undefined): void {
    if (this.#tokens.length > 1 && token !== undefined) this.#tokens = [token];
  }

  tellDetached(reason: MyelinError): void {
    // One that comes back may be told to be lost later than it was.
    const isNews = this.state !== "detached";
    this.setState("detached");
    if (isNews && sessionDetached.hasSubscribers)
      sessionDetached.publish({ peer: this, error: reason });
    // Whoever was told may have closed it.
    if (this.state !== "detached") return;
    this.#stopWaiting();
    this.#expiry = this.endpoint.clock.setTimeout(() => this.expire(reason), this.#windowMs);
    // Without a connection nothing else keeps a process alive that waits for an answer.
    if (this.hold.isHeld) this.#expiry.ref();
    this.owner.onDetached(this);
    this.owner.onHeld(this, this.#heldBytes);
  }

  tellHeld(bytes: number): void {
    this.#heldBytes = bytes;
    if (this.state === "detached") this.owner.onHeld(this, bytes);
  }

  /** Nobody comes back for it. @internal */
  override expire(reason: MyelinError): void {
    if (this.state === "detached") this.session?.abort(reason);
  }

  override tellEnd(end: SessionEnd): void {
    this.#stopWaiting();
    super.tellEnd(end);
  }

  protected override applyHold(isHeld: boolean): void {
    super.applyHold(isHeld);
    if (isHeld) this.#expiry?.ref();
    else this.#expiry?.unref();
  }

  /** Its client is here, or will not come. */
  #stopWaiting(): void {
    this.endpoint.clock.clearTimeout(this.#expiry);
    this.#expiry = undefined;
  }

  protected override async closeSession(
    how: Parameters<SessionPeer["closeSession"]>[0],
  ): Promise<void> {
    if (this.state === "detached" && this.isLeaving) this.session?.abort(closedError());
    await super.closeSession(how);
  }

  #isSameClient(hello: Hello, connection: Connection): boolean {
    const { connection: old } = this;
    const same = (one: unknown, other: unknown): boolean =>
      JSON.stringify(one) === JSON.stringify(other);
    return (
      same(hello.limits, this.#hello.limits) &&
      same(hello.codecs, this.#hello.codecs) &&
      same(connection.peer.fingerprint, old?.peer.fingerprint) &&
      isSameUser(connection, old)
    );
  }
}

/** Welcomes in a row, beside the newest, that were lost or came late: who breaks off more often is a new client. */
const maxUnproven = 6;

/** Whoever asked who the client was relies on it; who never did leaves it unknown, and it is not asked now. */
function isSameUser({ peer }: Connection, old: Connection | undefined): boolean {
  const before = old?.peer.credentials ?? "unknown";
  if (before === "unknown") return true;
  const { credentials: now } = peer;
  return now !== "unknown" && now.uid === before.uid && now.gid === before.gid;
}

/** In constant time: how long it takes tells nothing about how much is right. */
function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
