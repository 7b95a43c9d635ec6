/** A client of node-ipc, as its server holds it: events, and nothing else. */
import type { MyelinError } from "../errors.ts";
import type { Delimiter } from "../framing/delimiter.ts";
import type { Endpoint } from "../session/endpoint.ts";
import { NodeIpcConversation } from "../session/node-ipc/node-ipc-conversation.ts";
import type { SessionPeer } from "../session/peers/session-peer.ts";
import type { Connection, Sink } from "../transport/transport.ts";
import { LivePeer, type PeerOwner } from "./live-peer.ts";

/** A connection whose client was let in, and how to get what it says. */
export interface NodeIpcClient {
  readonly connection: Connection;
  readonly delimiter: Delimiter;
  readonly handOn: (sink: Sink) => void;
}

export class NodeIpcPeer extends LivePeer {
  readonly dialect = "node-ipc";
  readonly #conversation: NodeIpcConversation<SessionPeer>;
  readonly #handOn: NodeIpcClient["handOn"];

  constructor(
    owner: PeerOwner,
    endpoint: Endpoint<SessionPeer>,
    id: string,
    { connection, delimiter, handOn }: NodeIpcClient,
  ) {
    super(owner, endpoint, id, connection);
    this.#conversation = new NodeIpcConversation<SessionPeer>({
      ...{ endpoint, connection, delimiter, peer: this, handlers: this.handlers },
    });
    this.session = this.#conversation;
    this.#handOn = handOn;
  }

  /**
   * Hears what the client has said, and its end, no sooner: it may be gone already, and is a peer all
   * the same until those have been told who wait for peers.
   */
  override release(): void {
    // Then the connection may be somebody else's.
    if (this.state === "closed") return;
    this.#handOn(this.#conversation);
    super.release();
  }

  /** It is none: the connection goes on without it. @internal */
  giveUp(reason: MyelinError): void {
    this.#conversation.leave(reason);
  }

  /** This wire resumes nothing. */
  tellDetached(): void {}
}
