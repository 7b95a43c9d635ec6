/** Failures that another attempt would only repeat. */
import type { MyelinError, MyelinErrorCode } from "../errors.ts";

const forGood: ReadonlySet<MyelinErrorCode> = new Set<MyelinErrorCode>([
  "ERR_AUTHENTICATION",
  "ERR_CONFIG",
  "ERR_INVALID_ADDRESS",
  "ERR_NOT_A_SOCKET",
  "ERR_PATH_TOO_LONG",
  "ERR_PERMISSION",
  "ERR_PROTOCOL",
  "ERR_TLS",
  "ERR_UNSUPPORTED",
  "ERR_VERSION",
]);

export function isForGood({ code }: MyelinError): boolean {
  return forGood.has(code);
}
