/** One direction of a faulty connection: bytes wait here until they may pass, in their order. */
import { type Clock, systemClock, type Timer } from "../clock.ts";
import { Fifo } from "../fifo.ts";
import { drawFrom, type FaultOptions } from "./fault-options.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** What a {@link FaultLane} tells its connection. */
export interface LaneOwner {
  /** A piece passes. */
  deliver(piece: Uint8Array): void;
  /** Nothing waits any more, and nothing holds the lane. In a turn of its own. */
  empty(): void;
  /** A fault that chance made. */
  fault(kind: "stalled" | "healed" | "corrupted", passedBytes: number): void;
}

interface Waiting {
  bytes: Uint8Array;
  readonly dueAt: number;
}

export class FaultLane {
  readonly #options: FaultOptions;
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #owner: LaneOwner;
  /** Datagrams pass whole. */
  readonly #isWhole: boolean;
  readonly #waiting = new Fifo<Waiting>();
  #waitingBytes = 0;
  #passedBytes = 0;
  #untilCorrupt: number;
  #isScheduled = false;
  /** The receiver cannot take any more. */
  #isHeld = false;
  /** By a test, until it heals. */
  #isStalled = false;
  /** By chance, until the timer ends it; the next piece then passes. */
  #halt: "none" | "halted" | "over" = "none";
  #delay: Timer | undefined;
  #haltEnd: Timer | undefined;

  constructor(options: FaultOptions, random: SeededRandom, isWhole: boolean, owner: LaneOwner) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = random;
    this.#owner = owner;
    this.#isWhole = isWhole;
    this.#untilCorrupt = this.#drawCorruption();
  }

  get bytes(): number {
    return this.#waitingBytes;
  }

  get passedBytes(): number {
    return this.#passedBytes;
  }

  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** The bytes are the lane's from now on, and wait at least for the next turn. */
  push(bytes: Uint8Array): void {
    this.#add(bytes);
    this.schedule();
  }

  /** As {@link push}, but what nothing holds back passes at once. */
  pass(bytes: Uint8Array): void {
    const isFirst = this.#waiting.size === 0 && !this.#isScheduled;
    this.#add(bytes);
    // Pieces of other sizes need several to be made of.
    if (isFirst && this.#options.chunkBytes === undefined) this.#deliver();
    const { last } = this.#waiting;
    if (last === undefined) return;
    // Its sender may give the memory away before it passes.
    last.bytes = Uint8Array.from(last.bytes);
    this.schedule();
  }

  #add(bytes: Uint8Array): void {
    const { delayMs } = this.#options;
    const delay = delayMs === undefined ? 0 : drawFrom(delayMs, this.#random);
    const before = this.#waiting.last?.dueAt ?? 0;
    this.#waiting.push({ bytes, dueAt: Math.max(before, this.#clock.now() + delay) });
    this.#waitingBytes += bytes.length;
  }

  /** Looks again, in a turn of its own, what may pass. */
  schedule(): void {
    if (this.#isScheduled || this.isBlocked) return;
    const wait = (this.#waiting.first?.dueAt ?? 0) - this.#clock.now();
    this.#isScheduled = true;
    if (wait <= 0) {
      this.#clock.setImmediate(this.#run);
      return;
    }
    this.#delay = this.#clock.setTimeout(this.#run, wait);
    this.#delay.ref();
  }

  /** Nothing passes, however late it is. */
  get isBlocked(): boolean {
    return this.#isHeld || this.#isStalled || this.#halt === "halted";
  }

  /** Something waits that could have passed: whoever takes it is behind. */
  get isBehind(): boolean {
    const { first } = this.#waiting;
    return first !== undefined && first.dueAt <= this.#clock.now();
  }

  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.schedule();
  }

  stall(): void {
    this.#isStalled = true;
  }

  /** Ends every halt, those by chance too. */
  heal(): void {
    this.#isStalled = false;
    this.#clock.clearTimeout(this.#haltEnd);
    if (this.#halt === "halted") this.#halt = "over";
    this.schedule();
  }

  /** Drops what waits, and is of no more use. */
  clear(): void {
    this.#waiting.clear();
    this.#waitingBytes = 0;
    this.#clock.clearTimeout(this.#delay);
    this.#clock.clearTimeout(this.#haltEnd);
  }

  readonly #run = (): void => {
    this.#isScheduled = false;
    try {
      this.#deliver();
    } finally {
      // A reader that threw loses its piece, but not those after it.
      if (this.#waiting.size > 0) this.schedule();
    }
    if (this.#waiting.size === 0 && !this.isBlocked) this.#owner.empty();
  };

  #deliver(): void {
    for (let next = this.#waiting.first; next !== undefined; next = this.#waiting.first) {
      if (this.isBlocked || next.dueAt > this.#clock.now() || this.#haltsByChance()) return;
      const piece = this.#corrupted(this.#take(next));
      this.#passedBytes += piece.length;
      this.#owner.deliver(piece);
    }
  }

  #take(next: Waiting): Uint8Array {
    const { chunkBytes } = this.#options;
    if (this.#isWhole || chunkBytes === undefined) return this.#takeFrom(next, next.bytes.length);
    let wanted = drawFrom(chunkBytes, this.#random);
    const parts: Uint8Array[] = [];
    const now = this.#clock.now();
    for (
      let each: Waiting | undefined = next;
      each !== undefined && wanted > 0 && each.dueAt <= now;
      each = this.#waiting.first
    ) {
      const part = this.#takeFrom(each, wanted);
      parts.push(part);
      wanted -= part.length;
    }
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  }

  #takeFrom(next: Waiting, count: number): Uint8Array {
    const part = next.bytes.subarray(0, count);
    next.bytes = next.bytes.subarray(part.length);
    this.#waitingBytes -= part.length;
    if (next.bytes.length === 0) this.#waiting.shift();
    return part;
  }

  #haltsByChance(): boolean {
    const { stall } = this.#options;
    const isOver = this.#halt === "over";
    this.#halt = "none";
    if (stall === undefined || isOver || !this.#random.chance(stall.chance)) return false;
    this.#halt = "halted";
    this.#owner.fault("stalled", this.#passedBytes);
    this.#haltEnd = this.#clock.setTimeout(this.#haltEnded, drawFrom(stall.ms, this.#random));
    this.#haltEnd.ref();
    return true;
  }

  readonly #haltEnded = (): void => {
    this.#halt = "over";
    this.#owner.fault("healed", this.#passedBytes);
    this.schedule();
  };

  #corrupted(piece: Uint8Array): Uint8Array {
    if (this.#untilCorrupt >= piece.length) {
      this.#untilCorrupt -= piece.length;
      return piece;
    }
    // A copy: the sender may hold on to its own.
    const copy = Uint8Array.from(piece);
    let at = this.#untilCorrupt;
    for (; at < copy.length; at += 1 + this.#drawCorruption()) {
      copy[at] = (copy[at] as number) ^ this.#random.integer(1, 255);
      this.#owner.fault("corrupted", this.#passedBytes + at);
    }
    this.#untilCorrupt = at - copy.length;
    return copy;
  }

  /** How many bytes stay as they are before the next one that does not. */
  #drawCorruption(): number {
    const { corrupt = 0 } = this.#options;
    if (corrupt === 0) return Number.POSITIVE_INFINITY;
    if (corrupt === 1) return 0;
    return Math.floor(Math.log(1 - this.#random.next()) / Math.log(1 - corrupt));
  }
}
