/** Checks what the methods of a peer are given. */
import { isMyelinError, MyelinError } from "../errors.ts";
import type { CloseOptions } from "../peer/call-options.ts";
import { type ItemSource, isItemSource } from "./items.ts";
import { timeLimit } from "./time-limit.ts";

/** @throws {MyelinError} `ERR_CONFIG` */
export function checkedSource(source: ItemSource | undefined): ItemSource {
  if (isItemSource(source)) return source;
  throw new MyelinError("ERR_CONFIG", "what is sent must be iterable");
}

/** @throws {MyelinError} `ERR_CONFIG` */
export function checkCloseOptions({ drainMs, retry, timeoutMs }: CloseOptions): void {
  timeLimit("close(): drainMs", drainMs);
  timeLimit("close(): timeoutMs", timeoutMs);
  if (retry === undefined || retry === "now" || retry === "never") return;
  const afterMs = typeof retry === "object" && retry !== null ? retry.afterMs : Number.NaN;
  if (Number.isSafeInteger(afterMs) && afterMs >= 0) return;
  const message = 'close(): retry must be "now", "never" or { afterMs: whole milliseconds }';
  throw new MyelinError("ERR_CONFIG", message);
}

/** What was thrown before anything was accepted. */
export function notRun(reason: unknown): MyelinError {
  if (!isMyelinError(reason)) {
    return new MyelinError("ERR_CONFIG", String(reason), { cause: reason, ran: "no" });
  }
  if (reason.ran !== undefined) return reason;
  return new MyelinError(reason.code, reason.message, { cause: reason, ran: "no" });
}
