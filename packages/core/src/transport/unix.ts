import { MyelinError } from "../errors.ts";
import type { UnixOptions } from "../options.ts";
import type { SocketTransport } from "./transport.ts";
export function unix(options: UnixOptions = {}): SocketTransport {
  throw new MyelinError("ERR_UNSUPPORTED", String(options));
}
