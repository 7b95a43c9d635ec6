/**
 * Cookies: what a client must bring back, to prove that it is where its datagrams say. They are made
 * of what comes with the question and of a key, so that the server remembers nothing of strangers.
 *
 *     u32 seconds of the server's clock
 *     20 bytes: the first of HMAC-SHA256(key, seconds, nonce, source)
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../clock.ts";
import { limits } from "../../limits.ts";
import { cookieBytes } from "./datagrams.ts";

const keyBytes = 32;
const timeBytes = 4;

export class DatagramCookies {
  readonly #clock: Clock;
  /** New with every server: what one has made is nothing to the next. */
  readonly #key: Uint8Array;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#key = clock.randomBytes(keyBytes);
  }

  /** @param source the address that the hello came from, as text */
  make(nonce: Uint8Array, source: string): Buffer {
    return this.#cookie(this.#seconds(), nonce, source);
  }

  /** Made here, for this nonce and this source, and not long ago. */
  isValid(cookie: Buffer, nonce: Uint8Array, source: string): boolean {
    if (cookie.length !== cookieBytes) return false;
    const seconds = cookie.readUInt32LE(0);
    const ageMs = (this.#seconds() - seconds) * 1_000;
    if (ageMs < 0 || ageMs > limits.datagramCookieMs) return false;
    return timingSafeEqual(cookie, this.#cookie(seconds, nonce, source));
  }

  #seconds(): number {
    return Math.floor(this.#clock.now() / 1_000) >>> 0;
  }

  #cookie(seconds: number, nonce: Uint8Array, source: string): Buffer {
    const time = Buffer.allocUnsafe(timeBytes);
    time.writeUInt32LE(seconds);
    const proof = createHmac("sha256", this.#key)
      .update(time)
      .update(nonce)
      .update(source)
      .digest();
    return Buffer.concat([time, proof.subarray(0, cookieBytes - timeBytes)]);
  }
}
