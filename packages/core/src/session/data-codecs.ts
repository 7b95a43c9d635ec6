/** Data into what the wire carries, and back, with the codecs that both ends know. */
import { isUint8Array } from "node:util/types";
import type { CodecRegistry } from "../codec/codec-registry.ts";
import { MyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import { codecId } from "./wire.ts";

/** Data that does not fit into a batch. */
export interface Coded {
  readonly codec: number;
  readonly body: Uint8Array;
  /** Nobody changes these bytes: they were made here. Otherwise they are the sender's. */
  readonly isOwn: boolean;
}

/** More bytes of a sender's than this are not copied: they are borrowed until acknowledged. */
export const copiedBytes: number = limits.writeChunkBytes;

/** JSON text for a batch, `undefined` for none, or bytes with the number of their codec. */
export type Encoded = string | undefined | Coded;

export interface DataCodecsOptions {
  readonly registry: CodecRegistry;
  /** Numbers of the codecs that both sides read. */
  readonly agreed: ReadonlySet<number>;
  /** What the peer reads at most. */
  readonly maxMessageBytes: number;
  readonly maxBinaryBytes: number;
  /** UTF-16 units from which on JSON is no longer part of a batch. */
  readonly maxBatchedLength: number;
}

/** Numbers of the codecs that everybody knows. */
export const commonCodecs: ReadonlySet<number> = new Set([
  codecId.json,
  codecId.bytes,
  codecId.tagged,
]);

/** Encodes for peers of whom it is not known yet what they take: `fit` asks each when its turn comes. */
export function unlimitedCodecs(registry: CodecRegistry): DataCodecs {
  const unlimited = Number.POSITIVE_INFINITY;
  return new DataCodecs({
    registry,
    agreed: commonCodecs,
    ...{ maxMessageBytes: unlimited, maxBinaryBytes: unlimited, maxBatchedLength: unlimited },
  });
}

/** Bytes, or UTF-16 units of what is not bytes yet. */
export function encodedLength(encoded: Encoded): number {
  return typeof encoded === "string" ? encoded.length : (encoded?.body.length ?? 0);
}

/** What waits is the sender's no more, unless it is borrowed. */
export function ownCopy<Data extends Encoded>(encoded: Data): Data | Coded {
  if (typeof encoded !== "object" || encoded.isOwn) return encoded;
  if (encoded.body.length > copiedBytes) return encoded;
  const body: Uint8Array = Uint8Array.prototype.slice.call(encoded.body);
  return { codec: encoded.codec, body, isOwn: true };
}

export class DataCodecs {
  readonly #options: DataCodecsOptions;

  constructor(options: DataCodecsOptions) {
    this.#options = options;
  }

  /**
   * @param codec a name; undefined: bytes as they are, everything else as JSON
   * @throws {MyelinError} `ERR_NOT_SERIALIZABLE`, `ERR_TOO_LARGE`, `ERR_CONFIG`
   */
  encode(data: unknown, codec?: string): Encoded {
    if (data === undefined) return undefined;
    if (codec === undefined || codec === "json") {
      return isUint8Array(data) ? this.#coded(codecId.bytes, data, false) : this.#json(data);
    }
    const known = this.#options.registry.byName(codec);
    if (known === undefined) throw new MyelinError("ERR_CONFIG", `no codec is called "${codec}"`);
    if (!this.#options.agreed.has(known.id)) {
      throw new MyelinError("ERR_UNSUPPORTED", `the peer does not read the codec "${codec}"`);
    }
    const written = known.encode(data);
    return typeof written === "string"
      ? this.#coded(known.id, Buffer.from(written), true)
      : this.#coded(known.id, written, false);
  }

  /**
   * What was encoded for several peers, as this one takes it.
   * @throws {MyelinError} `ERR_TOO_LARGE`
   */
  fit(encoded: Encoded): Encoded {
    if (encoded === undefined) return undefined;
    if (typeof encoded !== "string") return this.#coded(encoded.codec, encoded.body, encoded.isOwn);
    if (encoded.length <= this.#options.maxBatchedLength) return encoded;
    return this.#coded(codecId.json, Buffer.from(encoded), true);
  }

  /** @throws {MyelinError} `ERR_BAD_FRAME`, `ERR_PROTOCOL` */
  decode(codec: number, body: Buffer, isOwn: boolean): unknown {
    const { agreed, registry } = this.#options;
    // Known is not enough: some codecs are for peers that are trusted, which the peer does not decide.
    const known = agreed.has(codec) ? registry.byId(codec) : undefined;
    if (known === undefined) {
      throw new MyelinError("ERR_PROTOCOL", `no codec ${codec} was agreed on`);
    }
    return known.decode(body, isOwn);
  }

  #json(data: unknown): Encoded {
    let text: string | undefined;
    try {
      text = JSON.stringify(data) as string | undefined;
    } catch (cause) {
      const [why = ""] = String(cause instanceof Error ? cause.message : cause).split("\n", 1);
      throw new MyelinError("ERR_NOT_SERIALIZABLE", `the data has no JSON: ${why}`, { cause });
    }
    if (text === undefined || text.length <= this.#options.maxBatchedLength) return text;
    return this.#coded(codecId.json, Buffer.from(text), true);
  }

  #coded(codec: number, body: Uint8Array, isOwn: boolean): Coded {
    const { maxBinaryBytes, maxMessageBytes } = this.#options;
    const max = codec === codecId.bytes ? maxBinaryBytes : maxMessageBytes;
    if (body.length > max) {
      throw new MyelinError("ERR_TOO_LARGE", `${body.length} bytes exceed the peer's ${max}`);
    }
    return { codec, body, isOwn };
  }
}
