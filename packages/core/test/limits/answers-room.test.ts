// Answers that are more than may wait are refused, one by one: who asked for too much at once keeps the session.
import { connect, serve } from "myelin";
import { expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "../endpoint/pairing.ts";

const MiB = 1024 * 1024;

const outcomesOf = async (calls: Promise<unknown>[]): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const each of await within("their ends", Promise.allSettled(calls))) {
    const key = each.status === "fulfilled" ? "ok" : `${each.reason.code} ${each.reason.ran}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
};

test.each([
  ["at once", () => Buffer.alloc(MiB)],
  ["later", () => new Promise((resolve) => setTimeout(resolve, 5, Buffer.alloc(MiB)))],
  ["as text", () => "x".repeat(MiB)],
])("two hundred calls with a megabyte of answer each, given %s", async (_, get) => {
  const server = keep(await serve(freshAddress(), { handlers: { get, small: () => 1 } }));
  const client = keep(await connect(server.address));
  const calls = Array.from({ length: 200 }, () => client.call("get"));
  const small = within("a small one", client.call("small"));
  const { ok = 0, "ERR_BUSY yes": busy = 0 } = await outcomesOf(calls);
  expect(ok + busy).toBe(200);
  expect(ok).toBeGreaterThanOrEqual(128);
  expect(busy).toBeGreaterThan(0);
  expect(client.state).toBe("open");
  expect(await small).toBe(1);
  expect(await client.call("get")).toHaveLength(MiB);
  await until("nothing is left", () => server.stats().bufferedBytes < 10_000);
});

test("the text says what is full, and the handler is seen to have failed by nobody", async () => {
  const limits = { maxQueuedBytes: 100_000 };
  const server = keep(
    await serve(freshAddress(), { limits, handlers: { get: () => "x".repeat(90_000) } }),
  );
  const client = keep(await connect(server.address));
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => client.call("get")));
  const [refused] = outcomes.filter(({ status }) => status === "rejected");
  expect(refused).toMatchObject({
    reason: {
      code: "ERR_BUSY",
      ran: "yes",
      message:
        'the call of "get" has an answer, or an item, for which the peer has no room beside others',
    },
  });
});

test("one answer that is larger than all of the budget, while others ask for little", async () => {
  const limits = { maxBufferedBytes: 4 * MiB, maxBinaryBytes: 64 * MiB };
  const handlers = { large: () => Buffer.alloc(24 * MiB, 5), small: () => "y".repeat(1_000) };
  const server = keep(await serve(freshAddress(), { limits, handlers }));
  const client = keep(await connect(server.address));
  for (let round = 0; round < 5; round++) {
    const large = client.call("large") as Promise<Uint8Array>;
    const state = { isDone: false };
    void large.finally(() => (state.isDone = true));
    let answered = 0;
    while (!state.isDone) {
      expect(await client.call("small")).toHaveLength(1_000);
      answered += 1;
    }
    expect((await large).every((byte) => byte === 5)).toBe(true);
    expect(answered).toBeGreaterThan(0);
  }
  expect(client.state).toBe("open");
});
