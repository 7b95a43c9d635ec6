/**
 * Reads numbers and text from bytes that a peer sent. Whatever they are, the outcome is a value or
 * `ERR_PROTOCOL`: nothing outside of the given range is ever read.
 */
import { MyelinError } from "../errors.ts";
import { maxVarintBytes } from "./varint.ts";

const noBytes = Buffer.alloc(0);

/** A cursor over a range of bytes. One reader serves many ranges, so that none is made per frame. */
export class ByteReader {
  #bytes: Buffer = noBytes;
  #at = 0;
  #end = 0;

  /** Goes to the beginning of a range; `end` is at most the length of `bytes`. */
  reset(bytes: Buffer, start = 0, end: number = bytes.length): this {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    return this;
  }

  /** Has nothing to read, and holds nothing. */
  clear(): void {
    this.reset(noBytes);
  }

  /** Where the next byte is, counted from the beginning of the bytes and not of the range. */
  get position(): number {
    return this.#at;
  }

  /** Bytes of the range that were not read. */
  get remaining(): number {
    return this.#end - this.#at;
  }

  u8(): number {
    const at = this.#at;
    if (at >= this.#end) endsEarly();
    this.#at = at + 1;
    return this.#bytes[at] as number;
  }

  u16(): number {
    const at = this.skip(2);
    return readU16(this.#bytes, at);
  }

  u32(): number {
    const at = this.skip(4);
    return readU32(this.#bytes, at);
  }

  /** @throws {MyelinError} `ERR_PROTOCOL`, also when it is over 2^53 - 1 or could be shorter. */
  varint(): number {
    const at = this.#at;
    if (at < this.#end) {
      const byte = this.#bytes[at] as number;
      if (byte < 0x80) {
        this.#at = at + 1;
        return byte;
      }
    }
    return this.#longVarint();
  }

  /** UTF-8 of `length` bytes. What is not UTF-8 becomes U+FFFD. */
  text(length: number): string {
    const at = this.skip(length);
    return this.#bytes.toString("utf8", at, at + length);
  }

  /** The next `length` bytes, as a view: valid only as long as the bytes themselves. */
  view(length: number): Buffer {
    const at = this.skip(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Passes over `length` bytes. @returns the position of the first of them. */
  skip(length: number): number {
    const at = this.#at;
    if (length > this.#end - at) endsEarly();
    this.#at = at + length;
    return at;
  }

  #longVarint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 1; count <= maxVarintBytes; count += 1) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        // One number has one form, so that frames can be compared as bytes.
        if (byte === 0) throw new MyelinError("ERR_PROTOCOL", "a varint is longer than it need be");
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 0x80;
    }
    throw new MyelinError("ERR_PROTOCOL", "a varint is over 2^53 - 1");
  }
}

/** A little-endian integer of two bytes, which are known to be there. */
function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

/** A little-endian integer of four bytes, which are known to be there. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (readU16(bytes, at) | (readU16(bytes, at + 2) << 16)) >>> 0;
}

function endsEarly(): never {
  throw new MyelinError("ERR_PROTOCOL", "a frame ends in the middle of a value");
}
