// Peers that read, and whose handlers take their time, are not ended for what others hold, nor held up for ever.
import { connect, MemoryRegistry, memory, type ServeOptions, type ServerPeer, serve } from "myelin";
import { faulty } from "myelin/testing";
import { describe, expect, test } from "vitest";
import { turns, until } from "../../../../test/support/within.ts";
import { all, freshAddress, keep } from "../endpoint/pairing.ts";

const MiB = 1024 * 1024;
const retry = { minMs: 1, maxMs: 5 } as const;
const forEver = () => new Promise<never>(() => {});
const moment = () => new Promise<void>((resolve) => void setImmediate(resolve));
const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A server whose peers' ends are noted. */
async function serving(address: string, options: ServeOptions) {
  const server = keep(await serve(address, options));
  const ends: unknown[] = [];
  server.onPeer((peer) => {
    void peer.closed.then(({ by, error }) => by === "failure" && ends.push(error?.message));
  });
  return { server, ends };
}

/** Sends until no more is taken. */
function fill(to: ServerPeer, bytes: number): void {
  try {
    for (;;) to.send("event", "x".repeat(bytes));
  } catch (error) {
    expect(error).toMatchObject({ code: "ERR_QUEUE_FULL" });
  }
}

describe("a connection that breaks with more waiting than may wait without one", () => {
  test.each(["handlers that finish", "events that are sent"])("%s", async (what) => {
    const transports = [memory({ registry: new MemoryRegistry() })];
    const waiting: (() => void)[] = [];
    const { server, ends } = await serving("memory:detached", {
      transports,
      resume: {},
      slowPeer: "drop-oldest",
      limits: { maxDetachedBytes: MiB / 4 },
      handlers: { slow: () => new Promise<void>((resolve) => waiting.push(resolve)) },
    });
    const line = faulty(transports[0] as (typeof transports)[number]);
    const heard: unknown[] = [];
    const client = keep(
      await connect("memory:detached", {
        ...{ transports: [line], resume: {}, retry, callTimeoutMs: 0 },
        events: { event: (data) => void heard.push(data) },
      }),
    );
    const [peer] = [...server.peers.values()] as [ServerPeer];
    const calls = Array.from({ length: 1_000 }, () => client.call("slow"));
    await until("they are at work", () => waiting.length === 1_000);
    line.faults.stall("down");
    for (let n = 0; n < 500; n += 1) peer.send("event", "x".repeat(4_000));
    line.faults.refuse();
    line.faults.cutAll("both");
    await until("it is detached", () => server.stats().detached === 1);
    if (what === "handlers that finish") for (const resolve of waiting) resolve();
    else for (let n = 0; n < 5; n += 1) peer.send("event", "x".repeat(4_000));
    await turns(20);
    expect(peer.state).toBe("detached");
    line.faults.heal();
    for (const resolve of waiting) resolve();
    // There is no room for answers while so much waits: their callers are told.
    await Promise.allSettled(calls);
    await until("events", () => heard.length + peer.stats().dropped >= 500);
    expect([client.stats().resumed, ends]).toEqual([1, []]);
  });
});

test("who has read everything is not deaf because events wait for its window", async () => {
  const { server, ends } = await serving(freshAddress(), {
    limits: { maxQueuedBytes: 400_000 },
    handlers: { big: () => "x".repeat(60_000) },
  });
  const client = keep(
    await connect(server.address, {
      limits: { windowMessages: 4 },
      events: { event: forEver },
    }),
  );
  const [peer] = [...server.peers.values()] as [ServerPeer];
  for (let n = 0; n < 4; n += 1) peer.send("event", n);
  await peer.flush();
  for (let n = 0; n < 20; n += 1) peer.send("event", "x".repeat(1_000));
  const codes = Array.from({ length: 40 }, () => client.call("big").catch(({ code }) => code));
  const answers = await Promise.all(codes);
  expect(answers).toContain("ERR_BUSY");
  // As long as it takes to find out who takes nothing, and longer.
  const since = performance.now();
  await until("a while has passed", () => performance.now() - since > 1_500);
  expect(ends).toEqual([]);
  expect((await client.call("big")) as string).toHaveLength(60_000);
});

