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
const noStats: SessionStats = Object.freeze({
  sent: noTraffic,
  received: noTraffic,
  pendingBytes: 0,
  pendingCalls: 0,
  activeHandlers: 0,
  late: 0,
  roundTripMs: undefined,
});

export function sessionStats(
  session: Conversation | undefined,
  { bytes, calls }: WaitingLater,
): SessionStats {
  const own = session?.stats() ?? noStats;
  return {
    ...own,
    pendingBytes: own.pendingBytes + bytes,
    pendingCalls: own.pendingCalls + calls,
  };
}
