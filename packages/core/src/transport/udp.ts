import { MyelinError } from "../errors.ts";
import type { UdpOptions } from "../options.ts";
import type { Transport } from "./transport.ts";
export function udp(options: UdpOptions = {}): Transport {
  throw new MyelinError("ERR_UNSUPPORTED", String(options));
}
