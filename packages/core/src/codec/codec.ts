/**
 * How one value becomes the bytes of one message and back. Every message says by a number which
 * codec wrote it: the library's by their own, those of programs by numbers that both ends agree on by
 * their names.
 */
import { isMyelinError, lineOfThrown, MyelinError } from "../errors.ts";

/** Writes and reads values, at once: a codec that had to wait would hold up every message behind. */
export interface Codec {
  /**
   * Its number among the codecs of this end: 16 to 255 for a program's own. The other end may have
   * another one for it.
   */
  readonly id: number;
  /** By this name both ends agree on it: it changes when the format does. At most 64 of `a-z0-9./-`. */
  readonly name: string;
  /**
   * Text is sent as UTF-8. Bytes may be the value's own: whoever sends them later copies them.
   * @throws {MyelinError} `ERR_NOT_SERIALIZABLE`; anything else that is thrown becomes its cause.
   */
  encode(value: unknown): Uint8Array | string;
  /**
   * @param isOwn The bytes belong to this message alone, and what is decoded may keep them. Otherwise
   * they are overwritten after the call, and whatever is kept has been copied.
   * @throws {MyelinError} `ERR_BAD_FRAME`; anything else that is thrown becomes its cause.
   */
  decode(bytes: Buffer, isOwn?: boolean): unknown;
}

/** What {@link defineCodec} is given. */
export interface CodecDefinition {
  readonly id: number;
  readonly name: string;
  readonly encode: (value: unknown) => Uint8Array | string;
  readonly decode: (bytes: Buffer) => unknown;
  /** Nothing that `decode` returns is a view of its bytes, so that they need no copy. */
  readonly readsOnly?: boolean;
}

/** A codec that keeps the rules: it fails with codes, and what it decodes is the receiver's own. */
export function defineCodec(definition: CodecDefinition): Codec {
  const { id, name, encode, decode, readsOnly = false } = definition;
  return Object.freeze({
    id,
    name,
    encode(value: unknown): Uint8Array | string {
      try {
        return encode(value);
      } catch (reason) {
        throw failure("ERR_NOT_SERIALIZABLE", `the data cannot be written as ${name}`, reason);
      }
    },
    decode(bytes: Buffer, isOwn = false): unknown {
      try {
        return decode(readsOnly || isOwn ? bytes : ownCopy(bytes));
      } catch (reason) {
        throw failure("ERR_BAD_FRAME", `the bytes are no ${name}`, reason);
      }
    },
  });
}

/** The same bytes in memory that nobody else uses: not in a pool, whose rest would show through. */
function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

function failure(
  code: "ERR_NOT_SERIALIZABLE" | "ERR_BAD_FRAME",
  what: string,
  reason: unknown,
): MyelinError {
  if (isMyelinError(reason)) return reason;
  // The first line: V8 draws the circle that it found over many.
  return new MyelinError(code, `${what}: ${lineOfThrown(reason)}`, { cause: reason });
}
