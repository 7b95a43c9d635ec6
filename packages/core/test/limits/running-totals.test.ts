// What is counted as it comes and goes must be nothing when all of it is gone, whatever went on.
import { expect, test } from "vitest";
import { until } from "../../../../test/support/within.ts";
import { MemoryBudget } from "../../src/session/memory-budget.ts";
import { SeededRandom } from "../../src/testing/seeded-random.ts";
import { type Side, sessionPair } from "../session/session-pair.ts";

const kinds = { call: 0, stream: 1, upload: 2 } as const;

/** Handlers for whatever the other side may send. */
function answer(side: Side): void {
  side.handlers.on("event", (data) => (data instanceof Uint8Array ? undefined : Promise.resolve()));
  side.handlers.handle("echo", { type: kinds.call, run: (data) => data });
  side.handlers.handle("count", {
    type: kinds.stream,
    *run(data) {
      for (let n = 0; n < 50; n += 1) yield n % 10 === 9 ? Buffer.alloc(data as number) : n;
    },
  });
  side.handlers.handle("sum", {
    type: kinds.upload,
    async run(items) {
      let count = 0;
      for await (const _ of items as AsyncIterable<unknown>) if (++count === 30) break;
      return count;
    },
  });
}

async function read(side: Side, bytes: number, isLeft: boolean): Promise<void> {
  let count = 0;
  for await (const _ of side.stream("count", bytes)) if (isLeft && ++count === 5) return;
}

test.each([1, 2, 3, 4, 5, 6])("seed %i: everything is counted back", async (seed) => {
  const random = new SeededRandom(seed);
  const upTo = (most: number): number => Math.floor(random.next() * most);
  const budgets = [new MemoryBudget(2 ** 30), new MemoryBudget(2 ** 30)] as const;
  const { client, server, release } = await sessionPair(
    {
      terms: { window: { messages: 20, bytes: 400_000 } },
      session: { isResumable: seed % 2 === 0 },
    },
    budgets,
  );
  for (const side of [client, server]) answer(side);
  release();
  const pending: Promise<unknown>[] = [];
  for (let n = 0; n < 300; n += 1) {
    const side = random.next() < 0.5 ? client : server;
    const bytes = random.next() < 0.2 ? upTo(300_000) : upTo(3_000);
    const data = random.next() < 0.5 ? Buffer.alloc(bytes) : "x".repeat(bytes);
    const what = upTo(5);
    if (what < 2) side.session.event("event", data);
    else if (what === 2) pending.push(side.call("echo", data));
    else if (what === 3) pending.push(read(side, upTo(200_000), random.next() < 0.3));
    else
      pending.push(
        side.call("sum", undefined, { type: kinds.upload, source: [...Array(40)].map(() => data) }),
      );
    if (random.next() < 0.1) await new Promise(setImmediate);
    for (const budget of budgets) expect(budget.measure()).toBeGreaterThanOrEqual(0);
  }
  expect(Math.max(...budgets.map((budget) => budget.measure()))).toBeGreaterThan(100_000);
  await Promise.all(pending);
  await Promise.all([client.session.flush(), server.session.flush()]);
  const ends = [client, server];
  const isCounted = (): boolean =>
    ends.every(({ session }) => session.stats().activeHandlers === 0);
  await until("handlers are done", isCounted);
  await Promise.all(ends.map(({ session }) => session.flush()));
  expect(ends.map(({ session }) => session.stats().pendingBytes)).toEqual([0, 0]);
  expect(budgets.map((budget) => budget.measure())).toEqual([0, 0]);
  for (const { session } of ends) session.abort();
});

test("streams that are over count for nothing, however many they were", async () => {
  const budget = new MemoryBudget(2 ** 20);
  const { client, server, release } = await sessionPair({}, [new MemoryBudget(2 ** 30), budget]);
  server.handlers.handle("count", {
    type: kinds.stream,
    *run() {
      yield 1;
    },
  });
  release();
  let items = 0;
  for (let n = 0; n < 1_500; n += 1) for await (const _ of client.stream("count")) items += 1;
  await client.session.flush();
  expect(items).toBe(1_500);
  expect(budget.isTight).toBe(false);
  client.session.abort();
});

test("a session that ends gives back all that it held", async () => {
  const budgets = [new MemoryBudget(2 ** 30), new MemoryBudget(2 ** 30)] as const;
  const { client, server, release } = await sessionPair({}, budgets);
  server.handlers.on("event", () => new Promise(() => {}));
  server.handlers.handle("count", {
    type: kinds.stream,
    *run() {
      for (;;) yield Buffer.alloc(100_000);
    },
  });
  release();
  const large = Buffer.alloc(3_000_000);
  for (let n = 0; n < 10; n += 1) client.session.event("event", large);
  for (let n = 0; n < 2_000; n += 1) client.session.event("event", n);
  const first = client.stream("count")[Symbol.asyncIterator]().next();
  await until("much of it is there", () => budgets.every((each) => each.measure() > 200_000));
  client.session.abort();
  await Promise.allSettled([first, server.end]);
  expect(budgets.map((budget) => budget.measure())).toEqual([0, 0]);
  expect(budgets.map((budget) => budget.isTight)).toEqual([false, false]);
});
