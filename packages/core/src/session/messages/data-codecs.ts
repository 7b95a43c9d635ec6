/** Data into what the wire carries, and back, with the codecs that both ends know. */
import { isUint8Array } from "node:util/types";
import type { CodecRegistry } from "../../codec/codec-registry.ts";
import { lineOfThrown, MyelinError } from "../../errors.ts";
import { limits } from "../../limits.ts";
import type { SendOptions } from "../../peer/call-options.ts";
import type { AgreedCodecs } from "../handshake/agreed-codecs.ts";
import { checkThere } from "../sending/lent-bytes.ts";
import { codecId } from "../wire.ts";
import {
  checkBytes,
  type Inner,
  readBytesBeside,
  WithBytes,
  writeBytesBeside,
} from "./bytes-beside.ts";
import { plainBytes } from "./plain-bytes.ts";
import { checkProtoKeys } from "./proto-keys.ts";

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
  /** What both sides read; undefined: it is not known yet who reads this. */
  readonly agreed: AgreedCodecs | undefined;
  /** What the peer reads at most. */
  readonly maxMessageBytes: number;
  readonly maxBinaryBytes: number;
  /** UTF-16 units from which on JSON is no longer part of a batch. */
  readonly maxBatchedLength: number;
  /** Refuse JSON from the peer that has a key `__proto__`. */
  readonly rejectProtoKeys?: boolean;
}

/** What may be said about data beside how it is written. */
export type DataOptions = Pick<SendOptions, "bytes" | "copy">;

/** Encodes for peers of whom it is not known yet what they take: `fit` asks each when its turn comes. */
export function unlimitedCodecs(registry: CodecRegistry): DataCodecs {
  const unlimited = Number.POSITIVE_INFINITY;
  return new DataCodecs({
    registry,
    agreed: undefined,
    ...{ maxMessageBytes: unlimited, maxBinaryBytes: unlimited, maxBatchedLength: unlimited },
  });
}

/** Bytes that it has, or will have on the wire. */
export function encodedLength(encoded: Encoded): number {
  return typeof encoded === "string" ? Buffer.byteLength(encoded) : (encoded?.body.length ?? 0);
}

/** What waits is the sender's no more, unless it is borrowed. */
export function ownCopy<Data extends Encoded>(encoded: Data): Data | Coded {
  if (typeof encoded !== "object" || encoded.isOwn) return encoded;
  if (encoded.body.length > copiedBytes) return encoded;
  const body: Uint8Array = Uint8Array.prototype.slice.call(encoded.body);
  return { codec: encoded.codec, body, isOwn: true };
}

/** A copy whatever its length, for senders who change their bytes at once. */
function certainCopy(encoded: Encoded): Encoded {
  if (typeof encoded !== "object" || encoded.isOwn) return encoded;
  return { codec: encoded.codec, body: Uint8Array.from(encoded.body), isOwn: true };
}

/** For many who are sent it: none of them needs a copy of its own, or bytes of its own of a long text. */
export function shareable(encoded: Encoded): Encoded {
  if (typeof encoded !== "string") return ownCopy(encoded);
  if (encoded.length <= copiedBytes) return encoded;
  return { codec: codecId.json, body: Buffer.from(encoded), isOwn: true };
}

export class DataCodecs {
  readonly #options: DataCodecsOptions;

  constructor(options: DataCodecsOptions) {
    this.#options = options;
  }

  /**
   * @param codec a name; undefined: bytes as they are, everything else as JSON
   * @throws {MyelinError} `ERR_NOT_SERIALIZABLE`, `ERR_TOO_LARGE`, `ERR_CONFIG`, `ERR_UNSUPPORTED`
   */
  encode(data: unknown, codec?: string, options?: DataOptions): Encoded {
    if (options?.bytes !== undefined) return this.#withBytes(data, codec, options.bytes);
    const encoded = this.#encode(data, codec);
    return options?.copy === true ? certainCopy(encoded) : encoded;
  }

