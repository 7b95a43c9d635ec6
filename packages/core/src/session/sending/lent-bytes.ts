/** Bytes of a sender's that are not copied, and whose memory may be gone when they are needed. */
import { MyelinError } from "../../errors.ts";

/**
 * Bytes that were transferred to somebody else look empty, and are not.
 * @throws {MyelinError} `ERR_NOT_SERIALIZABLE`
 */
export function checkThere(bytes: Uint8Array): void {
  if (bytes.length > 0) return;
  try {
    // Throws when there is no memory behind them, and does nothing else.
    Uint8Array.prototype.at.call(bytes, 0);
  } catch {
    throw goneError();
  }
}

export function goneError(): MyelinError {
  const what = "the memory of the bytes was transferred away or made smaller";
  return new MyelinError("ERR_NOT_SERIALIZABLE", what);
}
