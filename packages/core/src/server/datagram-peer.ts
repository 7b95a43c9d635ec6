/** A client over UDP, as its server holds it: events, and nothing else. */
import { MyelinError } from "../errors.ts";
import { DatagramConversation } from "../session/datagrams/datagram-conversation.ts";
import { datagramBytes, type HelloDatagram } from "../session/datagrams/datagrams.ts";
import type { Endpoint } from "../session/endpoint.ts";
import type { SessionPeer } from "../session/peers/session-peer.ts";
import type { Connection, Sink } from "../transport/transport.ts";
import { LivePeer, type PeerOwner } from "./live-peer.ts";

/** A client that has proven to be where its datagrams come from. */
export interface DatagramClient {
  readonly connection: Connection;
  readonly nonce: Buffer;
  readonly token: Buffer;
  readonly peerBytes: Buffer;
  readonly idleMs: number;
  /** What the doorman says to another client at the same address. */
  readonly ask: (bytes: Uint8Array) => HelloDatagram | Buffer | undefined;
}

export class DatagramPeer extends LivePeer {
  readonly dialect = "udp";
  readonly #client: DatagramClient;
  readonly #conversation: DatagramConversation<SessionPeer>;

  constructor(
    owner: PeerOwner,
    endpoint: Endpoint<SessionPeer>,
    id: string,
    client: DatagramClient,
  ) {
    const { connection, token } = client;
    super(owner, endpoint, id, connection);
    this.#client = client;
    this.#conversation = new DatagramConversation<SessionPeer>({
      ...{ endpoint, connection, peer: this, handlers: this.handlers, token },
      onHello: (hello, bytes) => this.#onHello(hello, bytes),
    });
    this.session = this.#conversation;
    this.#sayWelcome();
  }

  /** Hears the client. @internal */
  get sink(): Sink {
    return this.#conversation;
  }

  /** Nothing is resumed over UDP. */
  tellDetached(): void {}

  #onHello(hello: HelloDatagram, bytes: Uint8Array): void {
    if (hello.nonce.equals(this.#client.nonce)) {
      // The welcome was lost, or the hello came twice.
      if (hello.cookie !== undefined) this.#sayWelcome();
      return;
    }
    const answer = this.#client.ask(bytes);
    if (answer instanceof Uint8Array) this.#conversation.say(answer);
    else if (answer !== undefined) {
      // It says so again, and finds its place free.
      const what = "another client has begun at the same address";
      this.#conversation.abort(new MyelinError("ERR_CONNECTION_LOST", what));
    }
  }

  #sayWelcome(): void {
    const { idleMs, nonce, peerBytes: peer, token } = this.#client;
    this.#conversation.say(datagramBytes({ kind: "welcome", nonce, token, peer, idleMs }));
    // It is dropped where the welcome is lost: then there is another one.
    this.#conversation.begin();
  }
}
