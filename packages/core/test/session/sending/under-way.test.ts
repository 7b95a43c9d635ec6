// How much of large messages is under way: enough for the way, and little more.
import { describe, expect, test } from "vitest";
import { limits } from "../../../src/limits.ts";
import { SingleFrame } from "../../../src/session/sending/message-frames.ts";
import { UnderWay } from "../../../src/session/sending/under-way.ts";

const partBytes = 64 * 1024;
const least = limits.underWayBytes;

/** A way that takes so long, and brings at most so many bytes in a millisecond. */
class Way {
  now = 0;
  /** What a ping has shown. */
  pingMs: number | undefined;
  readonly underWay = new UnderWay({ now: () => this.now, roundTripMs: () => this.pingMs });
  readonly #arrivals: { at: number; number: number }[] = [];
  #freeAt = 0;
  #number = 0;
  readonly #roundTripMs: number;
  readonly #bytesPerMs: number;
  bytes = 0;

  constructor(roundTripMs: number, bytesPerMs: number) {
    this.#roundTripMs = roundTripMs;
    this.#bytesPerMs = bytesPerMs;
  }

  /** Sends what may be sent. */
  fill(): void {
    while (!this.underWay.isFull) {
      const frame = new SingleFrame(Buffer.alloc(partBytes));
      this.#number += 1;
      frame.number = this.#number;
      this.underWay.add(frame);
      this.bytes += partBytes;
      this.#freeAt = Math.max(this.#freeAt, this.now) + partBytes / this.#bytesPerMs;
      this.#arrivals.push({ at: this.#freeAt + this.#roundTripMs, number: this.#number });
    }
  }

  /** Until then all arrives that can, and as much is sent as may be. @returns bytes that have arrived */
  run(untilMs: number): number {
    let arrived = 0;
    this.fill();
    for (let next = this.#arrivals[0]; next !== undefined && next.at <= untilMs; ) {
      this.#arrivals.shift();
      this.now = next.at;
      arrived += partBytes;
      this.bytes -= partBytes;
      this.underWay.arrived(next.number);
      this.fill();
      next = this.#arrivals[0];
    }
    this.now = untilMs;
    return arrived;
  }
}

describe("what is under way", () => {
  test("is bounded before anything has arrived", () => {
    const way = new Way(1_000, 1_000);
    way.fill();
    expect(way.bytes).toBe(least);
  });

  test("on a way with next to no delay is as little ever after", () => {
    const way = new Way(0.2, 500_000);
    way.run(2_000);
    expect(way.bytes).toBe(least);
  });

  test("is as little where the peer tells late of what has arrived, and pings are fast", () => {
    const way = new Way(8, 500_000);
    way.pingMs = 0.2;
    way.run(2_000);
    expect(way.bytes).toBe(least);
    const unknown = new Way(8, 500_000);
    unknown.run(2_000);
    expect(unknown.bytes).toBeGreaterThan(2 * least);
  });

  test("on a slow way with much delay, too", () => {
    // A hundred milliseconds hold 200 kB.
    const way = new Way(100, 2_000);
    way.run(10_000);
    expect(way.bytes).toBe(least);
  });

  test("on a fast way with much delay grows to what it holds, within a few round trips", () => {
    // A hundred milliseconds hold 50 MB.
    const way = new Way(100, 500_000);
    way.pingMs = 100;
    way.run(700);
    const inTenRoundTrips = way.run(1_700);
    expect(inTenRoundTrips).toBeGreaterThan(0.9 * 1_000 * 500_000);
    expect(way.bytes).toBeLessThan(2.5 * 100 * 500_000);
  });

  test("is bounded where what leaves arrives in the same moment", () => {
    const way = new Way(0, 1_000);
    way.fill();
    way.underWay.arrived(least / partBytes);
    way.bytes -= least;
    way.fill();
    expect(way.bytes).toBe(least);
  });

  test("is what it was at first when there is another connection", () => {
    const way = new Way(100, 500_000);
    way.run(2_000);
    way.underWay.forgetWay();
    expect(way.bytes).toBeGreaterThan(least);
    expect(way.underWay.isFull).toBe(true);
  });
});
