/**
 * Bytes that ride beside data without ever being text (codec 3):
 *
 *     u8 codec of the data: 0 none, 1 JSON, 4 tagged JSON
 *     varint length of the data
 *     varint number of byte strings, at least 1; the varint length of each
 *     the data, and the byte strings, one behind the other to the end
 */
import { isUint8Array } from "node:util/types";
import { ByteReader } from "../../bytes/byte-reader.ts";
import { varintLength, writeVarint } from "../../bytes/varint.ts";
import { MyelinError } from "../../errors.ts";
import { checkThere } from "../sending/lent-bytes.ts";

/** More than this in one message are parts of something that is a stream. */
const maxByteStrings = 1_024;

/** Data with bytes beside it, as it was received. */
export class WithBytes {
  readonly data: unknown;
  readonly bytes: readonly Uint8Array[];

  constructor(data: unknown, bytes: readonly Uint8Array[]) {
    this.data = data;
    this.bytes = bytes;
  }
}

/** Data as a codec has written it; `codec` 0: there is none. */
export interface Inner {
  readonly codec: number;
  readonly body: Uint8Array;
}

/**
 * @throws {MyelinError} `ERR_CONFIG` when that is no list of bytes, or an empty or endless one;
 * `ERR_NOT_SERIALIZABLE` when the memory of one is gone
 */
export function checkBytes(bytes: readonly Uint8Array[]): void {
  const isList = Array.isArray(bytes) && bytes.length > 0 && bytes.every(isUint8Array);
  if (!isList || bytes.length > maxByteStrings) {
    const what = `bytes must be a list of 1 to ${maxByteStrings} Uint8Arrays`;
    throw new MyelinError("ERR_CONFIG", what);
  }
  for (const each of bytes) checkThere(each);
}

/** All of it in memory of its own: whoever gave the bytes may change them. */
export function writeBytesBeside({ body, codec }: Inner, bytes: readonly Uint8Array[]): Buffer {
  let headBytes = 1 + varintLength(body.length) + varintLength(bytes.length);
  let total = body.length;
  for (const { length } of bytes) {
    headBytes += varintLength(length);
    total += length;
  }
  const written = Buffer.allocUnsafeSlow(headBytes + total);
  written[0] = codec;
  let at = writeVarint(written, 1, body.length);
  at = writeVarint(written, at, bytes.length);
  for (const { length } of bytes) at = writeVarint(written, at, length);
  for (const part of [body, ...bytes]) {
    written.set(part, at);
    at += part.length;
  }
  return written;
}

/**
 * The data, still encoded, and the byte strings, each in memory of its own.
 * @throws {MyelinError} `ERR_PROTOCOL`
 */
export function readBytesBeside(written: Buffer): { inner: Inner; bytes: Uint8Array[] } {
  const reader = new ByteReader().reset(written);
  const codec = reader.u8();
  const dataBytes = reader.varint();
  const count = reader.varint();
  // Each length takes a byte at least.
  if (count === 0 || count > maxByteStrings || count > reader.remaining) {
    throw new MyelinError("ERR_PROTOCOL", `${count} byte strings beside data`);
  }
  const lengths = Array.from({ length: count }, () => reader.varint());
  const body = reader.view(dataBytes);
  const bytes = lengths.map((length) => Uint8Array.from(reader.view(length)));
  if (reader.remaining > 0 || (codec === 0) !== (dataBytes === 0)) {
    throw new MyelinError("ERR_PROTOCOL", "bytes beside data that do not add up");
  }
  return { inner: { codec, body }, bytes };
}
