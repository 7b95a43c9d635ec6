/**
 * Unsigned LEB128: seven bits per byte, the lowest first, the high bit set on all but the last. At
 * most eight bytes, for integers from 0 to 2^53 - 1. {@link ByteReader.varint} reads it.
 */

/** Bytes of the longest varint. */
export const maxVarintBytes = 8;

/** Bytes that {@link writeVarint} needs for `value`. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) length += 1;
  return length;
}

/**
 * Writes `value`, an integer from 0 to 2^53 - 1, at `offset`; the room is the caller's business.
 * @returns the offset behind it.
 */
export function writeVarint(bytes: Uint8Array, offset: number, value: number): number {
  let rest = value;
  let at = offset;
  while (rest > 0x7f) {
    bytes[at] = (rest & 0x7f) | 0x80;
    at += 1;
    // A shift sees 32 bits only.
    rest = rest > 0x7fff_ffff ? Math.floor(rest / 0x80) : rest >>> 7;
  }
  bytes[at] = rest;
  return at + 1;
}

/**
 * Reads a varint of bytes that may be anything.
 * @returns undefined when there is none: it ends early, could be shorter, or is over 2^53 - 1
 */
export function readPlainVarint(bytes: Uint8Array, offset: number): number | undefined {
  let value = 0;
  let scale = 1;
  for (let at = offset; at < offset + maxVarintBytes; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      const isShortest = byte !== 0 || at === offset;
      return isShortest && value <= Number.MAX_SAFE_INTEGER ? value : undefined;
    }
    scale *= 0x80;
  }
  return undefined;
}
