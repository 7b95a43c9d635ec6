/** A large message that is arriving in fragments. */
import { MyelinError } from "../../errors.ts";
import type { Entry } from "../messages/entry-reader.ts";
import { entryKind } from "../wire.ts";

/**
 * What a message is given at first: there are a few of them at most, and so much memory that is not
 * written to costs its address only. Items of streams get twice what has arrived: a thousand of them
 * may have begun, each with a single byte.
 */
const firstBytes = 1024 * 1024;
/**
 * Of which so much has arrived gets room for all of it at once. To double what is there would copy it
 * each time, the last time a half of 256 MiB, in 50 to 100 ms in which nobody else is heard.
 */
const grownBytes = 8 * 1024 * 1024;
const smallestBytes = 256;

const noBytes = Buffer.alloc(0);

export class Assembly {
  readonly entry: Entry;
  readonly codec: number;
  readonly total: number;
  /** False: what arrives is counted and dropped. */
  readonly isWanted: boolean;
  /** It grows with what arrives: a promised length alone costs its sender nothing. */
  #block: Buffer = noBytes;
  #length = 0;
  /** When the last part of it arrived, by the clock of the session. */
  progressAt = 0;

  constructor(entry: Entry, codec: number, total: number, isWanted: boolean) {
    this.entry = entry;
    this.codec = codec;
    this.total = total;
    this.isWanted = isWanted;
  }

  get isComplete(): boolean {
    return this.#length === this.total;
  }

  /** Bytes of it that have arrived and are kept. */
  get heldBytes(): number {
    return this.isWanted ? this.#length : 0;
  }

  /** The whole body: the handler's own, nobody else has it. */
  get body(): Buffer {
    return this.#block;
  }

  /** @throws {MyelinError} `ERR_PROTOCOL` for a part that is empty or too much; `ERR_BUSY` without memory for it. */
  add(part: Buffer): void {
    const length = this.#length + part.length;
    if (part.length === 0 || length > this.total) {
      throw new MyelinError("ERR_PROTOCOL", `a fragment of ${part.length} bytes does not fit`);
    }
    if (this.isWanted) {
      if (length > this.#block.length) this.#grow(length);
      this.#block.set(part, this.#length);
    }
    this.#length = length;
  }

  /** Memory for the next part, which is there when {@link reserved} is called; undefined: it has none. */
  reserve(bytes: number): Buffer | undefined {
    if (!this.isWanted || bytes === 0 || this.#length + bytes > this.total) return undefined;
    if (this.#length + bytes > this.#block.length) this.#grow(this.#length + bytes);
    return this.#block.subarray(this.#length, this.#length + bytes);
  }

  /** So many bytes were written to what was reserved. */
  reserved(bytes: number): void {
    this.#length += bytes;
  }

  #grow(needed: number): void {
    const isItem = this.entry.kind === entryKind.item;
    const least = isItem ? Math.max(smallestBytes, 2 * needed) : Math.max(firstBytes, needed);
    const wanted = this.#length < grownBytes ? Math.max(least, this.#block.length * 2) : this.total;
    const size = Math.min(this.total, wanted);
    const larger = allocate(size);
    this.#block.copy(larger, 0, 0, this.#length);
    this.#block = larger;
  }
}

/** @throws {MyelinError} `ERR_BUSY`: the peer has broken no rule */
function allocate(bytes: number): Buffer {
  try {
    return Buffer.allocUnsafeSlow(bytes);
  } catch (cause) {
    throw new MyelinError("ERR_BUSY", `there is no memory for ${bytes} bytes of a message`, {
      cause,
    });
  }
}
