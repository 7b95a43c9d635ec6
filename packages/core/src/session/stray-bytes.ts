/** Standard streams are everybody's: what breaks the wire there is most often not the peer's doing. */
import { MyelinError, type MyelinErrorCode } from "../errors.ts";
import type { Connection } from "../transport/transport.ts";

/** What a line of text between frames can be taken for. */
const codes: ReadonlySet<MyelinErrorCode> = new Set([
  "ERR_BAD_FRAME",
  "ERR_PROTOCOL",
  "ERR_TOO_LARGE",
]);

/** The error of what could not be read from a connection, with a word on what may be behind it. */
export function withStrayBytes(
  error: MyelinError,
  connection: Connection | undefined,
): MyelinError {
  const isStdio = [connection?.remote, connection?.local].some((at) => at?.scheme === "stdio");
  if (!isStdio || !codes.has(error.code)) return error;
  const hint = "did something else write to the child's stdout, such as console.log?";
  return new MyelinError(error.code, `${error.message} (${hint})`, { cause: error });
}
