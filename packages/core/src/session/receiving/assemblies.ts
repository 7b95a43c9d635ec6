/** All large messages that are arriving on one session, each in the slot that its sender chose. */
import { MyelinError } from "../../errors.ts";
import { isWindowed } from "../messages/entry-reader.ts";
import { firstItemSlot, frameCost } from "../wire.ts";
import type { Assembly } from "./assembly.ts";

export interface AssembliesOptions {
  /** Large messages that the peer may have begun, items of streams apart. */
  readonly maxOpenMessages: number;
  /** Streams that may be open, in either direction: each may have begun one item more. */
  readonly maxStreams: number;
  readonly now: () => number;
  /** One has begun to arrive. */
  readonly onOpening: () => void;
}

export class Assemblies {
  readonly bySlot: ReadonlyMap<number, Assembly>;
  readonly #bySlot = new Map<number, Assembly>();
  readonly #options: AssembliesOptions;
  #bytes = 0;

  constructor(options: AssembliesOptions) {
    this.#options = options;
    this.bySlot = this.#bySlot;
  }

  /** Bytes that have arrived of all of them. */
  get heldBytes(): number {
    return this.#bytes + this.#bySlot.size * frameCost;
  }

  /** Of the largest of them. */
  get largestBytes(): number {
    let largest = 0;
    for (const { heldBytes } of this.#bySlot.values()) largest = Math.max(largest, heldBytes);
    return largest;
  }

  /** When the one that has waited longest got its last part; Infinity when there is none. */
  get oldestProgress(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { progressAt } of this.#bySlot.values()) oldest = Math.min(oldest, progressAt);
    return oldest;
  }

  /** There was no connection: nothing could make progress until now. */
  excuse(): void {
    const now = this.#options.now();
    for (const assembly of this.#bySlot.values()) assembly.progressAt = now;
  }

  /** The same for those whose last part may wait for the window. */
  excuseWindowed(): void {
    const now = this.#options.now();
    for (const assembly of this.#bySlot.values()) {
      if (isWindowed(assembly.entry)) assembly.progressAt = now;
    }
  }

  /**
   * Whether a message may begin in a slot. A stream that ended meanwhile may still have items under
   * way, but not any number of them.
   * @param item the call whose stream it belongs to; undefined: it is no item
   * @throws {MyelinError} `ERR_PROTOCOL`
   */
  checkSlot(slot: number, item: number | undefined): void {
    const { maxOpenMessages, maxStreams } = this.#options;
    const isRight = item === undefined ? slot < maxOpenMessages : slot === firstItemSlot + item;
    const isFull = this.#bySlot.size >= maxOpenMessages + maxStreams;
    if (isRight && !isFull && !this.#bySlot.has(slot)) return;
    throw new MyelinError("ERR_PROTOCOL", `there is no slot ${slot} for a large message`);
  }

  open(slot: number, assembly: Assembly): void {
    this.#bySlot.set(slot, assembly);
    this.#progressed(assembly, 0);
    this.#options.onOpening();
  }

  /** A part arrived, in a piece. @returns the message that it belongs to */
  add(slot: number, part: Buffer): Assembly {
    const assembly = this.#bySlot.get(slot);
    if (assembly === undefined) {
      throw new MyelinError("ERR_PROTOCOL", `a fragment for slot ${slot}, which is not open`);
    }
    const before = assembly.heldBytes;
    assembly.add(part);
    this.#progressed(assembly, before);
    return assembly;
  }

  /** A part was written to the memory that was reserved for it. */
  reserved(slot: number, bytes: number): Assembly {
    const assembly = this.#bySlot.get(slot) as Assembly;
    const before = assembly.heldBytes;
    assembly.reserved(bytes);
    this.#progressed(assembly, before);
    return assembly;
  }

  /** It is complete, and its slot is free. */
  close(slot: number, { heldBytes }: Assembly): void {
    this.#bySlot.delete(slot);
    this.#bytes -= heldBytes;
  }

  clear(): void {
    this.#bySlot.clear();
    this.#bytes = 0;
  }

  #progressed(assembly: Assembly, before: number): void {
    this.#bytes += assembly.heldBytes - before;
    assembly.progressAt = this.#options.now();
  }
}
