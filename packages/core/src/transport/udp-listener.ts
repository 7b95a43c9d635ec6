/** The listening side of UDP: one socket, and a connection for each source that is heard. */
import { formatAddress, type NetworkAddress } from "../address/address.ts";
import { listenerFailed } from "../diagnostics.ts";
import { MyelinError } from "../errors.ts";
import type { ResolvedUdpOptions } from "../options.ts";
import type { DatagramEndpoint, DatagramSource } from "./datagram.ts";
import { DatagramConnection } from "./datagram-connection.ts";
import type { Connection, Listener } from "./transport.ts";

/** A table of sources, bounded in number and in time, since anybody can forge one. */
export class UdpListener implements Listener {
  onError?: (error: MyelinError) => void;
  readonly #endpoint: DatagramEndpoint;
  readonly #options: ResolvedUdpOptions;
  readonly #onConnection: (connection: Connection) => void;
  // In the order in which they were last heard: the first is the one longest unheard.
  readonly #connections = new Map<string, DatagramConnection>();
  readonly #sweeping: NodeJS.Timeout;

  constructor(
    endpoint: DatagramEndpoint,
    options: ResolvedUdpOptions,
    onConnection: (connection: Connection) => void,
  ) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#onConnection = onConnection;
    this.#sweeping = setInterval(() => this.#forgetIdle(), Math.ceil(options.peerIdleMs / 2));
    this.#sweeping.unref();
  }

  get address(): NetworkAddress {
    return this.#endpoint.address;
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }

  ref(): void {
    this.#endpoint.socket.ref();
  }

  unref(): void {
    this.#endpoint.socket.unref();
  }

  /** A datagram arrived. */
  received(bytes: Uint8Array, source: DatagramSource): void {
    const key = `${source.address} ${source.port}`;
    const known = this.#connections.get(key);
    const connection = known ?? this.#meet(key, source);
    connection.heardAt = performance.now();
    this.#connections.delete(key);
    this.#connections.set(key, connection);
    if (known === undefined) this.#onConnection(connection);
    connection.received(bytes);
  }

  /** The socket itself failed; a datagram that cannot be sent concerns its connection only. */
  failed(error: MyelinError): void {
    if (listenerFailed.hasSubscribers) {
      listenerFailed.publish({ address: formatAddress(this.address), error });
    }
    this.onError?.(error);
  }

  /** The socket is closed, and with it all that share it. */
  closed(): void {
    clearInterval(this.#sweeping);
    for (const connection of [...this.#connections.values()]) {
      connection.finish(new MyelinError("ERR_CLOSED", "the listener was closed"));
    }
  }

  #meet(key: string, { address: host, port }: DatagramSource): DatagramConnection {
    const { maxDatagramBytes, maxPeers } = this.#options;
    const { socket } = this.#endpoint;
    if (this.#connections.size >= maxPeers) {
      const [oldest] = this.#connections.values();
      const message = `forgotten: ${maxPeers} other peers were heard since`;
      oldest?.finish(new MyelinError("ERR_CONNECTION_LOST", message));
    }
    return new DatagramConnection({
      side: "accepted",
      local: this.address,
      remote: { scheme: "udp", host, port },
      maxDatagramBytes,
      queuedBytes: () => socket.getSendQueueSize(),
      transmit: (data, onSent) => socket.send(data, port, host, onSent),
      release: () => void this.#connections.delete(key),
    });
  }

  #forgetIdle(): void {
    const { peerIdleMs } = this.#options;
    const limit = performance.now() - peerIdleMs;
    for (const connection of [...this.#connections.values()]) {
      if (connection.heardAt > limit) return;
      const message = `forgotten: nothing was heard for ${peerIdleMs} ms`;
      connection.finish(new MyelinError("ERR_TIMEOUT", message));
    }
  }
}
