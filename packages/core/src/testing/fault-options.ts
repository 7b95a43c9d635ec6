/** What can go wrong on a connection, how often, and how a test hears of it. */
import type { Clock } from "../clock.ts";
import { checkAll, checkObject, checkOption, type OptionRule, type Shape } from "../options.ts";
import { clock } from "../session/shapes.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** One number, or two between which one is drawn each time, both included. */
export type Range = number | readonly [min: number, max: number];

/** `up`: from the side that dialled to the one that listens. `down`: back. */
export type Direction = "up" | "down";

/** Which faults come by chance. Without any, everything passes as it is, and a test makes them itself. */
export interface FaultOptions {
  /** All chance follows from it: print it when a test fails. @defaultValue 1 */
  seed?: number;
  /** What delays and stalls are measured by. @defaultValue the system's */
  clock?: Clock;
  /** How often a dial is refused, from 0 to 1. @defaultValue 0 */
  refuse?: number;
  /**
   * Every connection breaks when so many bytes have passed, both directions together: exactly these
   * arrive, and none after them.
   */
  cutAfterBytes?: Range;
  /** Every piece comes so much later. The order stays. */
  delayMs?: Range;
  /** The stream is cut anew into pieces of these sizes: some split, some merged. */
  chunkBytes?: Range;
  /**
   * Before a piece, its direction comes to a halt for a time, with this probability; the other goes
   * on, as on a connection that is half open.
   */
  stall?: { readonly chance: number; readonly ms: Range };
  /**
   * How often a byte becomes another, from 0 to 1. No transport does this to its bytes: it is for
   * finding out what a reader does with nonsense.
   * @defaultValue 0
   */
  corrupt?: number;
  /** Hears of each fault when it happens, those that a test makes included. */
  onFault?: (fault: Fault) => void;
}

/** Something that went wrong, on purpose. */
export interface Fault {
  readonly kind: "refused" | "cut" | "stalled" | "healed" | "corrupted";
  /** By the clock. */
  readonly atMs: number;
  /** The number of the dial, from 1. */
  readonly connection: number;
  readonly direction?: Direction;
  /** Bytes that had passed in this direction; for a cut, in both. */
  readonly bytes?: number;
}

const chance: Shape = {
  what: "a probability from 0 to 1",
  is: (value) => typeof value === "number" && value >= 0 && value <= 1,
};

const rules: Readonly<Record<keyof FaultOptions, OptionRule>> = {
  seed: { what: "a whole number", is: Number.isInteger },
  ...{ clock, refuse: chance, corrupt: chance, stall: "object", onFault: "function" },
  ...{ cutAfterBytes: rangeFrom(0), delayMs: rangeFrom(0) },
  // Pieces of nothing would never bring anything over.
  chunkBytes: rangeFrom(1),
};

const stallRules: Readonly<Record<"chance" | "ms", OptionRule>> = { chance, ms: rangeFrom(0) };

/**
 * @throws {MyelinError} `ERR_CONFIG` for an option that nobody knows, and for a value that is none, or
 * out of its bounds.
 */
export function checkFaultOptions(owner: string, options: FaultOptions): void {
  checkObject(owner, options);
  checkAll(owner, "", options, rules);
  const { stall } = options;
  if (stall === undefined) return;
  checkAll(owner, "stall.", stall, stallRules);
  // Without a time it would never end.
  for (const key of ["chance", "ms"] as const) {
    checkOption(owner, `stall.${key}`, stall[key], stallRules[key]);
  }
}

function rangeFrom(lowest: number): Shape {
  return {
    what: `a whole number from ${lowest} on, or [min, max]`,
    is: (value) => {
      const bounds: unknown[] = Array.isArray(value) ? value : [value, value];
      const [min, max] = bounds;
      if (bounds.length !== 2 || !Number.isInteger(min) || !Number.isInteger(max)) return false;
      return (min as number) >= lowest && (max as number) >= (min as number);
    },
  };
}

export function drawFrom(range: Range, random: SeededRandom): number {
  return random.integer(...boundsOf(range));
}

function boundsOf(range: Range): readonly [min: number, max: number] {
  return typeof range === "number" ? [range, range] : range;
}
