// What had not left when a session was lost goes into the one after it: each once, in order.
import { connect, MyelinError, type Notice, serve, tcp } from "myelin";
import { faulty } from "myelin/testing";
import { describe, expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { all, freshAddress, keep } from "./pairing.ts";

const quickly = { minMs: 1, maxMs: 5 };
const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => from + index);

/**
 * A client whose server takes ten messages and never settles them, so that the rest waits in the
 * client; and then another server at the same address.
 */
async function stuck(kind: string, options: Parameters<typeof connect>[1] = {}) {
  const first: unknown[] = [];
  const never = () => new Promise(() => {});
  const server = keep(
    await serve(freshAddress(kind), {
      limits: { windowMessages: 10 },
      events: {
        news(data) {
          first.push(data);
          return never();
        },
      },
      handlers: { ask: never },
    }),
  );
  const { address } = server;
  const client = keep(await connect(address, { retry: quickly, resume: false, ...options }));
  const notices: Notice[] = [];
  client.onNotice((notice) => void notices.push(notice));
  const restart = async () => {
    const second: unknown[] = [];
    const other = keep(
      await serve(address, {
        events: { news: (data) => void second.push(data) },
        handlers: {
          ask: (data) => `answer ${String(data)}`,
          count: function* (data) {
            yield* numbers(0, data as number);
          },
          sum: async (items) => (await all(items as AsyncIterable<number>)).length,
        },
      }),
    );
    return { other, second };
  };
  /** The process dies, as far as anybody can see. */
  const die = async () => {
    for (const peer of server.peers.values()) cut(peer);
    await server.close();
  };
  return { client, first, notices, restart, die };
}

/** Ends a session without a word. */
function cut(peer: object): void {
  const { session } = peer as { session: { abort(error: MyelinError): void } };
  session.abort(new MyelinError("ERR_CONNECTION_LOST", "dead"));
}

const bytes = new Uint8Array(300_000).fill(7);

describe.each(["unix", "tcp"])("over %s", (kind) => {
  test("events, small, large and as bytes", async () => {
    const { client, first, notices, restart, die } = await stuck(kind);
    const sent: unknown[] = [];
    const send = (data: unknown): void => {
      sent.push(data);
      client.send("news", data);
    };
    for (const n of numbers(0, 10)) send(n);
    await client.flush();
    for (const n of numbers(10, 500)) {
      if (n === 100) send("ünï".repeat(10_000));
      else if (n === 200) send("x".repeat(300_000));
      else if (n === 300) send(bytes);
      else if (n === 400) send(undefined);
      else send({ n });
      if (n % 50 === 0) await turns(1);
    }
    await die();
    const { second } = await restart();
    await within("all of it arrives", client.flush());
    expect(first).toEqual(sent.slice(0, 10));
    expect(second).toEqual(sent.slice(10));
    expect(notices.filter((notice) => notice.kind === "gap")).toEqual([]);
  });

  test("calls, streams and uploads, and a flush that had begun", async () => {
    const { client, notices, restart, die } = await stuck(kind);
    const left = numbers(0, 10).map((n) => client.call("ask", n));
    await client.flush();
    const calls = numbers(10, 50).map((n) => client.call("ask", n));
    const items = all(client.stream("count", 5));
    const sum = client.upload("sum", numbers(0, 7));
    const flushed = client.flush();
    const aborting = new AbortController();
    const aborted = client.call("ask", "no", { signal: aborting.signal });
    await turns();
    await die();
    for (const each of left) {
      await expect(each).rejects.toEqual(coded("ERR_CONNECTION_LOST", { ran: "maybe" }));
    }
    aborting.abort();
    await expect(aborted).rejects.toEqual(coded("ERR_ABORTED", { ran: "no" }));
    const { other } = await restart();
    expect(await within("answers", Promise.all(calls))).toEqual(
      numbers(10, 50).map((n) => `answer ${n}`),
    );
    expect(await within("items", items)).toEqual(numbers(0, 5));
    expect(await within("the sum", sum)).toBe(7);
    await within("the flush", flushed);
    expect(other.stats().received.messages).toBeGreaterThan(40);
    expect(notices.filter((notice) => notice.kind === "gap")).toEqual([]);
  });

  test("what had left is told as a gap, beside it", async () => {
    const { client, first, notices, restart, die } = await stuck(kind);
    for (const n of numbers(0, 200)) client.send("news", n);
    await until("ten have arrived", () => first.length === 10);
    await die();
    const { second } = await restart();
    await until("it is told", () => notices.length > 0);
    await client.flush();
    const gaps = notices.flatMap((notice) => (notice.kind === "gap" ? [notice.events] : []));
    const told = gaps.reduce((sum, events) => sum + events, 0);
    // Nothing is lost that is not told, and nothing comes twice.
    expect(second).toEqual(numbers(200 - second.length, 200));
    expect(first.length + second.length).toBeLessThanOrEqual(200);
    expect(told).toBeGreaterThanOrEqual(200 - first.length - second.length);
    expect(told).toBeLessThanOrEqual(200 - second.length);
  });

  test.each(["drop", "reject"] as const)("not with offline: %s", async (offline) => {
    const { client, notices, restart, die } = await stuck(kind, { offline });
    for (const n of numbers(0, 10)) client.send("news", n);
    await client.flush();
    for (const n of numbers(10, 60)) client.send("news", n);
    const unsent = client.call("ask", 1);
    await die();
    await expect(unsent).rejects.toEqual(coded("ERR_CONNECTION_LOST", { ran: "no" }));
    const { second } = await restart();
    await until("it is there", () => client.state === "open");
    await client.flush();
    expect(second).toEqual([]);
    const gaps = notices.flatMap((notice) => (notice.kind === "gap" ? [notice.events] : []));
    expect(gaps.reduce((sum, events) => sum + events, 0)).toBe(50);
  });
});

test("calls have the time that is left of theirs", async () => {
  const { client, restart, die } = await stuck("unix");
  for (const n of numbers(0, 10)) client.send("news", n);
  await client.flush();
  const soon = client.call("ask", 1, { timeoutMs: 50 });
  const later = client.call("ask", 2, { timeoutMs: 60_000 });
  await die();
  await expect(soon).rejects.toEqual(coded("ERR_TIMEOUT", { ran: "no" }));
  await restart();
  expect(await within("the answer", later)).toBe("answer 2");
});

test("after a session that could not be resumed", async () => {
  const line = faulty(tcp());
  const heard: unknown[] = [];
  const server = keep(
    await serve("tcp://127.0.0.1:0", {
      limits: { windowMessages: 10, maxDetachedSessions: 1 },
      events: { news: (data) => void heard.push(data) },
    }),
  );
  const client = keep(await connect(server.address, { transports: [line], retry: quickly }));
  const notices: Notice[] = [];
  client.onNotice((notice) => void notices.push(notice));
  line.faults.stall("up");
  for (const n of numbers(0, 100)) client.send("news", n);
  await turns();
  for (const peer of server.peers.values()) cut(peer);
  line.faults.cutAll();
  line.faults.heal();
  await until("it is told", () => notices.length > 0);
  await within("the rest arrives", client.flush());
  const [gap] = notices.flatMap((notice) => (notice.kind === "gap" ? [notice] : []));
  expect(gap).toMatchObject({ events: 10, mayHaveArrived: true });
  expect(heard).toEqual(numbers(10, 100));
});
