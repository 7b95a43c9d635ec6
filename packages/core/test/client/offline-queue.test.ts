// What waits for a session leaves in order, and what one session did not take waits for the next.

import { expect, test } from "vitest";
import { OfflineQueue, type Packed, type Waiting } from "../../src/client/offline-queue.ts";
import { systemClock } from "../../src/clock.ts";
import { MyelinError } from "../../src/errors.ts";
import { MemoryBudget } from "../../src/session/memory-budget.ts";
import { frameCost, promiseCost } from "../../src/session/wire.ts";

interface Session {
  readonly taken: number[];
  stands: boolean;
}

function queueOf(count: number, onRun: (n: number, session: Session) => void) {
  const account = new MemoryBudget(1_000_000).open();
  let empties = 0;
  const queue = new OfflineQueue<Session>(
    systemClock,
    { maxBytes: 1_000, maxMessages: 100 },
    account,
    { onEmpty: () => void empties++, onLess() {} },
  );
  const failed: number[] = [];
  const withdraw: (() => void)[] = [];
  for (let n = 0; n < count; n++) {
    const waiting: Waiting<Session> = {
      kind: "call",
      bytes: 10,
      run: (session) => {
        session.taken.push(n);
        onRun(n, session);
      },
      fail: () => failed.push(n),
      timeoutMs: 0,
      signal: undefined,
      onPlaced: (run) => withdraw.push(run),
    };
    queue.add(waiting);
  }
  const sent = (): Session => {
    const session = { taken: [], stands: true };
    queue.flush(session, () => session.stands);
    return session;
  };
  return { queue, failed, sent, withdraw, account, empties: () => empties };
}

test("a session that ends on the way takes no more: the rest waits, in order", () => {
  const { queue, failed, sent } = queueOf(4, (n, session) => {
    if (n === 1) session.stands = false;
  });
  expect(sent().taken).toEqual([0, 1]);
  expect(queue.count()).toEqual({ events: 0, calls: 2, bytes: 20 });
  expect(sent().taken).toEqual([2, 3]);
  expect(queue.count()).toEqual({ events: 0, calls: 0, bytes: 0 });
  expect(failed).toEqual([]);
});

test("what is given up while others leave does not leave, and counts for nothing", () => {
  const { queue, failed, sent, withdraw } = queueOf(4, (n) => {
    if (n === 0) withdraw[2]?.();
  });
  expect(sent().taken).toEqual([0, 1, 3]);
  expect(failed).toEqual([2]);
  expect(queue.count()).toEqual({ events: 0, calls: 0, bytes: 0 });
});

test("what was aborted on its way back fails, and nothing else", () => {
  const { queue, failed, sent } = queueOf(1, () => {});
  const controller = new AbortController();
  controller.abort();
  const errors: string[] = [];
  const call = (signal: AbortSignal | undefined): Waiting<Session> => ({
    kind: "call",
    bytes: 10,
    run: (session) => session.taken.push(7),
    fail: ({ code }) => errors.push(code),
    timeoutMs: 0,
    signal,
  });
  queue.putBack([call(controller.signal), call(undefined)]);
  expect(errors).toEqual(["ERR_ABORTED"]);
  expect(queue.count()).toEqual({ events: 0, calls: 2, bytes: 20 });
  expect(sent().taken).toEqual([7, 0]);
  expect(failed).toEqual([]);
});

/** So many events in one, numbered from 100. */
function packed(count: number, onRun: (n: number, session: Session) => void): Packed<Session> {
  const event = (n: number): Waiting<Session> => ({
    ...{ kind: "event", bytes: 10, timeoutMs: 0, signal: undefined },
    run(session) {
      session.taken.push(n);
      onRun(n, session);
    },
    fail: () => {},
  });
  const events = Array.from({ length: count }, (_, n) => event(100 + n));
  const bytes = 10 * count;
  return { ...event(0), bytes, messages: count, unpack: () => events };
}

test("of events that were packed together, what the session does not take keeps its place", () => {
  const { queue, sent } = queueOf(2, () => {});
  let toTake = 2;
  const back = packed(4, (_, session) => {
    toTake -= 1;
    if (toTake === 0) session.stands = false;
  });
  queue.putBack([back]);
  expect(queue.count()).toEqual({ events: 4, calls: 2, bytes: 60 });
  expect(sent().taken).toEqual([100, 101]);
  expect(queue.count()).toEqual({ events: 2, calls: 2, bytes: 40 });
  expect(sent().taken).toEqual([102, 103, 0, 1]);
  expect(queue.count()).toEqual({ events: 0, calls: 0, bytes: 0 });
});

test("they count as so many, and are gone when all fail, also while they leave", () => {
  const { queue, sent } = queueOf(0, () => {});
  const failAll = () => queue.failAll(new MyelinError("ERR_CLOSED", "over"));
  queue.putBack([packed(99, (n) => n === 101 && failAll()), packed(3, () => {})]);
  const [another] = packed(1, () => {}).unpack() as [Waiting<Session>];
  expect(() => queue.add(another)).toThrow(expect.objectContaining({ code: "ERR_QUEUE_FULL" }));
  expect(sent().taken).toEqual([100, 101]);
  expect(queue.count()).toEqual({ events: 0, calls: 0, bytes: 0 });
});

test("all that waits is in the account, wherever it was put", () => {
  const { account, queue, sent } = queueOf(3, () => {});
  const call = 10 + frameCost + promiseCost;
  expect(account.bytes).toBe(3 * call);
  queue.putBack([packed(4, (n, session) => (session.stands = n !== 101))]);
  expect(account.bytes).toBe(3 * call + 40 + frameCost);
  sent();
  expect(account.bytes).toBe(3 * call + 2 * (10 + frameCost));
  sent();
  expect(account.bytes).toBe(0);
});

test("what is put back and withdrawn at once is not the last of all that waits", () => {
  const { account, empties, failed, queue, sent } = queueOf(2, () => {});
  const before = account.bytes;
  queue.putBack([
    {
      ...{ kind: "call", bytes: 10, timeoutMs: 0, signal: undefined },
      run: () => {},
      fail: () => void failed.push(7),
      onPlaced: (withdraw) => withdraw(),
    },
  ]);
  expect([failed, empties(), account.bytes]).toEqual([[7], 0, before]);
  expect(sent().taken).toEqual([0, 1]);
  expect([empties(), account.bytes]).toEqual([1, 0]);
});
