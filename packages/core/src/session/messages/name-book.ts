/** The names that a peer has defined: what the numbers in its messages stand for. */
import { isUtf8 } from "node:buffer";
import type { ByteReader } from "../../bytes/byte-reader.ts";
import { MyelinError } from "../../errors.ts";
import { limits } from "../../limits.ts";
import type { NameSource } from "./entry-reader.ts";

export class NameBook implements NameSource {
  readonly #names: (string | undefined)[] = [];

  /** Reads a name frame. @throws {MyelinError} `ERR_PROTOCOL` */
  define(reader: ByteReader): void {
    const id = reader.varint();
    if (id === 0 || id > limits.maxNames) {
      throw new MyelinError("ERR_PROTOCOL", `${id} is no number for a name`);
    }
    if (this.#names[id] !== undefined) {
      throw new MyelinError("ERR_PROTOCOL", `name ${id} is defined twice`);
    }
    this.#names[id] = readName(reader, reader.remaining);
  }

  read(reader: ByteReader): string {
    const id = reader.varint();
    if (id === 0) return readName(reader, reader.varint());
    const name = this.#names[id];
    if (name === undefined) throw new MyelinError("ERR_PROTOCOL", `name ${id} is not defined`);
    return name;
  }
}

/** The name of so many bytes. @throws {MyelinError} `ERR_PROTOCOL` when it is none */
export function readName(reader: ByteReader, length: number): string {
  if (length === 0 || length > limits.maxNameBytes) {
    throw new MyelinError("ERR_PROTOCOL", `a name of ${length} bytes`);
  }
  const bytes = reader.view(length);
  const text = bytes.toString("utf8");
  // Names that look the same are the same bytes.
  if (text.includes("\ufffd") && !isUtf8(bytes)) {
    throw new MyelinError("ERR_PROTOCOL", "a name that is no UTF-8");
  }
  return text;
}
