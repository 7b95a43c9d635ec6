/** The listening side of UDP: one socket, and a connection for each source that is heard. */
import { formatAddress, type NetworkAddress } from "../address/address.ts";
import { type Clock, systemClock, type Timer } from "../clock.ts";
import { listenerFailed } from "../diagnostics.ts";
import { MyelinError } from "../errors.ts";
import type { ResolvedUdpOptions } from "../options.ts";
import type { DatagramEndpoint, DatagramSource } from "./datagram.ts";
import { DatagramConnection } from "./datagram-connection.ts";
import type { Connection, Listener, ListenOptions, Screening } from "./transport.ts";

/** What `udp()` was told, and what follows from it. */
export interface UdpSettings extends ResolvedUdpOptions {
  readonly safeDatagramBytes: number;
}

/** A table of sources, bounded in number and in time, since anybody can forge one. */
export class UdpListener implements Listener {
  readonly isShared = true;
  onError?: (error: MyelinError) => void;
  readonly #endpoint: DatagramEndpoint;
  readonly #options: UdpSettings;
  readonly #onConnection: (connection: Connection) => void;
  readonly #screen: Screening | undefined;
  // In the order in which they were last heard: the first is the one longest unheard.
  readonly #connections = new Map<string, DatagramConnection>();
  readonly #clock: Clock;
  #sweeping: Timer;

  constructor(
    endpoint: DatagramEndpoint,
    options: UdpSettings,
    onConnection: (connection: Connection) => void,
    { clock = systemClock, screen }: ListenOptions = {},
  ) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#onConnection = onConnection;
    this.#screen = screen;
    this.#clock = clock;
    this.#sweeping = this.#sweepLater();
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
    if (known === undefined && !this.#passes(bytes, source)) return;
    const connection = known ?? this.#meet(key, source);
    connection.heardAt = this.#clock.now();
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
    this.#clock.clearTimeout(this.#sweeping);
    for (const connection of [...this.#connections.values()]) {
      connection.finish(new MyelinError("ERR_CLOSED", "the listener was closed"));
    }
  }

  /** Strangers are asked about, and may be answered, before they cost anything. */
  #passes(bytes: Uint8Array, { address: host, port }: DatagramSource): boolean {
    if (this.#screen === undefined) return true;
    const verdict = this.#screen(bytes, { scheme: "udp", host, port });
    if (verdict === undefined || verdict === "accept") return verdict === "accept";
    // Sources can be forged: nobody gets more sent to another's address than they send themselves.
    if (verdict.length <= bytes.length) this.#endpoint.send(verdict, port, host, ignore);
    return false;
  }

  #meet(key: string, { address: host, port }: DatagramSource): DatagramConnection {
    const { maxDatagramBytes, maxPeers, peerIdleMs, safeDatagramBytes } = this.#options;
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
      ...{ maxDatagramBytes, peerIdleMs, safeDatagramBytes },
      queuedBytes: () => socket.getSendQueueSize(),
      transmit: (data, onSent) => socket.send(data, port, host, onSent),
      release: () => void this.#connections.delete(key),
    });
  }

  #sweepLater(): Timer {
    const ms = Math.ceil(this.#options.peerIdleMs / 2);
    return this.#clock.setTimeout(() => {
      this.#sweeping = this.#sweepLater();
      this.#forgetIdle();
    }, ms);
  }

  #forgetIdle(): void {
    const { peerIdleMs } = this.#options;
    const limit = this.#clock.now() - peerIdleMs;
    for (const connection of [...this.#connections.values()]) {
      if (connection.heardAt > limit) return;
      const message = `forgotten: nothing was heard for ${peerIdleMs} ms`;
      connection.finish(new MyelinError("ERR_TIMEOUT", message));
    }
  }
}

/** An answer to a stranger that could not be sent is nobody's business. */
function ignore(): void {}
