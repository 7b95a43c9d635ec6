/**
 * Lets clients in over UDP. A source becomes a peer, and costs memory, only after it has brought back
 * a cookie: the transport asks for each datagram of a stranger, and knows nobody who was not let in.
 */
import { formatAddress } from "../address/address.ts";
import type { Clock, Timer } from "../clock.ts";
import type { MyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import {
  DatagramDoorman,
  type DatagramDoormanOptions,
  type Stranger,
} from "../session/datagrams/datagram-doorman.ts";
import { datagramPeerBytes, datagramTokenBytes } from "../session/datagrams/datagrams.ts";
import type { Connection, Screening, Sink } from "../transport/transport.ts";
import type { DatagramClient } from "./datagram-peer.ts";

export interface DatagramGateOptions extends DatagramDoormanOptions {
  readonly welcomeTimeoutMs: number;
  /** @returns who hears the client from now on; undefined: there is no server yet, or no more */
  readonly onLetIn: (id: string, client: DatagramClient) => Sink | undefined;
}

export class DatagramGate {
  readonly #options: DatagramGateOptions;
  readonly #doorman: DatagramDoorman;

  constructor(options: DatagramGateOptions) {
    this.#options = options;
    this.#doorman = new DatagramDoorman(options);
  }

  /** What becomes of a datagram whose source is not known to the listener at this address. */
  screen(address: string): Screening {
    return (bytes, from) => {
      const stranger = { source: formatAddress(from), address, hasPlace: false };
      const answer = this.#doorman.ask(bytes, stranger);
      return answer === undefined || answer instanceof Uint8Array ? answer : "accept";
    };
  }

  /** A source that may come in, or one that a transport did not ask about: it is asked here, then. */
  admit(connection: Connection, address: string, onSettled: () => void): void {
    const arrival = new Arrival(this.#options, this.#doorman, { connection, address, onSettled });
    connection.open(arrival);
  }
}

interface Comer {
  readonly connection: Connection;
  readonly address: string;
  readonly onSettled: () => void;
}

/** Hears a connection until its client is let in, and then for it. */
class Arrival implements Sink {
  readonly #options: DatagramGateOptions;
  readonly #doorman: DatagramDoorman;
  readonly #connection: Connection;
  readonly #stranger: Stranger;
  readonly #onSettled: () => void;
  readonly #timer: Timer;
  readonly #clock: Clock;
  #next: Sink | undefined;

  constructor(
    options: DatagramGateOptions,
    doorman: DatagramDoorman,
    { address, connection, onSettled }: Comer,
  ) {
    const { clock, welcomeTimeoutMs } = options;
    this.#options = options;
    this.#doorman = doorman;
    this.#connection = connection;
    this.#onSettled = onSettled;
    const { remote } = connection;
    const source = remote === undefined ? "" : formatAddress(remote);
    this.#stranger = { source, address, hasPlace: false };
    this.#clock = clock;
    this.#timer = clock.setTimeout(() => connection.abort(), welcomeTimeoutMs);
  }

  onData(bytes: Uint8Array): void {
    if (this.#next !== undefined) {
      this.#next.onData(bytes);
      return;
    }
    const answer = this.#doorman.ask(bytes, this.#stranger);
    if (answer === undefined) return;
    if (answer instanceof Uint8Array) this.#connection.send(answer);
    else this.#letIn(Buffer.from(answer.nonce));
  }

  onDrain(): void {
    this.#next?.onDrain();
  }

  onClose(error?: MyelinError): void {
    this.#settle();
    this.#next?.onClose(error);
  }

  #letIn(nonce: Buffer): void {
    const { clock, onLetIn } = this.#options;
    const peerBytes = Buffer.from(clock.randomBytes(datagramPeerBytes));
    this.#settle();
    this.#next = onLetIn(peerBytes.toString("base64url"), {
      connection: this.#connection,
      ...{ nonce, peerBytes },
      idleMs: this.#connection.peerIdleMs ?? limits.datagramPeerIdleMs,
      token: Buffer.from(clock.randomBytes(datagramTokenBytes)),
      ask: (bytes) => this.#doorman.ask(bytes, { ...this.#stranger, hasPlace: true }),
    });
    if (this.#next === undefined) this.#connection.abort();
  }

  #settle(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#onSettled();
  }
}
