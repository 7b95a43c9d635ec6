/** Bytes of users, without what a class of theirs, or a property of their own, says about them. */
import { goneError } from "../sending/lent-bytes.ts";

const views: object = Object.getPrototypeOf(Uint8Array.prototype) as object;

/**
 * The same bytes in a view of which everything can be believed: a subclass has its own idea of
 * `subarray()`, and an own `length` may say anything. What is plain already stays what it is.
 * @throws {MyelinError} `ERR_NOT_SERIALIZABLE` when their memory is gone
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  if (isPlain(bytes)) return bytes;
  const buffer = Reflect.get(views, "buffer", bytes) as ArrayBuffer;
  const byteOffset = Reflect.get(views, "byteOffset", bytes) as number;
  const length = Reflect.get(views, "byteLength", bytes) as number;
  try {
    return new Uint8Array(buffer, byteOffset, length);
  } catch {
    throw goneError();
  }
}

/** Asked for with every message of bytes: no list of properties, and no loop. */
function isPlain(bytes: Uint8Array): boolean {
  const prototype: unknown = Object.getPrototypeOf(bytes);
  if (prototype !== Uint8Array.prototype && prototype !== Buffer.prototype) return false;
  if (Object.hasOwn(bytes, "length") || Object.hasOwn(bytes, "byteLength")) return false;
  return !Object.hasOwn(bytes, "constructor");
}
