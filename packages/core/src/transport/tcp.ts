import { MyelinError } from "../errors.ts";
import type { TcpOptions } from "../options.ts";
import type { SocketTransport } from "./transport.ts";
export function tcp(options: TcpOptions = {}): SocketTransport {
  throw new MyelinError("ERR_UNSUPPORTED", String(options));
}
