/**
 * How much of large messages is on its way, and how much is to be. Nothing overtakes what the system has
 * taken: on a fast way that is megabytes, and a ping waits for 10 to 40 ms behind them. So parts of large
 * messages wait here while enough is under way: twice what the way holds, as far as acknowledgements show,
 * and `underWayBytes` at least. While less than it holds is under way, what arrives in a round trip is all
 * of that, and the bound doubles with each; it is no limit to how fast a long way is (compare BBR, by
 * Cardwell and others, 2016).
 */
import { Fifo } from "../../fifo.ts";
import { limits } from "../../limits.ts";
import type { Outgoing } from "./outgoing.ts";

/** A part that has left. */
interface Part {
  readonly frame: Outgoing;
  readonly sentAt: number;
  /** Bytes that had arrived when it left. */
  readonly arrivedBefore: number;
}

export class UnderWay {
  readonly #now: () => number;
  /** What has left, as far as the peer has not said that it has it. */
  readonly #parts = new Fifo<Part>();
  #bytes = 0;
  /** Bytes that have arrived since the session began. */
  #arrived = 0;
  /** The most bytes that arrived in a millisecond, as seen over a round trip. */
  #rate = 0;
  /** The shortest time from when a part left to when the peer said so. */
  #roundTripMs = Number.POSITIVE_INFINITY;
  #most: number = limits.underWayBytes;

  /** @param now milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#most;
  }

  /** A part leaves. */
  add(frame: Outgoing): void {
    this.#bytes += frame.length;
    this.#parts.push({ frame, sentAt: this.#now(), arrivedBefore: this.#arrived });
  }

  /** The peer has so many of all frames that have left. */
  arrived(frames: number): void {
    let newest: Part | undefined;
    for (let part = this.#parts.first; part !== undefined; part = this.#parts.first) {
      if (part.frame.number > frames) break;
      newest = part;
      this.#parts.shift();
      this.#bytes -= part.frame.length;
      this.#arrived += part.frame.length;
    }
    if (newest !== undefined) this.#measure(newest);
  }

  /** It is another way from here on. */
  forgetWay(): void {
    this.#rate = 0;
    this.#roundTripMs = Number.POSITIVE_INFINITY;
    this.#most = limits.underWayBytes;
  }

  clear(): void {
    this.#parts.clear();
    this.#bytes = 0;
  }

  /** Of those that are acknowledged together the newest has waited least for that. */
  #measure({ arrivedBefore, sentAt }: Part): void {
    const ms = this.#now() - sentAt;
    this.#roundTripMs = Math.min(this.#roundTripMs, ms);
    if (ms > 0) this.#rate = Math.max(this.#rate, (this.#arrived - arrivedBefore) / ms);
    this.#most = Math.max(limits.underWayBytes, 2 * this.#rate * this.#roundTripMs);
  }
}
