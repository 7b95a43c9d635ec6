/**
 * A client's way to a welcome over UDP: it says hello until it is answered, shows the cookie that it
 * was given, and hears the rest for whoever takes over.
 */
import type { Clock, Timer } from "../../clock.ts";
import { MyelinError } from "../../errors.ts";
import type { Connection, Sink } from "../../transport/transport.ts";
import type { Rejection } from "../handshake/greet-server.ts";
import {
  datagramBytes,
  datagramNonceBytes,
  datagramVersion,
  type RefuseDatagram,
  readDatagram,
  refuseReason,
  type WelcomeDatagram,
} from "./datagrams.ts";

export interface DatagramGreetingOptions {
  readonly clock: Clock;
  readonly connection: Connection;
  readonly timeoutMs: number;
  /** Gives who hears what follows; the welcome is valid only during the call. */
  readonly onWelcome: (welcome: WelcomeDatagram) => Sink | undefined;
  readonly onRejected: (rejection: Rejection) => void;
}

/** The first hello is repeated after so long, and each further one after twice the time before. */
const firstRetryMs = 100;
const lastRetryMs = 1_000;
/** A server that challenges again and again does not get an answer to each. */
const maxPromptAnswers = 3;

export class DatagramGreeting implements Sink {
  readonly #options: DatagramGreetingOptions;
  readonly #nonce: Buffer;
  #cookie: Buffer | undefined;
  #promptAnswers = 0;
  #retryMs = firstRetryMs;
  #retry: Timer | undefined;
  readonly #timeout: Timer;
  #isOver = false;
  #next: Sink | undefined;

  constructor(options: DatagramGreetingOptions) {
    const { clock, timeoutMs } = options;
    this.#options = options;
    this.#nonce = Buffer.from(clock.randomBytes(datagramNonceBytes));
    this.#timeout = clock.setTimeout(() => {
      const what = `the server has not answered within ${timeoutMs} ms`;
      this.#reject({ error: new MyelinError("ERR_TIMEOUT", what), retryAfterMs: null });
    }, timeoutMs);
  }

  /** Says the first hello. */
  begin(): void {
    this.#options.connection.open(this);
    this.#sayHello();
  }

  onData(bytes: Uint8Array): void {
    if (this.#next !== undefined) {
      this.#next.onData(bytes);
      return;
    }
    const datagram = this.#isOver ? undefined : readDatagram(bytes);
    // Whoever has not seen our hello cannot answer for the server.
    if (datagram === undefined || !("nonce" in datagram)) return;
    if (!this.#nonce.equals(datagram.nonce)) return;
    if (datagram.kind === "challenge") {
      this.#take(datagram.cookie);
    } else if (datagram.kind === "welcome") {
      this.#end();
      this.#next = this.#options.onWelcome(datagram);
    } else if (datagram.kind === "refuse") {
      this.#reject(rejectionOf(datagram));
    }
  }

  onDrain(): void {
    this.#next?.onDrain();
  }

  onClose(error?: MyelinError): void {
    if (this.#next !== undefined) {
      this.#next.onClose(error);
      return;
    }
    const what = "the connection ended before the welcome";
    const reason = error ?? new MyelinError("ERR_CONNECTION_LOST", what);
    this.#reject({ error: reason, retryAfterMs: null });
  }

  /** A cookie is shown at once where that is news, and else with the next repetition. */
  #take(cookie: Buffer): void {
    if (this.#cookie?.equals(cookie) === true) return;
    this.#cookie = Buffer.from(cookie);
    if (this.#promptAnswers >= maxPromptAnswers) return;
    this.#promptAnswers += 1;
    this.#retryMs = firstRetryMs;
    this.#sayHello();
  }

  #sayHello(): void {
    const { clock, connection } = this.#options;
    clock.clearTimeout(this.#retry);
    this.#retry = clock.setTimeout(() => this.#sayHello(), this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, lastRetryMs);
    const hello = { nonce: this.#nonce, cookie: this.#cookie, version: datagramVersion };
    try {
      connection.send(datagramBytes({ kind: "hello", ...hello }));
    } catch {
      // The connection is closing: its end is about to be told.
    }
  }

  #reject(rejection: Rejection): void {
    if (this.#isOver) return;
    this.#end();
    this.#options.connection.abort();
    this.#options.onRejected(rejection);
  }

  #end(): void {
    this.#isOver = true;
    this.#options.clock.clearTimeout(this.#retry);
    this.#options.clock.clearTimeout(this.#timeout);
  }
}

function rejectionOf({ highest, lowest, reason, retryAfterMs }: RefuseDatagram): Rejection {
  switch (reason) {
    case refuseReason.version: {
      const what = `the server speaks versions ${lowest} to ${highest} over UDP`;
      return { error: new MyelinError("ERR_VERSION", what), retryAfterMs: undefined };
    }
    case refuseReason.busy:
      return { error: new MyelinError("ERR_BUSY", "the server is full"), retryAfterMs };
    case refuseReason.closing:
      return { error: new MyelinError("ERR_REFUSED", "the server is closing"), retryAfterMs };
    default:
      return { error: new MyelinError("ERR_REFUSED", "the server refuses"), retryAfterMs };
  }
}
