/** What several peers have counted, together. */
import type { ExchangeStats, TrafficStats } from "../peer/stats.ts";

export function sumOf(all: readonly (ExchangeStats | undefined)[]): ExchangeStats {
  const known = all.filter((each) => each !== undefined);
  const sum = (pick: (stats: ExchangeStats) => number): number =>
    known.reduce((total, each) => total + pick(each), 0);
  const traffic = (pick: (stats: ExchangeStats) => TrafficStats): TrafficStats => ({
    messages: sum((each) => pick(each).messages),
    bytes: sum((each) => pick(each).bytes),
  });
  return {
    sent: traffic(({ sent }) => sent),
    received: traffic(({ received }) => received),
    pendingBytes: sum(({ pendingBytes }) => pendingBytes),
    pendingCalls: sum(({ pendingCalls }) => pendingCalls),
    activeHandlers: sum(({ activeHandlers }) => activeHandlers),
    dropped: sum(({ dropped }) => dropped),
    unhandled: sum(({ unhandled }) => unhandled),
    late: sum(({ late }) => late),
    slow: sum(({ slow }) => slow),
  };
}
