// What waits for a connection may end its wait before there is one: whoever waits for the room that this
// makes hears of it.
import { type Client, connect, serve } from "myelin";
import { expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "./pairing.ts";

const retry = { minMs: 1, maxMs: 5 };

/** A client that nobody answers; ten messages may wait. */
async function alone(more: { maxAgeMs?: number } = {}) {
  const address = freshAddress("memory");
  const offline = { policy: "queue" as const, maxMessages: 10, ...more };
  const client = keep(await connect(address, { lazy: true, retry, offline }));
  let drains = 0;
  client.onDrain(() => void drains++);
  client.onNotice(() => {});
  return { address, client, drains: () => drains };
}

/** So many events, the last of which leaves no room. */
function fill(client: Client, count: number): void {
  for (let n = 1; n < count; n++) expect(client.send("news", n)).toBe(true);
  expect(client.send("news", count)).toBe(false);
}

test("events that are too old", async () => {
  const { client, drains } = await alone({ maxAgeMs: 50 });
  fill(client, 5);
  const posts = [client.post("news", "posted"), client.post("news", "posted too")];
  await within("they are accepted", Promise.all(posts));
  await until("there is room for all", () => drains() === 1);
});

test("calls that time out", async () => {
  const { address, client, drains } = await alone();
  const calls = Array.from({ length: 5 }, () => client.call("name", 1, { timeoutMs: 30 }));
  const outcomes = Promise.allSettled(calls);
  expect(client.send("news", 1)).toBe(false);
  await within("it is accepted", client.post("news", 2));
  for (const { status } of await outcomes) expect(status).toBe("rejected");
  await until("there is room for more", () => drains() === 1);
  expect(client.stats().slow).toBe(1);
  expect(client.send("news", 3)).toBe(true);
  const heard: unknown[] = [];
  keep(await serve(address, { events: { news: (data) => void heard.push(data) } }));
  await client.flush();
  expect(heard).toEqual([1, 2, 3]);
});

test("calls that are aborted, and streams that are stopped", async () => {
  const { client, drains } = await alone();
  const aborting = new AbortController();
  const call = client.call("name", 1, { signal: aborting.signal });
  const refused = expect(call).rejects.toMatchObject({ code: "ERR_ABORTED" });
  const stream = client.stream("name", 1).start();
  fill(client, 3);
  const posted = client.post("news");
  aborting.abort();
  await refused;
  await within("it is accepted", posted);
  expect(drains()).toBe(0);
  await stream[Symbol.asyncDispose]();
  await until("there is room for more", () => drains() === 1);
});

test("headers count for what waits, of events and of calls", async () => {
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const context = { traceparent, tracestate: `v=${"s".repeat(3_000)}` };
  const client = keep(
    await connect(freshAddress("memory"), {
      lazy: true,
      offline: { policy: "queue", maxBytes: 10_000 },
      trace: { current: () => context },
    }),
  );
  client.send("news", 1);
  const answer = client.call("name", 1, { timeoutMs: 0 });
  const closed = expect(answer).rejects.toMatchObject({ code: "ERR_CLOSED" });
  expect(client.stats().pendingBytes).toBeGreaterThan(6_000);
  client.send("news", 1);
  expect(() => client.send("news", 1)).toThrow(expect.objectContaining({ code: "ERR_QUEUE_FULL" }));
  await client.close({ drainMs: 0, timeoutMs: 0 }).catch(() => {});
  await closed;
});
