/** A client, as its server holds it. What it speaks is the business of those who know the dialect. */
import { formatAddress } from "../address/address.ts";
import { MyelinError } from "../errors.ts";
import type { Notice } from "../peer/notice.ts";
import type { EventPast } from "../session/conversation.ts";
import type { Endpoint } from "../session/endpoint.ts";
import { Handlers } from "../session/handlers.ts";
import type { LetIn } from "../session/handshake/greet-client.ts";
import type { Hello, ResumeRequest } from "../session/handshake/hello.ts";
import type { Encoded } from "../session/messages/data-codecs.ts";
import { bindOnUse } from "../session/peers/bound-methods.ts";
import { SessionPeer } from "../session/peers/session-peer.ts";
import { closedError, type SessionEnd } from "../session/session-end.ts";
import { nobody } from "../transport/capabilities.ts";
import type { Connection, PeerIdentity } from "../transport/transport.ts";
import type { TakenBack } from "./gate.ts";
import type { Rooms } from "./rooms.ts";

/** The server that it belongs to. */
export interface PeerOwner {
  readonly rooms: Rooms<LivePeer>;
  /** Nobody is let in any more. */
  readonly isClosing: boolean;
  onGone(peer: LivePeer): void;
  onDetached(peer: LivePeer): void;
  /** It has a connection again. */
  onAttached(peer: LivePeer): void;
  /** A peer that waits for its client holds so many bytes for it. */
  onHeld(peer: LivePeer, bytes: number): void;
  tellNotice(notice: Notice): boolean;
}

const forMany: EventPast = Object.freeze({ isForMany: true });

export abstract class LivePeer extends SessionPeer {
  readonly id: string;
  protected readonly owner: PeerOwner;

  constructor(
    owner: PeerOwner,
    endpoint: Endpoint<SessionPeer>,
    id: string,
    connection: Connection,
  ) {
    super(endpoint, new Handlers(endpoint.handlers), "open");
    this.id = id;
    this.owner = owner;
    this.setConnection(connection);
  }

  get remote(): string | undefined {
    const remote = this.connection?.remote;
    return remote === undefined ? undefined : formatAddress(remote);
  }

  get identity(): PeerIdentity {
    return this.connection?.peer ?? nobody;
  }

  /** Its client could only come back to a server that is no longer there. @internal */
  get isLeaving(): boolean {
    return this.owner.isClosing;
  }

  get rooms(): ReadonlySet<string> {
    return this.owner.rooms.roomsOf(this);
  }

  join(room: string): void {
    if (typeof room !== "string") throw new MyelinError("ERR_CONFIG", "a room must be text");
    if (this.state !== "closed") this.owner.rooms.join(room, this);
  }

  leave(room: string): void {
    this.owner.rooms.leave(room, this);
  }

  /** It has been let in, and handlers may be attached. @internal */
  entered(): void {
    this.tellOpened();
  }

  /** Handlers are in place. @internal */
  release(): void {
    this.session?.release();
  }

  /** Sends what many get. @internal */
  sendEncoded(name: string, encoded: Encoded, headers: Buffer | undefined): boolean {
    if (this.session === undefined) throw closedError();
    const hasRoom = this.session.encodedEvent(name, encoded, headers, forMany);
    if (!hasRoom) this.sending.full();
    return hasRoom;
  }

  /**
   * Takes the session from its connection for a client that proves to be the same.
   * @returns undefined: the client gets a new session
   * @internal
   */
  takeBack(_resume: ResumeRequest, _hello: Hello, _connection: Connection): TakenBack | undefined {
    return undefined;
  }

  /** The client is here again. @internal */
  comeBack({ connection }: LetIn): void {
    connection.abort();
  }

  /** Nobody comes back for a session that waits. @internal */
  expire(_reason: MyelinError): void {}

  /** The client comes back as another peer, if at all. */
  takesUnsent(): boolean {
    return false;
  }

  tellEnd(end: SessionEnd): void {
    this.tellClosed(end);
    this.owner.rooms.leaveAll(this);
    this.owner.onGone(this);
    this.finish(end);
  }

  protected override passOn(notice: Notice): boolean {
    return this.owner.tellNotice(notice);
  }

  protected sendLater(): never {
    throw closedError();
  }

  /** Nothing is sent later: whoever waits for room hears so at once. */
  protected get hasRoomLater(): boolean {
    return true;
  }

  protected openLater(): never {
    throw closedError();
  }
}

bindOnUse(LivePeer.prototype, ["join", "leave"]);
