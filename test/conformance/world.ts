// What a conformance test stands on: one transport, an address, and everything that was opened, to be closed again.
import assert from "node:assert/strict";
import type { Address, Connection, Listener, Transport } from "myelin";
import { turns, within } from "../support/within.ts";
import { Recorder } from "./recorder.ts";

/** What a transport brings to the suite. */
export interface TransportSetup {
  /** The transport that listens, and that dials unless `dialling` is another. */
  readonly transport: Transport;
  readonly dialling?: Transport;
  /** An address that nobody uses and that can be listened to, a fresh one for each call. */
  address(): Address | Promise<Address>;
  /** Dialling an address where nobody listens is refused. UDP cannot know. */
  readonly refuses?: boolean;
  /** Overrides the capability: Wine lends the name of a pipe twice. */
  readonly exclusive?: boolean;
  /** Overrides the capability: Wine's pipes end in both directions at once. */
  readonly halfClose?: boolean;
  /** An address can be listened to again once its listener was closed. An inherited socket is gone then. */
  readonly reusable?: boolean;
  /** A closed listener refuses at once. On Windows a dial waits while connections of it stand. */
  readonly frees?: boolean;
  /**
   * What was sent just before an abort, and not read, does not arrive. Wine's pipes deliver it, and so do transports
   * without feedback: they have no place to hold it back.
   */
  readonly discards?: boolean;
  /** The largest message of the echo test. @defaultValue 8 MiB */
  readonly maxBytes?: number;
}

/** Both ends of a connection, each with its recorder. */
export interface Pair {
  readonly client: Connection;
  readonly server: Connection;
  readonly clientHears: Recorder;
  readonly serverHears: Recorder;
}

export class World {
  readonly #setup: TransportSetup;
  readonly #recorders: Recorder[] = [];
  readonly #connections: Connection[] = [];
  readonly #listeners: Listener[] = [];
  readonly #accepted: Connection[] = [];
  #onAccepted: (() => void) | undefined;

  constructor(setup: TransportSetup) {
    this.#setup = setup;
  }

  get transport(): Transport {
    return this.#setup.transport;
  }

  get isStream(): boolean {
    return this.transport.capabilities.stream;
  }

  /** A listener whose connections wait for {@link accept}. */
  async listen(address?: Address): Promise<Listener> {
    return this.listenWith((connection) => {
      this.#accepted.push(connection);
      this.#onAccepted?.();
    }, address);
  }

  async listenWith(
    onConnection: (connection: Connection) => void,
    address?: Address,
  ): Promise<Listener> {
    const listener = await this.transport.listen(
      address ?? (await this.#setup.address()),
      (connection) => {
        this.#connections.push(connection);
        onConnection(connection);
      },
    );
    this.#listeners.push(listener);
    return listener;
  }

  /** A listener that sends back what it gets. */
  listenEchoing(address?: Address): Promise<Listener> {
    return this.listenWith(echo, address);
  }

  address(): Address | Promise<Address> {
    return this.#setup.address();
  }

  async dial(address: Address, options?: { signal?: AbortSignal }): Promise<Connection> {
    const { transport, dialling = transport } = this.#setup;
    const connection = await within("dial", dialling.dial(address, options));
    this.#connections.push(connection);
    return connection;
  }

  /** The next connection that came to {@link listen}. */
  async accept(): Promise<Connection> {
    if (this.#accepted.length === 0) {
      await within(
        "a connection to be accepted",
        new Promise<void>((resolve) => {
          this.#onAccepted = resolve;
        }),
      );
    }
    return this.#accepted.shift() as Connection;
  }

  record(connection: Connection): Recorder {
    const recorder = new Recorder(connection);
    this.#recorders.push(recorder);
    return recorder;
  }

  /** Two connected ends. */
  async pair(listener?: Listener): Promise<Pair> {
    const { address } = listener ?? (await this.listen());
    const client = await this.dial(address);
    const clientHears = this.record(client);
    // A datagram listener meets its peer with the first datagram.
    if (!this.isStream) client.send("hello");
    const server = await this.accept();
    const serverHears = this.record(server);
    if (!this.isStream) {
      await serverHears.datagrams(1);
      serverHears.chunks.length = 0;
      serverHears.byteCount = 0;
    }
    return { client, server, clientHears, serverHears };
  }

  /**
   * Waits until whatever was on its way has arrived: a round trip on a fresh connection is slower than
   * anything that the system has already taken.
   */
  async settle(): Promise<void> {
    const listener = await this.listenEchoing();
    for (let n = 0; n < 2; n++) {
      const connection = await this.dial(listener.address);
      const recorder = this.record(connection);
      connection.send("ping");
      await recorder.received(4);
      connection.abort();
      await recorder.closed();
      await turns();
    }
    await listener.close();
  }

  /** Closes everything, and fails when a rule was broken on any connection meanwhile. */
  async end(): Promise<void> {
    for (const connection of this.#connections) connection.abort();
    for (const listener of this.#listeners) await within("close of a listener", listener.close());
    for (const recorder of this.#recorders) await recorder.closed();
    await turns();
    assert.deepEqual(
      this.#recorders.flatMap(({ violations }) => violations),
      [],
    );
  }
}

/** Sends back what comes, and waits when the other side does not read. */
export function echo(connection: Connection): void {
  connection.open({
    onData: (chunk) => {
      if (!connection.send(Uint8Array.from(chunk))) connection.pause();
    },
    onDrain: () => connection.resume(),
    onClose: () => {},
  });
}
