/**
 * What a server says to sources that it does not know. It remembers nothing of them, works little for
 * them, and never sends more than it was sent: whoever forges a source gains nothing by it.
 */
import type { Clock } from "../clock.ts";
import { DatagramCookies } from "./datagram-cookies.ts";
import {
  datagramBytes,
  datagramVersion,
  type HelloDatagram,
  readDatagram,
  refuseReason,
} from "./datagrams.ts";

export interface DatagramDoormanOptions {
  readonly clock: Clock;
  /** Whether another client comes in. Asked of those who have proven where they are. */
  readonly vacancy: () => "open" | "full" | "closing";
  /** One was turned away. */
  readonly onRefused: () => void;
}

/** How soon those come back for whom there was no room. */
const busyRetryMs = 1_000;

export class DatagramDoorman {
  readonly #options: DatagramDoormanOptions;
  readonly #cookies: DatagramCookies;

  constructor(options: DatagramDoormanOptions) {
    this.#options = options;
    this.#cookies = new DatagramCookies(options.clock);
  }

  /**
   * @param source where it came from, as text
   * @returns the hello of a client that comes in, an answer, or nothing
   */
  ask(bytes: Uint8Array, source: string): HelloDatagram | Buffer | undefined {
    const datagram = readDatagram(bytes);
    if (datagram?.kind === "hello") return this.#greet(datagram, source);
    if (datagram?.kind !== "events" && datagram?.kind !== "ping") return undefined;
    // Its conversation is over here, and the client does not know.
    return datagramBytes({ kind: "unknown", token: datagram.token });
  }

  #greet(hello: HelloDatagram, source: string): HelloDatagram | Buffer {
    const { cookie, nonce, version } = hello;
    if (version !== datagramVersion) return refusal(nonce, refuseReason.version, 0);
    if (cookie === undefined || !this.#cookies.isValid(cookie, nonce, source)) {
      return datagramBytes({ kind: "challenge", nonce, cookie: this.#cookies.make(nonce, source) });
    }
    const vacancy = this.#options.vacancy();
    if (vacancy === "open") return hello;
    this.#options.onRefused();
    return vacancy === "full"
      ? refusal(nonce, refuseReason.busy, busyRetryMs)
      : refusal(nonce, refuseReason.closing, 0);
  }
}

function refusal(nonce: Buffer, reason: number, retryAfterMs: number): Buffer {
  const versions = { lowest: datagramVersion, highest: datagramVersion };
  return datagramBytes({ kind: "refuse", nonce, reason, retryAfterMs, ...versions });
}