test("long-lived duplexes get credit, however many of them wait for it", async () => {
  const { server, ends } = await serving(freshAddress(), {
    limits: { maxBufferedBytes: MiB },
    handlers: { echo: (items: unknown) => items },
  });
  const perClient = 16;
  const state = { isOver: false };
  const counts: number[] = [];
  for (let n = 0; n < 20; n += 1) {
    const client = keep(await connect(server.address, { retry: false }));
    for (let each = 0; each < perClient; each += 1) {
      const at = counts.push(0) - 1;
      const words = async function* () {
        while (!state.isOver) {
          yield "x".repeat(100);
          await after(20);
        }
      };
      void (async () => {
        for await (const _ of client.duplex("echo", words())) counts[at] = (counts[at] ?? 0) + 1;
      })().catch(() => {});
    }
  }
  // More than the first credit of each.
  await until("all go on", () => counts.every((count) => count > 45));
  state.isOver = true;
  expect(ends).toEqual([]);
});

test.each([
  { kind: "call", clients: 4, times: 1_000, maxBufferedBytes: MiB },
  { kind: "stream", clients: 2, times: 1_000, maxBufferedBytes: MiB },
  { kind: "post", clients: 20, times: 200, maxBufferedBytes: MiB },
] as const)(
  "handlers that take a while: $kind of $clients",
  async ({ kind, clients, times, ...limits }) => {
    let heard = 0;
    const { server, ends } = await serving(freshAddress(), {
      limits,
      events: {
        event: async () => {
          await after(100);
          heard += 1;
        },
      },
      handlers: {
        call: () => after(100),
        stream: async function* () {
          await after(100);
          yield 1;
        },
      },
    });
    const them = await Promise.all(
      Array.from({ length: clients }, async () =>
        keep(await connect(server.address, { retry: false, callTimeoutMs: 0 })),
      ),
    );
    const outcomes = them.flatMap((client) =>
      Array.from({ length: times }, (): Promise<unknown> => {
        if (kind === "call") return client.call("call");
        if (kind === "stream") return all(client.stream("stream"));
        return client.post("event", "x".repeat(1_000));
      }),
    );
    await Promise.all(outcomes);
    if (kind === "post") await until("all are heard", () => heard === outcomes.length);
    expect(ends).toEqual([]);
  },
);

test.each(["tcp", "unix"])("streams to many readers share a small budget: %s", async (kind) => {
  const { server, ends } = await serving(freshAddress(kind), {
    limits: { maxBufferedBytes: MiB },
    resume: {},
    handlers: {
      *items() {
        for (let n = 0; n < 300; n += 1) yield Buffer.alloc(3_000);
      },
    },
  });
  const clients = await Promise.all(
    Array.from({ length: 12 }, async () => keep(await connect(server.address, { retry: false }))),
  );
  const streams = clients.flatMap((client) => [1, 2].map(() => all(client.stream("items"))));
  let most = 0;
  const looking = setInterval(() => {
    most = Math.max(most, server.stats().bufferedBytes);
  }, 1);
  for (const items of await Promise.all(streams)) expect(items).toHaveLength(300);
  clearInterval(looking);
  expect(ends).toEqual([]);
  expect(most).toBeLessThanOrEqual(MiB);
});

test("what stream handlers throw waits for room", async () => {
  const { server, ends } = await serving(freshAddress(), {
    limits: { maxBufferedBytes: MiB },
    handlers: {
      fail: async function* () {
        await after(100);
        yield* [];
        throw Object.assign(new Error("no"), { data: "x".repeat(60_000) });
      },
    },
  });
  const client = keep(await connect(server.address, { retry: false }));
  const codes = Array.from({ length: 100 }, () =>
    all(client.stream("fail")).catch(({ code }) => code),
  );
  expect(new Set(await Promise.all(codes))).toEqual(new Set(["ERR_REMOTE"]));
  expect(ends).toEqual([]);
});

test("one large answer ends nobody, whoever is stuck or at work", async () => {
  const { server, ends } = await serving(freshAddress(), {
    limits: { maxBufferedBytes: MiB, windowBytes: 100_000 },
    events: { work: forEver },
    handlers: { wait: forEver, large: () => new Uint8Array(1_400_000) },
  });
  for (let n = 0; n < 10; n += 1) {
    const client = keep(await connect(server.address, { retry: false, callTimeoutMs: 0 }));
    for (let each = 0; each < 10; each += 1) client.call("wait").catch(() => {});
    client.send("work", "x".repeat(30_000));
  }
  const client = keep(await connect(server.address, { retry: false }));
  await until("they are at work", () => server.stats().activeHandlers === 100);
  expect(await client.call("large")).toHaveLength(1_400_000);
  expect(ends).toEqual([]);
});

