/** A client, as its server holds it. */
import { formatAddress } from "../address/address.ts";
import type { MyelinError } from "../errors.ts";
import type { Notice } from "../peer/notice.ts";
import { bindOnUse } from "../session/bound-methods.ts";
import type { Encoded } from "../session/data-codecs.ts";
import type { Endpoint } from "../session/endpoint.ts";
import type { LetIn } from "../session/greet-client.ts";
import { Handlers } from "../session/handlers.ts";
import { closedError, type SessionEnd } from "../session/session-end.ts";
import { SessionPeer } from "../session/session-peer.ts";
import { startSession } from "../session/start-session.ts";
import type { PeerIdentity } from "../transport/transport.ts";
import type { Rooms } from "./rooms.ts";

/** The server that it belongs to. */
export interface PeerOwner {
  readonly rooms: Rooms<LivePeer>;
  onGone(peer: LivePeer): void;
  tellNotice(notice: Notice): void;
}

export class LivePeer extends SessionPeer {
  readonly id: string;
  readonly remote: string | undefined;
  readonly identity: PeerIdentity;
  readonly #owner: PeerOwner;

  constructor(
    owner: PeerOwner,
    endpoint: Endpoint<SessionPeer>,
    id: string,
    client: LetIn,
    isLocal: boolean,
  ) {
    super(endpoint, new Handlers(endpoint.handlers), "open");
    const { connection, hello } = client;
    this.id = id;
    this.remote = connection.remote === undefined ? undefined : formatAddress(connection.remote);
    this.identity = connection.peer;
    this.#owner = owner;
    this.setConnection(connection);
    this.session = startSession<SessionPeer>({
      endpoint,
      peer: this,
      handlers: this.handlers,
      connection,
      theirs: hello.limits,
      isLocal,
      handOn: (sink) => client.handOn(sink),
    });
  }

  get rooms(): ReadonlySet<string> {
    return this.#owner.rooms.roomsOf(this);
  }

  join(room: string): void {
    if (this.state !== "closed") this.#owner.rooms.join(room, this);
  }

  leave(room: string): void {
    this.#owner.rooms.leave(room, this);
  }

  /** Handlers are in place. @internal */
  release(): void {
    this.session?.release();
  }

  /** @internal */
  sendEncoded(name: string, encoded: Encoded): boolean {
    if (this.session === undefined) throw closedError();
    return this.session.encodedEvent(name, encoded);
  }

  /** Ends it now. @internal */
  cut(error: MyelinError): void {
    this.session?.abort(error);
  }

  tellEnd(end: SessionEnd): void {
    this.#owner.rooms.leaveAll(this);
    this.#owner.onGone(this);
    this.finish(end);
  }

  protected override notify(notice: Notice): void {
    super.notify(notice);
    this.#owner.tellNotice(notice);
  }

  protected sendLater(): never {
    throw closedError();
  }

  protected openLater(): never {
    throw closedError();
  }
}

bindOnUse(LivePeer.prototype, ["join", "leave"]);
