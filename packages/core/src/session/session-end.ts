/** How a session ended, and what those are told who waited for it. */
import { isMyelinError, MyelinError, type Ran, textOfThrown } from "../errors.ts";
import type { Connection } from "../transport/transport.ts";
import type { CallOpening } from "./calls/call-opening.ts";
import type { Retry } from "./goodbye.ts";
import type { Encoded } from "./messages/data-codecs.ts";
import type { UnsentEvents } from "./messages/unsent-message.ts";

/** Why a session ended, and what became of what was under way. */
export interface SessionEnd {
  /** Absent when both sides said goodbye. */
  readonly error: MyelinError | undefined;
  /** Events and calls that were accepted and never left. */
  readonly unsent: { readonly events: number; readonly calls: number };
  /** Events and calls that left and were not acknowledged: they may have arrived. */
  readonly unacknowledged: { readonly events: number; readonly calls: number };
  /** What the peer said about coming back. */
  readonly retry: Retry | undefined;
  /** What never left and is its owner's again, in order, to go into the next session. */
  readonly moved: readonly MovedMessage[];
}

/** An event on its way from one session to the next. */
export interface MovedEvent {
  readonly kind: "event";
  readonly name: string;
  readonly encoded: Encoded;
  readonly headers?: Buffer | undefined;
  /** Tools have heard of it. */
  readonly isTold?: boolean;
  /** Since when it has waited for a connection, by the clock of the session. @defaultValue now */
  readonly since?: number;
}

/** So many of them that were accepted together, and of which tools have heard. */
export interface MovedEvents extends UnsentEvents {
  readonly since: number;
}

/** A message on its way from one session to the next. */
export type MovedMessage =
  | MovedEvent
  | MovedEvents
  | { readonly kind: "call"; readonly opening: CallOpening };

/** No messages. */
export const nothing: { readonly events: 0; readonly calls: 0 } = Object.freeze({
  events: 0,
  calls: 0,
});

export function closedError(): MyelinError {
  return new MyelinError("ERR_CLOSED", "the connection is closing or closed");
}

/** What the caller of a call gets that will not be answered. */
export function unansweredError(name: string, ran: Ran, end: MyelinError | undefined): MyelinError {
  const cause = end ?? closedError();
  const message = `the call of ${JSON.stringify(name)}: ${cause.message}`;
  return new MyelinError(codeOfEnd(end), message, { ran, cause });
}

/** A connection that broke for whatever reason is one code for those who wait for an answer. */
function codeOfEnd(error: MyelinError | undefined): "ERR_CLOSED" | "ERR_CONNECTION_LOST" {
  return error === undefined || error.code === "ERR_CLOSED" ? "ERR_CLOSED" : "ERR_CONNECTION_LOST";
}

/** Nothing was lost, and nothing may have been. */
export function isComplete({
  unsent,
  unacknowledged,
}: Pick<SessionEnd, "unsent" | "unacknowledged">): boolean {
  return unsent.events + unsent.calls + unacknowledged.events + unacknowledged.calls === 0;
}

export function undeliveredError({
  error,
  unsent,
  unacknowledged,
}: Pick<SessionEnd, "error" | "unsent" | "unacknowledged">): MyelinError {
  const lost = unsent.events + unsent.calls;
  const maybe = unacknowledged.events + unacknowledged.calls;
  const message = `messages not sent: ${lost}; sent and not acknowledged: ${maybe}`;
  return new MyelinError("ERR_UNDELIVERED", message, error === undefined ? {} : { cause: error });
}

const lastWordsMs = 1_000;

/** Ends a connection whose last words may not have left yet, or are said here. */
export async function endGently(
  connection: Connection | undefined,
  lastWords?: Uint8Array,
): Promise<void> {
  try {
    if (lastWords !== undefined) connection?.send(lastWords);
    await connection?.close({ timeoutMs: lastWordsMs });
  } catch {
    // Both sides have said that they have everything, or nobody is there to be told.
  }
}

/** Whatever reading a peer's bytes threw, as what the peer did wrong. */
export function protocolError(reason: unknown): MyelinError {
  if (isMyelinError(reason)) return reason;
  return new MyelinError("ERR_PROTOCOL", textOfThrown(reason), { cause: reason });
}
