/**
 * How much of large messages is on its way, and how much is to be. Nothing overtakes what the system has
 * taken: on a fast way that is megabytes, and a ping waits for 10 to 40 ms behind them. So parts of large
 * messages wait here while enough is under way: twice what the way holds, as far as acknowledgements show,
 * and `underWayBytes` at least. While less than it holds is under way, what arrives in a round trip is all
 * of that, and the bound doubles with each; it is no limit to how fast a long way is (compare BBR, by
 * Cardwell and others, 2016). Pings tell how long the way is: a part waits for the parts before it, and
 * by its time there would be as many of them ever after.
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

/** What two event loops add to a round trip is not the way: parts that wait there are of no use. */
const ofLoopsMs = 4;

/** What it measures by, in milliseconds. */
export interface WayClock {
  readonly now: () => number;
  /** The newest round trip of a ping on this way; undefined before the first. */
  readonly roundTripMs: () => number | undefined;
}

export class UnderWay {
  readonly #clock: WayClock;
  /** What has left, as far as the peer has not said that it has it. */
  readonly #parts = new Fifo<Part>();
  #bytes = 0;
  /** Bytes that have arrived since the session began. */
  #arrived = 0;
  /** The most bytes that arrived in a millisecond, as seen over a round trip. */
  #rate = 0;
  /** The shortest of the pings', and of the times from when a part left to when the peer said so. */
  #roundTripMs = Number.POSITIVE_INFINITY;
  #most: number = limits.underWayBytes;

  constructor(clock: WayClock) {
    this.#clock = clock;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#most;
  }

  /** A part leaves. */
  add(frame: Outgoing): void {
    this.#bytes += frame.length;
    this.#parts.push({ frame, sentAt: this.#clock.now(), arrivedBefore: this.#arrived });
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
    const ms = this.#clock.now() - sentAt;
    this.#roundTripMs = Math.min(this.#roundTripMs, ms, this.#clock.roundTripMs() ?? ms);
    if (ms > 0) this.#rate = Math.max(this.#rate, (this.#arrived - arrivedBefore) / ms);
    const wayMs = Math.max(this.#roundTripMs - ofLoopsMs, 0);
    this.#most = Math.max(limits.underWayBytes, 2 * this.#rate * wayMs);
  }
}
