/** What a caller gives, with what the contract says about it. */
import type { Entry, EntryKind } from "../../contract/entry.ts";
import type { StreamOptions } from "../../peer/call-options.ts";
import { checkOf } from "../endpoint.ts";
import type { ItemSource } from "../streams/items.ts";
import { timeLimit } from "../time-limit.ts";
import { callType } from "../wire.ts";
import type { CallRequest } from "./call-opening.ts";

export type AnsweredKind = Exclude<EntryKind, "event">;

/** The input of a call or stream, or the items of an upload or duplex. */
export interface CallInput {
  readonly data: unknown;
  readonly source: ItemSource | undefined;
}

/** @throws {MyelinError} `ERR_CONFIG` for a time limit that is none */
export function callRequest(
  entry: Entry | undefined,
  kind: AnsweredKind,
  name: string,
  { data, source }: CallInput,
  timeoutMs: number | undefined,
  options: StreamOptions,
): CallRequest {
  return {
    type: callType[kind],
    name,
    data,
    // Let go of with the data, for each call: an object that grows for that is slower.
    encoded: undefined,
    source,
    timeoutMs: timeLimit("timeoutMs", timeoutMs),
    signal: options.signal,
    options,
    codec: entry?.codec,
    accept: acceptOf(entry, kind),
  };
}

function acceptOf(entry: Entry | undefined, kind: EntryKind): CallRequest["accept"] {
  if (entry === undefined || !entry.validateOutput) return undefined;
  return checkOf(entry.output, kind === "call" || kind === "upload" ? "output" : "item");
}
