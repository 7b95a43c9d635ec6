/** What a peer has counted: its session, and what waits for the next one. */
import type { Conversation } from "../conversation.ts";
import type { SessionStats } from "../session-options.ts";

/** What was accepted for a session that is not there yet. */
export interface WaitingLater {
  readonly events: number;
  readonly calls: number;
  readonly bytes: number;
}

export const nothingWaits: WaitingLater = Object.freeze({ events: 0, calls: 0, bytes: 0 });

const noTraffic = Object.freeze({ messages: 0, bytes: 0 });
export const noStats: SessionStats = Object.freeze({
  sent: noTraffic,
  received: noTraffic,
  pendingBytes: 0,
  pendingCalls: 0,
  activeHandlers: 0,
  late: 0,
  roundTripMs: undefined,
});

/** @param before what its last session had counted, which counts while there is none */
export function sessionStats(
  session: Conversation | undefined,
  before: SessionStats,
  { bytes, calls }: WaitingLater,
): SessionStats {
  const own = session?.stats() ?? before;
  return {
    ...own,
    pendingBytes: own.pendingBytes + bytes,
    pendingCalls: own.pendingCalls + calls,
  };
}

/** What a session that is over has counted: nothing waits for it, and nobody is at work for it. */
export function afterwards(session: Conversation | undefined): SessionStats {
  const over = { pendingBytes: 0, pendingCalls: 0, activeHandlers: 0 };
  return { ...(session?.stats() ?? noStats), ...over };
}
