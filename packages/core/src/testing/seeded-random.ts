/** Chance that can be repeated: the same seed gives the same numbers, on every machine. */
import { MyelinError } from "../errors.ts";
import { shown } from "../options.ts";

/** A stream of numbers that follows from its seed (Mulberry32: 32 bits of state, period 2^32). */
export class SeededRandom {
  readonly seed: number;
  #state: number;

  /**
   * @param seed any integer; its low 32 bits count.
   * @throws {MyelinError} `ERR_CONFIG` when it is none: all fractions would be the same seed.
   */
  constructor(seed: number) {
    if (!Number.isInteger(seed)) {
      throw new MyelinError("ERR_CONFIG", `seed must be a whole number, not ${shown(seed)}`);
    }
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** True with this probability, from 0 (never) to 1 (always). */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.integer(0, 255));
  }
}
