/**
 * A list of named values, the content of every frame of the handshake: new keys can be added without
 * a new version, since a reader skips what it does not know, unless it is marked as critical.
 *
 *     fields = any number of records, to the end
 *     record = u8 flags: bit 0 critical, the others 0
 *              u8 length of the key, 1 to 64; the key: a-z 0-9 -
 *              u16 length of the value; the value
 *
 * A value is bytes, UTF-8, a varint, or texts: each a varint of its length and UTF-8.
 */
import { isUtf8 } from "node:buffer";
import { asBuffer } from "../bytes/as-buffer.ts";
import { ByteReader } from "../bytes/byte-reader.ts";
import { maxVarintBytes, varintLength, writeVarint } from "../bytes/varint.ts";
import { MyelinError } from "../errors.ts";

/** Fields are read before it is known who the peer is: it cannot make us hold more than this. */
export const maxFieldsBytes: number = 16 * 1024;
/** Records cost more than their bytes: thousands of tiny ones would fill a table. */
export const maxFields = 64;
const maxValueBytes = 0xffff;

/** Bytes of a record beside its key and its value. */
const headBytes = 4;
const criticalFlag = 0x01;
const keyPattern = /^[a-z0-9-]{1,64}$/;

interface Value {
  readonly bytes: Buffer;
  readonly critical: boolean;
}

/** Fields to be written, in the order in which they were set, or fields that were read. */
export class Fields {
  readonly #values = new Map<string, Value>();

  /**
   * Reads the fields of a frame. The bytes are copied: they need not stay.
   * @throws {MyelinError} `ERR_PROTOCOL`, or `ERR_TOO_LARGE` for too many bytes or records.
   */
  static read(bytes: Buffer, start = 0, end: number = bytes.length): Fields {
    checkSize(end - start);
    const fields = new Fields();
    const reader = new ByteReader().reset(Buffer.from(bytes.subarray(start, end)));
    while (reader.remaining > 0) fields.#readRecord(reader);
    return fields;
  }

  /** @throws {MyelinError} `ERR_TOO_LARGE` for too many bytes or records. */
  write(): Buffer {
    let length = 0;
    for (const [key, { bytes }] of this.#values) length += headBytes + key.length + bytes.length;
    checkSize(length);
    checkCount(this.#values.size);
    const written = Buffer.allocUnsafe(length);
    let at = 0;
    for (const [key, { bytes, critical }] of this.#values) {
      written[at] = critical ? criticalFlag : 0;
      written[at + 1] = key.length;
      at += 2 + written.write(key, at + 2, "latin1");
      at = written.writeUInt16LE(bytes.length, at);
      written.set(bytes, at);
      at += bytes.length;
    }
    return written;
  }

  /** All keys, in their order. */
  get keys(): readonly string[] {
    return [...this.#values.keys()];
  }

  /** @param options `critical`: a reader that does not know the key must refuse. */
  setBytes(key: string, bytes: Uint8Array, options: { critical?: boolean } = {}): this {
    if (!keyPattern.test(key)) throw new MyelinError("ERR_CONFIG", `no key of a field: ${key}`);
    if (bytes.length > maxValueBytes) {
      throw new MyelinError("ERR_TOO_LARGE", `the field "${key}" exceeds ${maxValueBytes} bytes`);
    }
    this.#values.set(key, { bytes: asBuffer(bytes), critical: options.critical === true });
    return this;
  }

  setText(key: string, text: string): this {
    return this.setBytes(key, Buffer.from(text, "utf8"));
  }

  /** `value` is an integer from 0 to 2^53 - 1. */
  setNumber(key: string, value: number): this {
    const bytes = Buffer.allocUnsafe(maxVarintBytes);
    return this.setBytes(key, bytes.subarray(0, writeVarint(bytes, 0, value)));
  }

  setTexts(key: string, texts: readonly string[]): this {
    const parts = texts.flatMap((text) => {
      const bytes = Buffer.from(text, "utf8");
      const length = Buffer.allocUnsafe(varintLength(bytes.length));
      writeVarint(length, 0, bytes.length);
      return [length, bytes];
    });
    return this.setBytes(key, Buffer.concat(parts));
  }

  /** The value as it is; undefined when there is none. Valid as long as the fields are. */
  bytes(key: string): Buffer | undefined {
    return this.#values.get(key)?.bytes;
  }

  text(key: string): string | undefined {
    const bytes = this.bytes(key);
    return bytes === undefined ? undefined : decode(key, bytes);
  }

  number(key: string): number | undefined {
    const reader = this.#reader(key);
    if (reader === undefined) return undefined;
    const value = reader.varint();
    if (reader.remaining > 0) throw new MyelinError("ERR_PROTOCOL", `"${key}" is no number`);
    return value;
  }

  texts(key: string): string[] | undefined {
    const reader = this.#reader(key);
    if (reader === undefined) return undefined;
    const texts: string[] = [];
    while (reader.remaining > 0) texts.push(decode(key, reader.view(reader.varint())));
    return texts;
  }

  /** The first critical key that is not among `known`. */
  unknownCritical(known: ReadonlySet<string>): string | undefined {
    return this.keys.find((key) => this.#values.get(key)?.critical === true && !known.has(key));
  }

  #reader(key: string): ByteReader | undefined {
    const bytes = this.bytes(key);
    return bytes === undefined ? undefined : new ByteReader().reset(bytes);
  }

  #readRecord(reader: ByteReader): void {
    const flags = reader.u8();
    if ((flags & ~criticalFlag) !== 0) {
      throw new MyelinError("ERR_PROTOCOL", "a field has reserved bits set");
    }
    const key = reader.view(reader.u8()).toString("latin1");
    if (!keyPattern.test(key)) throw new MyelinError("ERR_PROTOCOL", "a field has no proper key");
    if (this.#values.has(key)) {
      throw new MyelinError("ERR_PROTOCOL", `the field "${key}" is there twice`);
    }
    checkCount(this.#values.size + 1);
    const bytes = reader.view(reader.u16());
    this.#values.set(key, { bytes, critical: flags === criticalFlag });
  }
}

function decode(key: string, bytes: Buffer): string {
  // Two texts that look the same are the same bytes: nothing is replaced.
  if (!isUtf8(bytes)) throw new MyelinError("ERR_PROTOCOL", `the field "${key}" is not UTF-8`);
  return bytes.toString("utf8");
}

function checkSize(bytes: number): void {
  if (bytes <= maxFieldsBytes) return;
  throw new MyelinError("ERR_TOO_LARGE", `fields of ${bytes} bytes; ${maxFieldsBytes} are allowed`);
}

function checkCount(count: number): void {
  if (count <= maxFields) return;
  throw new MyelinError("ERR_TOO_LARGE", `more than ${maxFields} fields`);
}
