/** Checks what the methods of a peer are given. */
import { isMyelinError, MyelinError, textOfThrown } from "../../errors.ts";
import type { CloseOptions, ListenerOptions } from "../../peer/call-options.ts";
import { abortSignal, isFunction, isObject } from "../shapes.ts";
import { type ItemSource, isItemSource } from "../streams/items.ts";
import { timeLimit } from "../time-limit.ts";
import type { WaitLimits } from "./bounded.ts";

/** @throws {MyelinError} `ERR_CONFIG` */
export function checkedSource(source: ItemSource | undefined): ItemSource {
  if (isItemSource(source)) return source;
  throw new MyelinError("ERR_CONFIG", "what is sent must be iterable");
}

/** @throws {MyelinError} `ERR_CONFIG` for options that are no object */
export function checkObject(owner: string, options: object): void {
  if (isObject(options)) return;
  throw new MyelinError("ERR_CONFIG", `${owner}(): options must be an object`);
}

/**
 * For what is not called with every message: a mistyped option would be ignored.
 * @throws {MyelinError} `ERR_CONFIG` for one that nobody knows
 */
export function checkKeys(owner: string, options: object, known: readonly string[]): void {
  checkObject(owner, options);
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || known.includes(key)) continue;
    const message = `${owner}() has no option ${JSON.stringify(key)}; it has ${known.join(", ")}`;
    throw new MyelinError("ERR_CONFIG", message);
  }
}

/** @throws {MyelinError} `ERR_CONFIG` */
function checkSignal(owner: string, signal: AbortSignal | undefined): void {
  if (signal === undefined || abortSignal.is(signal)) return;
  throw new MyelinError("ERR_CONFIG", `${owner}(): signal must be ${abortSignal.what}`);
}

/** Options of whatever waits. @throws {MyelinError} `ERR_CONFIG` */
export function checkWait(owner: string, options: WaitLimits): void {
  checkObject(owner, options);
  checkSignal(owner, options.signal);
  timeLimit(`${owner}(): timeoutMs`, options.timeoutMs);
}

/** @throws {MyelinError} `ERR_CONFIG` */
export function checkListener(owner: string, listener: unknown, options: ListenerOptions): void {
  if (!isFunction(listener)) {
    throw new MyelinError("ERR_CONFIG", `${owner}(): the listener must be a function`);
  }
  checkObject(owner, options);
  checkSignal(owner, options.signal);
}

/** @throws {MyelinError} `ERR_CONFIG` */
export function checkCloseOptions(options: CloseOptions): void {
  checkKeys("close", options, ["drainMs", "timeoutMs", "retry"]);
  const { drainMs, retry, timeoutMs } = options;
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
    return new MyelinError("ERR_CONFIG", textOfThrown(reason), { cause: reason, ran: "no" });
  }
  if (reason.ran !== undefined) return reason;
  return new MyelinError(reason.code, reason.message, { cause: reason, ran: "no" });
}
