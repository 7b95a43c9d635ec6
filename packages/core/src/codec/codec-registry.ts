/** The codecs of one endpoint, found by the number that a message carries and by name. */
import { isUint8Array } from "node:util/types";
import { MyelinError } from "../errors.ts";
import { shown } from "../options.ts";
import { bytesCodec } from "./bytes.ts";
import { type Codec, defineCodec } from "./codec.ts";
import { jsonCodec } from "./json.ts";
import { structuredCodec } from "./structured.ts";
import { taggedJsonCodec } from "./tagged-json.ts";

const builtIn: readonly Codec[] = [jsonCodec, bytesCodec, taggedJsonCodec, structuredCodec];
const firstOwnId = 16;
const lastId = 255;

/** The library's codecs, and those that a program brings. */
export class CodecRegistry {
  /** By number: a message finds its codec without hashing. */
  readonly #byId: (Codec | undefined)[] = Array.from({ length: lastId + 1 });
  readonly #byName = new Map<string, Codec>();

  /**
   * @param registered A program's own. Their failures get codes as the library's do, and they decode
   * from a copy that is theirs to keep.
   * @throws {MyelinError} `ERR_CONFIG` when a number or a name is out of range or taken.
   */
  constructor(registered: readonly Codec[] = []) {
    for (const codec of builtIn) this.#add(codec);
    for (const codec of registered) this.#add(checkedCodec(codec));
  }

  byId(id: number): Codec | undefined {
    return this.#byId[id];
  }

  /** `structured` is whatever structured clone is called here: its name tells the engine and its version. */
  byName(name: string): Codec | undefined {
    return this.#byName.get(name === "structured" ? structuredCodec.name : name);
  }

  /** Every codec, the library's first. */
  [Symbol.iterator](): IterableIterator<Codec> {
    return this.#byName.values();
  }

  #add(codec: Codec): void {
    const { id, name } = codec;
    const other = this.#byId[id] ?? this.#byName.get(name);
    if (other !== undefined) {
      const taken = `${other.id} "${other.name}"`;
      throw new MyelinError("ERR_CONFIG", `codec ${id} "${name}": there is ${taken} already`);
    }
    this.#byId[id] = codec;
    this.#byName.set(name, codec);
  }
}

function checkedCodec(codec: Codec): Codec {
  const { id, name } = codec;
  if (!Number.isInteger(id) || id < firstOwnId || id > lastId) {
    const message = `codec ${shown(name)}: its id must be ${firstOwnId} to ${lastId}, not ${shown(id)}`;
    throw new MyelinError("ERR_CONFIG", message);
  }
  if (!isOwnName(name)) {
    const rule = "up to 64 of a-z 0-9 . / - with a slash between them, not v8/";
    throw new MyelinError("ERR_CONFIG", `codec ${id}: its name must be ${rule}`);
  }
  return defineCodec({
    id,
    name,
    encode: (value) => checkedOutput(codec.encode(value)),
    decode: (bytes) => codec.decode(bytes, true),
  });
}

/** Of a program: those without a slash are the library's, and those of engines name what they write. */
function isOwnName(name: unknown): boolean {
  if (typeof name !== "string" || name.length > 64) return false;
  return /^[a-z0-9.-]+\/[a-z0-9./-]+$/.test(name) && !name.startsWith("v8/");
}

function checkedOutput(output: Uint8Array | string): Uint8Array | string {
  if (typeof output === "string" || isUint8Array(output)) return output;
  throw new TypeError("its encode() gave neither a Uint8Array nor a string");
}
