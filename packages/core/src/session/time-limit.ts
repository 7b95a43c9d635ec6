/** How long something may take, as users say it. */
import { MyelinError } from "../errors.ts";
import { shown } from "../options.ts";

/**
 * Whole milliseconds; 0 for as long as it takes, which users write as 0, as Infinity, or as nothing.
 * @throws {MyelinError} `ERR_CONFIG` for what is no time: it would be an arbitrary one on the wire.
 */
export function timeLimit(what: string, ms: number | undefined): number {
  if (ms === undefined) return 0;
  if (typeof ms === "number" && ms >= 0) return ms > Number.MAX_SAFE_INTEGER ? 0 : Math.ceil(ms);
  const message = `${what} must be a number of milliseconds, not ${shown(ms)}`;
  throw new MyelinError("ERR_CONFIG", message);
}
