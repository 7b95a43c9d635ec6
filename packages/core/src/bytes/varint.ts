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
