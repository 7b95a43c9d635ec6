// One budget for a whole endpoint: what a hundred peers may hold together, and who pays for it.
import {
  connect,
  MemoryRegistry,
  memory,
  type ServerPeer,
  type SlowPeerPolicy,
  serve,
} from "myelin";
import { faulty } from "myelin/testing";
import { describe, expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { keep } from "../endpoint/pairing.ts";

const MiB = 1024 * 1024;
const coded = (code: string) => expect.objectContaining({ code });

let count = 0;

type Options = Parameters<typeof serve>[1];

/** A server, and clients that hear nothing more from it, in a network of their own. */
async function deaf(clients: number, options: Options = {}) {
  const registry = new MemoryRegistry();
  const transports = [memory({ registry })];
  const address = `memory:budget-${count++}`;
  const server = keep(await serve(address, { ...options, transports }));
  const line = faulty(memory({ registry }));
  const deafOnes = [];
  for (let n = 0; n < clients; n++) {
    deafOnes.push(keep(await connect(address, { transports: [line], retry: false })));
  }
  line.faults.stall("down");
  const peers = [...server.peers.values()];
  const healthy = () => connect(address, { transports, retry: false }).then(keep);
  return { server, peers, clients: deafOnes, faults: line.faults, healthy };
}

const budget = 4 * MiB;
const tight = { maxBufferedBytes: budget, maxQueuedBytes: MiB };

const events = [
  ["send", (peer: ServerPeer, n: number) => peer.send("news", { n, pad: "x".repeat(500) })],
  ["send of bytes", (peer: ServerPeer) => peer.send("news", Buffer.alloc(30_000))],
] as const;
/** What no policy drops. */
const others = [
  ["call", (peer: ServerPeer) => void peer.call("any", "x".repeat(500)).catch(() => {})],
  ["post", (peer: ServerPeer) => void peer.post("news", "x".repeat(5_000)).catch(() => {})],
] as const;

describe.each<SlowPeerPolicy>(["wait", "drop-oldest", "drop-newest", "disconnect"])(
  "finding 20: a hundred clients that never read, slowPeer: %s",
  (slowPeer) => {
    test.each(slowPeer === "wait" ? [...events, ...others] : events)(
      "%s: all of it stays within the budget",
      async (_, say) => {
        const { server, peers } = await deaf(100, { slowPeer, limits: tight });
        let most = 0;
        for (let n = 0; n < 150; n++) {
          for (const peer of peers) {
            try {
              say(peer, n);
            } catch {
              // As the policy says, or it has gone.
            }
          }
          if (n % 10 === 0) await turns(1);
          most = Math.max(most, server.stats().bufferedBytes);
        }
        // What each has held without telling, a few kilobytes, and what it was about to say.
        expect(most).toBeLessThan(budget * 1.25);
        expect(most).toBeGreaterThan(budget / 4);
      },
    );
  },
);

test("a healthy client hears everything meanwhile, and is not the one who is ended", async () => {
  const { server, peers, healthy } = await deaf(20, { limits: tight });
  const client = await healthy();
  const [own] = [...server.peers.values()].slice(-1);
  const heard: unknown[] = [];
  client.on("news", (n) => void heard.push(n));
  for (let n = 0; n < 200; n++) {
    for (const peer of peers) {
      try {
        peer.send("news", "x".repeat(5_000));
      } catch (error) {
        expect(["ERR_QUEUE_FULL", "ERR_SLOW_PEER", "ERR_CLOSED"]).toContain(
          (error as { code: string }).code,
        );
      }
    }
    own?.send("news", n);
    await turns(1);
  }
  await own?.flush();
  expect(heard).toEqual(Array.from({ length: 200 }, (_, n) => n));
  expect(client.state).toBe("open");
});

test("who does not read and holds most is ended: ERR_SLOW_PEER", async () => {
  const { server, peers, healthy } = await deaf(2, {
    limits: { maxBufferedBytes: 4 * MiB, windowBytes: 100_000, streamWindowBytes: 65_536 },
  });
  server.on("up", () => new Promise(() => {}));
  const [greedy, modest] = peers as [ServerPeer, ServerPeer];
  const say = (peer: ServerPeer, bytes: number): void => {
    for (let sent = 0; sent < bytes; sent += 10_000) peer.send("news", "x".repeat(10_000));
  };
  say(modest, 0.8 * MiB);
  say(greedy, 1.2 * MiB);
  // Others send, and hold less each: items that nobody asks for.
  const items = {
    async *[Symbol.asyncIterator]() {
      yield* Array(100).fill("y".repeat(60_000));
    },
  };
  server.handle("take", () => new Promise(() => {}));
  // Whether it reads is not known at once: until it is, those who send are ended when there is no room.
  while (greedy.state !== "closed") {
    const client = await healthy();
    client.upload("take", items).catch(() => {});
    await turns();
  }
  expect(await greedy.closed).toMatchObject({ by: "failure", error: coded("ERR_SLOW_PEER") });
  expect(modest.state).toBe("open");
  expect(server.stats().bufferedBytes).toBeLessThan(4 * MiB);
});

test("one message may be larger than all of it, both ways", async () => {
  const transports = [memory({ registry: new MemoryRegistry() })];
  const limits = { maxBufferedBytes: MiB, maxQueuedBytes: 100_000, highWaterMarkBytes: 50_000 };
  const server = keep(await serve("memory:large", { transports, limits }));
  server.handle("echo", (data) => data);
  const client = keep(await connect("memory:large", { transports, limits, retry: false }));
  const bytes = Buffer.alloc(6 * MiB, 7);
  expect(bytes.equals((await client.call("echo", bytes)) as Uint8Array)).toBe(true);
  expect(await client.call("echo", "y".repeat(3 * MiB))).toHaveLength(3 * MiB);
  await client.flush();
  await until("nothing is left", () => server.stats().bufferedBytes < 10_000);
});

test("what everybody is sent counts once, however many are slow", async () => {
  const { server, peers } = await deaf(50, { limits: { maxBufferedBytes: 32 * MiB } });
  expect(server.broadcast("news", Buffer.alloc(4 * MiB))).toMatchObject({ accepted: 50 });
  expect(server.broadcast("news", "x".repeat(1 * MiB))).toMatchObject({ accepted: 50 });
  await turns();
  const { bufferedBytes } = server.stats();
  expect(bufferedBytes).toBeGreaterThan(5 * MiB);
  // Beside both of them what each connection was given.
  expect(bufferedBytes).toBeLessThan((5 + 50 / 4 + 1) * MiB);
  expect(peers.map(({ state }) => state)).toEqual(Array(50).fill("open"));
});

test("what two peers are sent counts until both are done with it, also when one is gone", async () => {
  const handlers = { hold: () => new Promise(() => {}), take: () => {} };
  const network = memory({ registry: new MemoryRegistry() });
  const server = keep(await serve("memory:shared", { transports: [network] }));
  const limits = { windowMessages: 1 };
  const lines = [faulty(network), faulty(network)];
  for (const line of lines) {
    keep(await connect(server.address, { transports: [line], retry: false, handlers, limits }));
  }
  const body = new Uint8Array(8 * MiB);
  for (const peer of server.peers.values()) {
    // Its window is used up: the next call waits.
    peer.call("hold").catch(() => {});
    peer.call("take", body).catch(() => {});
  }
  await until("both wait", () => server.stats().pendingCalls === 4);
  expect(server.stats().bufferedBytes).toBeGreaterThan(8 * MiB);
  lines[0]?.faults.cutAll();
  await until("one is gone", () => server.stats().pendingCalls === 2);
  expect(server.stats().bufferedBytes).toBeGreaterThan(8 * MiB);
});

test("posts that wait for room are bounded, too", async () => {
  const { server, peers } = await deaf(1, { limits: tight });
  const [peer] = peers as [ServerPeer];
  const posts = Array.from({ length: 1_000 }, () => peer.post("news", "x".repeat(10_000)));
  const outcomes = Promise.allSettled(posts);
  await turns();
  expect(server.stats().bufferedBytes).toBeLessThan(budget * 0.75);
  expect(peer.state).toBe("open");
  await server.close({ drainMs: 0, timeoutMs: 10 }).catch(() => {});
  const codes = (await outcomes).map((each) => each.status === "rejected" && each.reason.code);
  expect(new Set(codes)).toEqual(new Set([false, "ERR_QUEUE_FULL", "ERR_CLOSED"]));
});

test("who holds much while there is little left gets no window, and goes on when there is more", async () => {
  const windowMessages = 100;
  const { server, peers, healthy } = await deaf(3, {
    limits: { maxBufferedBytes: 4 * MiB, windowMessages, windowBytes: 4 * MiB },
  });
  let heard = 0;
  server.on("large", () => new Promise(() => {}));
  server.on("small", () => void heard++);
  const sender = await healthy();
  for (const peer of peers) {
    for (let sent = 0; sent < 0.75 * MiB; sent += 10_000) peer.send("news", "x".repeat(10_000));
  }
  // Four share three MiB; this one has one of them.
  await sender.post("large", Buffer.alloc(1.1 * MiB));
  for (let n = 0; n < 500; n++) sender.send("small", n);
  await until("it has used its window", () => heard >= windowMessages / 2);
  await turns(20);
  expect(heard).toBeLessThan(windowMessages);
  for (const peer of peers) peer.close({ drainMs: 0, timeoutMs: 1 }).catch(() => {});
  await until("it goes on", () => heard === 500);
});

test("a window that was held back is returned when its own handlers are done", async () => {
  const { server, peers, healthy } = await deaf(3, {
    limits: { maxBufferedBytes: 4 * MiB, windowMessages: 100, windowBytes: 4 * MiB },
  });
  let settle!: () => void;
  const settled = new Promise<void>((resolve) => (settle = resolve));
  server.on("large", () => settled);
  let heard = 0;
  server.on("small", () => void heard++);
  const sender = await healthy();
  for (const peer of peers) {
    for (let sent = 0; sent < 0.75 * MiB; sent += 10_000) peer.send("news", "x".repeat(10_000));
  }
  await sender.post("large", Buffer.alloc(1.1 * MiB));
  for (let n = 0; n < 500; n++) sender.send("small", n);
  await until("it has used its window", () => heard >= 50);
  await turns(20);
  expect(heard).toBeLessThan(100);
  settle();
  await until("it goes on", () => heard === 500);
});

test("an upload of one who holds much gets no credit, and goes on when there is more", async () => {
  const { server, peers, healthy } = await deaf(3, { limits: { maxBufferedBytes: 4 * MiB } });
  server.on("large", () => new Promise(() => {}));
  let read = 0;
  server.handle("take", async (items) => {
    for await (const _ of items as AsyncIterable<unknown>) read++;
  });
  const sender = await healthy();
  for (const peer of peers) {
    for (let sent = 0; sent < 0.75 * MiB; sent += 10_000) peer.send("news", "x".repeat(10_000));
  }
  await sender.post("large", Buffer.alloc(1.1 * MiB));
  const upload = sender.upload("take", Array(200).fill("y".repeat(5_000)));
  await until("the first have come", () => read > 0);
  await turns(20);
  // Credit for 64 KiB, and what a sender may be wrong by.
  expect(read).toBeLessThan(40);
  for (const peer of peers) peer.close({ drainMs: 0, timeoutMs: 1 }).catch(() => {});
  await upload;
  expect(read).toBe(200);
});

test("a detached session is ended when it grows beyond what may wait, by whatever way", async () => {
  const registry = new MemoryRegistry();
  const server = keep(
    await serve("memory:detached", {
      transports: [memory({ registry })],
      resume: {},
      limits: { maxDetachedBytes: 300_000 },
    }),
  );
  const unreliable = faulty(memory({ registry }));
  for (let n = 0; n < 3; n++) {
    keep(await connect("memory:detached", { transports: [unreliable], resume: {} }));
  }
  const peers = [...server.peers.values()] as [ServerPeer, ServerPeer, ServerPeer];
  unreliable.faults.refuse();
  unreliable.faults.cutAll();
  await until("all wait", () => server.stats().detached === 3);
  const [idle, ...both] = peers;
  const send = (to: ServerPeer): void => void to.send("news", "x".repeat(5_000));
  for (let n = 0; n < 20; n++) both.forEach(send);
  expect(server.stats().detached).toBe(3);
  for (let n = 0; n < 20 && server.stats().detached === 3; n++) both.forEach(send);
  // Who takes nothing may stay, and who has all of it then.
  expect(idle.state).toBe("detached");
  const ended = both.filter(({ state }) => state === "closed");
  expect(ended).toHaveLength(1);
  expect(await ended[0]?.closed).toMatchObject({ error: coded("ERR_CONNECTION_LOST") });
  for (let n = 0; n < 10; n++) send(idle);
  expect(server.stats().detached).toBe(2);
});

test.each([
  ["wait", undefined],
  ["drop-oldest", undefined],
  ["drop-newest", undefined],
  ["wait", 8 * 1024 * 1024],
] as const)(
  "a detached session that has all that may wait is one for slowPeer: %s, %s",
  async (slowPeer, maxDetachedBytes) => {
    const registry = new MemoryRegistry();
    const transports = [memory({ registry })];
    const sizes = maxDetachedBytes === undefined ? {} : { maxDetachedBytes };
    const server = keep(
      await serve("memory:alone", { transports, resume: {}, slowPeer, limits: sizes }),
    );
    const unreliable = faulty(memory({ registry }));
    const retry = { minMs: 1, maxMs: 5 };
    const client = keep(
      await connect("memory:alone", { transports: [unreliable], resume: {}, retry }),
    );
    const [peer] = [...server.peers.values()] as [ServerPeer];
    unreliable.faults.refuse();
    unreliable.faults.cutAll();
    await until("it waits", () => server.stats().detached === 1);
    const heard: unknown[] = [];
    client.on("news", (news) => void heard.push(news));
    const text = "x".repeat(8_000);
    const send = (): void => {
      for (let n = 0; n < 9_000; n++) peer.send("news", text);
    };
    if (slowPeer === "wait") expect(send).toThrow(coded("ERR_QUEUE_FULL"));
    else send();
    expect(peer.state).toBe("detached");
    expect(peer.stats().dropped > 0).toBe(slowPeer !== "wait");
    unreliable.faults.heal();
    await within("it is back", peer.flush());
    expect(heard.length).toBeGreaterThan((maxDetachedBytes ?? 50 * 1024 * 1024) / 10_000);
  },
);

test("resume.bufferBytes is what may wait for the return", async () => {
  const registry = new MemoryRegistry();
  const resume = { bufferBytes: 50_000 };
  const transports = [memory({ registry })];
  const server = keep(await serve("memory:buffer", { transports, resume }));
  const unreliable = faulty(memory({ registry }));
  const retry = { minMs: 1, maxMs: 5 };
  const options = { transports: [unreliable], resume: {}, retry };
  const client = keep(await connect("memory:buffer", options));
  const heard: unknown[] = [];
  client.on("news", (n) => void heard.push(n));
  const [peer] = [...server.peers.values()] as [ServerPeer];
  unreliable.faults.refuse();
  unreliable.faults.cutAll();
  await until("it waits", () => peer.state === "detached");
  let accepted = 0;
  const fill = (): void => {
    for (; accepted < 1_000; accepted++) peer.send("news", "x".repeat(1_000));
  };
  expect(fill).toThrow(coded("ERR_QUEUE_FULL"));
  expect(accepted).toBeGreaterThan(20);
  expect(accepted).toBeLessThan(55);
  unreliable.faults.heal();
  await until("all of it has come", () => heard.length === accepted);
  peer.send("news", "and more");
});

test("uploads that a peer begins and never goes on with are counted for what they take", async () => {
  const registry = new MemoryRegistry();
  const transports = [memory({ registry })];
  const collect = async (items: AsyncIterable<unknown>) => {
    for await (const item of items) void item;
  };
  const handlers = { collect, echo: (data: unknown) => data };
  const server = keep(
    await serve("memory:uploads", {
      transports,
      limits: { ...tight, windowMessages: 1_024 },
      handlers: handlers as never,
    }),
  );
  const ended: unknown[] = [];
  server.onPeer((peer) => void peer.closed.then(({ error }) => ended.push(error?.code)));
  const silent: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }),
  };
  const client = keep(await connect("memory:uploads", { transports, retry: false }));
  for (let n = 0; n < 10; n++) {
    const hoarder = await connect("memory:uploads", { transports, retry: false }).then(keep);
    for (let each = 0; each < 1_000; each++) hoarder.upload("collect", silent).catch(() => {});
    await until(
      "they are at work, or their client is ended",
      () => server.stats().activeHandlers === 1_000 * (n + 1 - ended.length),
    );
    // Twice the budget, with what handlers were given, and no more.
    expect(server.stats().activeHandlers * 3_072).toBeLessThanOrEqual(2 * budget + 4 * MiB);
  }
  expect(new Set(ended)).toEqual(new Set(["ERR_BUSY"]));
  expect(await client.call("echo", 1)).toBe(1);
});
