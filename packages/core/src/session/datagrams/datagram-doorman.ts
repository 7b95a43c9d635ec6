/**
 * What a server says to sources that it does not know. It remembers nothing of them, works little for
 * them, and never sends more than it was sent: whoever forges a source gains nothing by it.
 */
import type { Clock } from "../../clock.ts";
import { MyelinError } from "../../errors.ts";
import { limits } from "../../limits.ts";
import { codeOfRefusal } from "../handshake/welcome.ts";
import { DatagramCookies } from "./datagram-cookies.ts";
import {
  datagramBytes,
  datagramVersion,
  type HelloDatagram,
  readDatagram,
  refuseReason,
} from "./datagrams.ts";

/** Whoever a datagram comes from. */
export interface Stranger {
  /** The address that it came from, as text. */
  readonly source: string;
  /** The listener that it came to. */
  readonly address: string;
  /** A peer has this source already: its place is the one that another client there would have. */
  readonly hasPlace: boolean;
}

export interface DatagramDoormanOptions {
  readonly clock: Clock;
  /** Whether another client comes in. Asked of those who have proven where they are. */
  readonly vacancy: () => "open" | "full" | "closing";
  /** One was turned away. */
  readonly onRefused: (stranger: Stranger, error: MyelinError) => void;
}

export class DatagramDoorman {
  readonly #options: DatagramDoormanOptions;
  readonly #cookies: DatagramCookies;

  constructor(options: DatagramDoormanOptions) {
    this.#options = options;
    this.#cookies = new DatagramCookies(options.clock);
  }

  /** @returns the hello of a client that comes in, an answer, or nothing */
  ask(bytes: Uint8Array, stranger: Stranger): HelloDatagram | Buffer | undefined {
    const datagram = readDatagram(bytes);
    if (datagram?.kind === "hello") return this.#greet(datagram, stranger);
    if (datagram?.kind !== "events" && datagram?.kind !== "ping") return undefined;
    // Its conversation is over here, and the client does not know.
    return datagramBytes({ kind: "unknown", token: datagram.token });
  }

  #greet(hello: HelloDatagram, stranger: Stranger): HelloDatagram | Buffer {
    const { cookie, nonce, version } = hello;
    const { hasPlace, source } = stranger;
    if (version !== datagramVersion) {
      const spoken = `speaks version ${version}, and this side ${datagramVersion}`;
      const error = new MyelinError("ERR_VERSION", `the client ${spoken}, over UDP`);
      this.#options.onRefused(stranger, error);
      return refusal(nonce, refuseReason.version, 0);
    }
    if (cookie === undefined || !this.#cookies.isValid(cookie, nonce, source)) {
      return datagramBytes({ kind: "challenge", nonce, cookie: this.#cookies.make(nonce, source) });
    }
    const vacancy = this.#options.vacancy();
    if (vacancy === "open" || (vacancy === "full" && hasPlace)) return hello;
    const reason = vacancy === "full" ? "busy" : "closing";
    const error = new MyelinError(codeOfRefusal(reason), `the client was refused (${reason})`);
    this.#options.onRefused(stranger, error);
    return refusal(nonce, refuseReason[reason], vacancy === "full" ? limits.busyRetryMs : 0);
  }
}

function refusal(nonce: Buffer, reason: number, retryAfterMs: number): Buffer {
  const versions = { lowest: datagramVersion, highest: datagramVersion };
  return datagramBytes({ kind: "refuse", nonce, reason, retryAfterMs, ...versions });
}
