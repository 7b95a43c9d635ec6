/** What can go wrong on a connection, how often, and how a test hears of it. */
import type { Clock } from "../clock.ts";
import { MyelinError } from "../errors.ts";
import { unknownOption } from "../options.ts";
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

const known: readonly (keyof FaultOptions)[] = [
  ...(["seed", "clock", "refuse", "cutAfterBytes", "delayMs"] as const),
  ...(["chunkBytes", "stall", "corrupt", "onFault"] as const),
];

/**
 * @throws {MyelinError} `ERR_CONFIG` for an option that nobody knows, and when a number is none, or out
 * of its bounds.
 */
export function checkFaultOptions(options: FaultOptions): void {
  for (const key of Object.keys(options)) {
    if (!(known as readonly string[]).includes(key)) throw unknownOption("faulty", key, known);
  }
  const { refuse = 0, corrupt = 0, stall, cutAfterBytes, delayMs, chunkBytes } = options;
  for (const [name, chance] of Object.entries({
    refuse,
    corrupt,
    "stall.chance": stall?.chance ?? 0,
  })) {
    if (!(chance >= 0 && chance <= 1)) throw wrong(name, "is a probability from 0 to 1");
  }
  const ranges = { cutAfterBytes, delayMs, "stall.ms": stall?.ms };
  for (const [name, range] of Object.entries(ranges)) checkRange(name, range, 0);
  // Pieces of nothing would never bring anything over.
  checkRange("chunkBytes", chunkBytes, 1);
}

function checkRange(name: string, range: Range | undefined, lowest: number): void {
  if (range === undefined) return;
  const [min, max] = boundsOf(range);
  if (!(Number.isInteger(min) && Number.isInteger(max) && min >= lowest && max >= min)) {
    throw wrong(name, `is a whole number from ${lowest} on, or [min, max]`);
  }
}

function wrong(name: string, what: string): MyelinError {
  return new MyelinError("ERR_CONFIG", `faulty(): ${name} ${what}`);
}

export function drawFrom(range: Range, random: SeededRandom): number {
  return random.integer(...boundsOf(range));
}

function boundsOf(range: Range): readonly [min: number, max: number] {
  return typeof range === "number" ? [range, range] : range;
}
