import { MyelinError } from "../errors.ts";
import type { Transport } from "./transport.ts";
export interface MemoryOptions {}
export function memory(options: MemoryOptions = {}): Transport {
  throw new MyelinError("ERR_UNSUPPORTED", String(options));
}