  /**
   * What was encoded for several peers, or for one that was not known, as this one takes it.
   * @throws {MyelinError} `ERR_TOO_LARGE`, `ERR_UNSUPPORTED`, `ERR_NOT_SERIALIZABLE` when its bytes are gone
   */
  fit(encoded: Encoded): Encoded {
    if (encoded === undefined) return undefined;
    if (typeof encoded !== "string") {
      return this.#coded(encoded.codec, encoded.body, encoded.isOwn);
    }
    if (encoded.length <= this.#options.maxBatchedLength) return encoded;
    return this.#coded(codecId.json, Buffer.from(encoded), true);
  }

  /** The opposite of {@link fit}: for a message that leaves this peer for another. */
  unfit(encoded: Encoded): Encoded {
    const { agreed } = this.#options;
    if (typeof encoded !== "object" || agreed === undefined) return encoded;
    return { ...encoded, codec: agreed.fromWire(encoded.codec) };
  }

  /** @throws {MyelinError} `ERR_BAD_FRAME`, `ERR_PROTOCOL` */
  decode(codec: number, body: Buffer, isOwn: boolean): unknown {
    // Known is not enough: some codecs are for peers that are trusted, which the peer does not decide.
    const known = this.#options.agreed?.ofWire(codec);
    if (codec === codecId.jsonAndBytes) return this.#decodeWithBytes(body);
    if (known === undefined) {
      throw new MyelinError("ERR_PROTOCOL", `no codec ${codec} was agreed on`);
    }
    if (this.#options.rejectProtoKeys === true && known.id !== codecId.bytes) checkProtoKeys(body);
    return known.decode(body, isOwn);
  }

  #encode(data: unknown, codec: string | undefined): Encoded {
    if (data === undefined) return undefined;
    if (codec === undefined || codec === "json") {
      return isUint8Array(data) ? this.#coded(codecId.bytes, data, false) : this.#json(data);
    }
    const known = this.#options.registry.byName(codec);
    if (known === undefined) throw new MyelinError("ERR_CONFIG", `no codec is called "${codec}"`);
    const written = known.encode(data);
    return typeof written === "string"
      ? this.#coded(known.id, Buffer.from(written), true)
      : this.#coded(known.id, written, false);
  }

  #json(data: unknown): Encoded {
    let text: string | undefined;
    try {
      text = JSON.stringify(data) as string | undefined;
    } catch (cause) {
      const why = lineOfThrown(cause);
      throw new MyelinError("ERR_NOT_SERIALIZABLE", `the data has no JSON: ${why}`, { cause });
    }
    if (text === undefined || text.length <= this.#options.maxBatchedLength) return text;
    return this.#coded(codecId.json, Buffer.from(text), true);
  }

  #withBytes(data: unknown, codec: string | undefined, given: readonly Uint8Array[]): Coded {
    checkBytes(given);
    const bytes = given.map(plainBytes);
    const encoded = this.#encode(data, codec);
    const inner = innerOf(encoded);
    if (inner.codec !== 0 && !besideBytes.has(inner.codec)) {
      const what = "bytes beside data go with JSON and tagged data only";
      throw new MyelinError("ERR_UNSUPPORTED", what);
    }
    const binary = bytes.reduce((sum, { length }) => sum + length, 0);
    this.#checkSize(binary, this.#options.maxBinaryBytes);
    return this.#coded(codecId.jsonAndBytes, writeBytesBeside(inner, bytes), true);
  }

  #decodeWithBytes(body: Buffer): WithBytes {
    const { bytes, inner } = readBytesBeside(body);
    if (inner.codec === 0) return new WithBytes(undefined, bytes);
    if (!besideBytes.has(inner.codec)) {
      throw new MyelinError("ERR_PROTOCOL", `data of codec ${inner.codec} beside bytes`);
    }
    return new WithBytes(this.decode(inner.codec, inner.body as Buffer, false), bytes);
  }

  #coded(codec: number, given: Uint8Array, isOwn: boolean): Coded {
    const { agreed, maxBinaryBytes, maxMessageBytes, registry } = this.#options;
    const body = isOwn ? given : plainBytes(given);
    if (!isOwn) checkThere(body);
    const number = agreed === undefined ? codec : agreed.toWire(codec);
    if (number === undefined) {
      const name = registry.byId(codec)?.name ?? codec;
      throw new MyelinError("ERR_UNSUPPORTED", `the peer does not read the codec "${name}"`);
    }
    this.#checkSize(body.length, largestBody(codec, { maxBinaryBytes, maxMessageBytes }));
    return { codec: number, body, isOwn };
  }

  #checkSize(bytes: number, max: number): void {
    if (bytes <= max) return;
    throw new MyelinError("ERR_TOO_LARGE", `${bytes} bytes exceed the peer's ${max}`);
  }
}

/** What data may be that has bytes beside it. */
const besideBytes: ReadonlySet<number> = new Set<number>([codecId.json, codecId.tagged]);

function innerOf(encoded: Encoded): Inner {
  if (encoded === undefined) return { codec: 0, body: Buffer.alloc(0) };
  if (typeof encoded === "string") return { codec: codecId.json, body: Buffer.from(encoded) };
  return encoded;
}

/** Bytes that the body of a message may have, which depends on what it is. */
export function largestBody(
  codec: number,
  { maxBinaryBytes, maxMessageBytes }: { maxBinaryBytes: number; maxMessageBytes: number },
): number {
  if (codec === codecId.bytes) return maxBinaryBytes;
  return codec === codecId.jsonAndBytes ? maxBinaryBytes + maxMessageBytes : maxMessageBytes;
}