describe("a broadcast that finds no room", () => {
  test("leaves out who reads, and says so; who takes nothing is cut", async () => {
    const transports = [memory({ registry: new MemoryRegistry() })];
    const { server, ends } = await serving("memory:crowd", {
      ...{ transports, resume: {}, limits: { maxBufferedBytes: 4 * MiB } },
    });
    const line = faulty(transports[0] as (typeof transports)[number]);
    const options = { transports: [line], resume: {}, retry: false } as const;
    for (let n = 0; n < 3; n += 1) keep(await connect("memory:crowd", options));
    const stuck = [...server.peers.values()];
    line.faults.stall("down");
    let heard = 0;
    const reader = keep(
      await connect("memory:crowd", { transports, events: { event: () => void heard++ } }),
    );
    const peer = [...server.peers.values()].at(-1) as ServerPeer;
    const notices: unknown[] = [];
    server.onNotice((notice) => void notices.push(notice.kind));
    for (const each of stuck) fill(each, 10_000);
    const results = Array.from({ length: 30 }, () =>
      server.broadcast("event", "x".repeat(8_000), { to: peer }),
    );
    const accepted = results.filter((each) => each.accepted === 1).length;
    expect(results.filter((each) => each.dropped === 1)).toHaveLength(30 - accepted);
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(30);
    await peer.flush();
    expect([heard, peer.stats().dropped, reader.state]).toEqual([accepted, 30 - accepted, "open"]);
    expect(notices).toContain("dropped");
    expect(ends).toEqual([]);
    await until("they are found out", () => {
      server.broadcast("event", "x".repeat(8_000));
      return stuck.every((each) => each.state === "closed");
    });
    expect(peer.state).toBe("open");
  });
});

test("a broadcast leaves alone whose connection has just broken, though others hold the memory", async () => {
  const transports = [memory({ registry: new MemoryRegistry() })];
  const { server, ends } = await serving("memory:broken", {
    ...{ transports, resume: {}, limits: { maxBufferedBytes: 4 * MiB } },
  });
  const inner = transports[0] as (typeof transports)[number];
  const stuck = faulty(inner);
  for (let n = 0; n < 3; n += 1) {
    keep(await connect("memory:broken", { transports: [stuck], resume: {}, retry: false }));
  }
  const others = [...server.peers.values()];
  stuck.faults.stall("down");
  const line = faulty(inner);
  let heard = 0;
  const options = { transports: [line], resume: {}, retry };
  keep(await connect("memory:broken", { ...options, events: { event: () => void heard++ } }));
  const peer = [...server.peers.values()].at(-1) as ServerPeer;
  for (const each of others) fill(each, 10_000);
  line.faults.refuse();
  line.faults.cutAll("both");
  await until("it is detached", () => peer.state === "detached");
  let accepted = 0;
  for (let n = 0; n < 100; n += 1) {
    accepted += server.broadcast("event", "x".repeat(2_000), { to: peer }).accepted;
  }
  expect(accepted).toBeLessThan(100);
  line.faults.heal();
  await until("it has come back", () => peer.state === "open");
  await peer.flush();
  expect([heard, ends]).toEqual([accepted, []]);
});

test("what sources have given for which there is no room is the fault of who takes nothing", async () => {
  const transports = [memory({ registry: new MemoryRegistry() })];
  const { server } = await serving("memory:kept", {
    transports,
    limits: { maxBufferedBytes: 4 * MiB },
    handlers: {
      items: async function* () {
        for (;;) {
          await moment();
          yield Buffer.alloc(100_000);
        }
      },
    },
  });
  const line = faulty(transports[0] as (typeof transports)[number]);
  const client = keep(await connect("memory:kept", { transports: [line], retry: false }));
  const [peer] = [...server.peers.values()] as [ServerPeer];
  line.faults.stall("down");
  for (let n = 0; n < 300; n += 1) client.stream("items").start();
  const { error } = await peer.closed;
  expect(error?.code).toMatch(/^ERR_(BUSY|SLOW_PEER)$/);
});

test("windows are smaller the more are in, and in small budgets", async () => {
  const { server } = await serving(freshAddress(), {
    limits: { maxBufferedBytes: MiB },
    handlers: { wait: forEver },
  });
  const atWork: number[] = [];
  for (let n = 0; n < 4; n += 1) {
    const before = server.stats().activeHandlers;
    const client = keep(await connect(server.address, { callTimeoutMs: 0 }));
    for (let each = 0; each < 300; each += 1) client.call("wait").catch(() => {});
    await client.post("event");
    let active = -1;
    await until("no more come in", () => {
      const was = active;
      active = server.stats().activeHandlers - before;
      return active === was && active > 0 && client.stats().pendingCalls === 300;
    });
    atWork.push(active);
  }
  expect(atWork).toEqual([128, 64, 42, 32]);
});
