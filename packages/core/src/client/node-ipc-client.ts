/** A client of a server of node-ipc: events, and nothing else. */
import type { Delimiter } from "../framing/delimiter.ts";
import type { Endpoint } from "../session/endpoint.ts";
import { NodeIpcConversation } from "../session/node-ipc/node-ipc-conversation.ts";
import type { SessionPeer } from "../session/peers/session-peer.ts";
import type { Connection } from "../transport/transport.ts";
import { LiveClient, type LiveClientOptions } from "./live-client.ts";

export class NodeIpcClient extends LiveClient {
  readonly dialect = "node-ipc";
  readonly #delimiter: Delimiter;

  constructor(endpoint: Endpoint<SessionPeer>, options: LiveClientOptions, delimiter: Delimiter) {
    super(endpoint, options);
    this.#delimiter = delimiter;
  }

  /** This wire resumes nothing. */
  tellDetached(): void {}

  /** Nobody is greeted on this wire: the connection is the welcome. */
  protected greet(connection: Connection): void {
    const { endpoint } = this;
    // The server has no name for the session, so the client makes one.
    const id = Buffer.from(endpoint.clock.randomBytes(12)).toString("base64url");
    this.enter(id, connection, () => {
      const conversation = new NodeIpcConversation<SessionPeer>({
        ...{ endpoint, connection, delimiter: this.#delimiter },
        ...{ peer: this, handlers: this.handlers },
      });
      connection.open(conversation);
      return conversation;
    });
  }
}
