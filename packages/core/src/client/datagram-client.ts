/** A client over UDP: events, and nothing else. */

import { MyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { CallOpening } from "../session/calls/call-opening.ts";
import { DatagramConversation, eventsOnly } from "../session/datagrams/datagram-conversation.ts";
import { DatagramGreeting } from "../session/datagrams/datagram-greeting.ts";
import {
  askingIntervalMs,
  DatagramKeepAlive,
  patience,
} from "../session/datagrams/datagram-keep-alive.ts";
import type { WelcomeDatagram } from "../session/datagrams/datagrams.ts";
import type { Endpoint } from "../session/endpoint.ts";
import type { Rejection } from "../session/handshake/greet-server.ts";
import type { SessionPeer } from "../session/peers/session-peer.ts";
import type { Connection } from "../transport/transport.ts";
import { LiveClient, type LiveClientOptions } from "./live-client.ts";

export interface DatagramClientOptions extends LiveClientOptions {
  readonly welcomeTimeoutMs: number;
}

export class DatagramClient extends LiveClient {
  readonly dialect = "udp";
  readonly #options: DatagramClientOptions;

  constructor(endpoint: Endpoint<SessionPeer>, options: DatagramClientOptions) {
    super(endpoint, options);
    this.#options = options;
  }

  /** Nothing is resumed over UDP. */
  tellDetached(): void {}

  protected override openLater(_opening: CallOpening): never {
    throw eventsOnly();
  }

  protected greet(connection: Connection, failed: (rejection: Rejection) => void): void {
    const greeting: DatagramGreeting = new DatagramGreeting({
      clock: this.endpoint.clock,
      connection,
      timeoutMs: this.#options.welcomeTimeoutMs,
      onWelcome: (welcome) => {
        if (this.state !== "closed") return this.#enter(connection, welcome);
        connection.abort();
        return undefined;
      },
      onRejected: failed,
    });
    greeting.begin();
  }

  #enter(
    connection: Connection,
    { idleMs, peer, token }: WelcomeDatagram,
  ): DatagramConversation<SessionPeer> {
    const { endpoint } = this;
    const conversation = new DatagramConversation<SessionPeer>({
      ...{ endpoint, connection, peer: this, handlers: this.handlers },
      token: Buffer.from(token),
      keepAlive: (owner) => this.#keepAlive(owner, idleMs),
    });
    this.enter(peer.toString("base64url"), connection, () => conversation);
    conversation.begin();
    return conversation;
  }

  #keepAlive(owner: DatagramConversation<SessionPeer>, idleMs: number): DatagramKeepAlive {
    const { clock, heartbeatMs = limits.heartbeatMs } = this.endpoint;
    return new DatagramKeepAlive({
      clock,
      intervalMs: askingIntervalMs(heartbeatMs, idleMs),
      ask: () => owner.ping(),
      onSilence: () => {
        const message = `the server is gone: no answer to ${patience} questions`;
        owner.abort(new MyelinError("ERR_CONNECTION_LOST", message));
      },
    });
  }
}
