/** Checks what the methods of a peer are given. */
import { isMyelinError, MyelinError, textOfThrown } from "../../errors.ts";
import { checkObject, unknownOption } from "../../options.ts";
import type { CloseOptions, ListenerOptions } from "../../peer/call-options.ts";
import { abortSignal, isFunction } from "../shapes.ts";
import { type ItemSource, isItemSource } from "../streams/items.ts";
import { timeLimit } from "../time-limit.ts";
import type { WaitLimits } from "./bounded.ts";

/** @throws {MyelinError} `ERR_CONFIG` */
export function checkedSource(source: ItemSource | undefined): ItemSource {
  if (isItemSource(source)) return source;
  throw new MyelinError("ERR_CONFIG", "what is sent must be iterable");
}

const sent = ["bytes", "copy"];
const awaited = ["timeoutMs", "signal"];
const called = [...sent, ...awaited, "ref"];
const audience = ["to", "except"];
const subscription = ["once", "signal"];

type Method =
  | ("send" | "post" | "broadcast" | "ask" | "flush" | "close")
  | ("call" | "upload" | "stream" | "duplex")
  | ("on" | "onState" | "onDrain" | "onNotice" | "onPeer");

/** The options of each method. */
const optionsOf: Readonly<Record<Method, readonly string[]>> = {
  send: sent,
  post: [...sent, ...awaited],
  broadcast: [...audience, ...sent],
  ask: [...audience, ...called, "want"],
  flush: awaited,
  close: ["drainMs", "timeoutMs", "retry", "signal"],
  ...{ call: called, upload: called, stream: called, duplex: called },
  ...{ on: subscription, onState: subscription, onDrain: subscription },
  ...{ onNotice: subscription, onPeer: subscription },
};

/** @throws {MyelinError} `ERR_CONFIG` for an option that nobody knows */
export function checkMethodOptions(method: Method, options: object): void {
  checkObject(method, options);
  const known = optionsOf[method];
  // With every message that has options: no array is made of them.
  for (const key in options) {
    if (known.includes(key) || !Object.hasOwn(options, key)) continue;
    if ((options as Readonly<Record<string, unknown>>)[key] === undefined) continue;
    throw unknownOption(method, key, known);
  }
}

/** @throws {MyelinError} `ERR_CONFIG` */
function checkSignal(method: Method, signal: AbortSignal | undefined): void {
  if (signal === undefined || abortSignal.is(signal)) return;
  throw new MyelinError("ERR_CONFIG", `${method}(): signal must be ${abortSignal.what}`);
}

/** Options of whatever waits. @throws {MyelinError} `ERR_CONFIG` */
export function checkWait(method: Method, options: WaitLimits): void {
  checkMethodOptions(method, options);
  checkSignal(method, options.signal);
  timeLimit(`${method}(): timeoutMs`, options.timeoutMs);
}

/** @throws {MyelinError} `ERR_CONFIG` */
export function checkListener(method: Method, listener: unknown, options: ListenerOptions): void {
  if (!isFunction(listener)) {
    throw new MyelinError("ERR_CONFIG", `${method}(): the listener must be a function`);
  }
  checkMethodOptions(method, options);
  checkSignal(method, options.signal);
}

/** @throws {MyelinError} `ERR_CONFIG` */
export function checkCloseOptions(options: CloseOptions): void {
  checkMethodOptions("close", options);
  const { drainMs, retry, signal, timeoutMs } = options;
  checkSignal("close", signal);
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
