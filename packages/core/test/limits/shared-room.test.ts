// The room that all queues of an endpoint share: who waits for it hears of it, and nobody has it all.
import { channel } from "node:diagnostics_channel";
import { connect, MemoryRegistry, memory, type ServerPeer, serve } from "myelin";
import { faulty } from "myelin/testing";
import { expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "../endpoint/pairing.ts";

const MiB = 1024 * 1024;
const forEver = () => new Promise<never>(() => {});

/** Sends until no more is taken. @returns how many were */
function fill(
  to: { send(name: string, data: string): boolean },
  most = Number.POSITIVE_INFINITY,
): number {
  for (let sent = 0; sent < most; sent += 1) {
    try {
      to.send("event", "x".repeat(8_000));
    } catch (error) {
      expect(error).toMatchObject({ code: "ERR_QUEUE_FULL" });
      return sent;
    }
  }
  return most;
}

test("a post hears of room that another peer leaves", async () => {
  const server = keep(await serve(freshAddress(), { limits: { maxBufferedBytes: MiB } }));
  const options = { limits: { windowMessages: 1 }, events: { event: forEver } };
  keep(await connect(server.address, options));
  const other = keep(await connect(server.address, options));
  const [first, second] = [...server.peers.values()] as [ServerPeer, ServerPeer];
  fill(second);
  fill(first, 20);
  let isAccepted = false;
  const post = first.post("event", 1).then(() => (isAccepted = true));
  await turns(20);
  expect(isAccepted).toBe(false);
  await other.close({ drainMs: 0, timeoutMs: 1 }).catch(() => {});
  await within("the post", post);
});

test("posts to many peers together keep to what there is", async () => {
  const server = keep(await serve(freshAddress(), { limits: { maxBufferedBytes: 16 * MiB } }));
  const options = { limits: { windowMessages: 1 }, events: { event: forEver } };
  for (let n = 0; n < 20; n++) keep(await connect(server.address, options));
  const codes = new Set<string>();
  for (const peer of server.peers.values()) {
    fill(peer, 40);
    for (let n = 0; n < 2; n++) {
      peer
        .post("event", Buffer.alloc(8 * MiB))
        .catch(({ code }: { code: string }) => codes.add(code));
    }
  }
  await turns();
  expect(codes).toEqual(new Set(["ERR_QUEUE_FULL"]));
  expect(server.stats().bufferedBytes).toBeLessThan(32 * MiB);
  expect(server.peers.size).toBe(20);
});

test("what handlers throw is refused by itself, too, when there is no room", async () => {
  const limits = { maxBufferedBytes: 4 * MiB };
  const get = () => {
    throw Object.assign(new Error("no"), { data: "x".repeat(30_000) });
  };
  const server = keep(await serve(freshAddress(), { limits, handlers: { get } }));
  const client = keep(await connect(server.address));
  const calls = Array.from({ length: 500 }, () => client.call("get"));
  const codes: Record<string, number> = {};
  for (const each of await within("their ends", Promise.allSettled(calls))) {
    const { code, ran } = (each as PromiseRejectedResult).reason;
    codes[`${code} ${ran}`] = (codes[`${code} ${ran}`] ?? 0) + 1;
  }
  expect(Object.keys(codes).sort()).toEqual(["ERR_BUSY yes", "ERR_REMOTE yes"]);
  expect(client.state).toBe("open");
});

test("a session that waits for its client keeps what there is room for, and is not ended for the rest", async () => {
  const registry = new MemoryRegistry();
  const transports = [memory({ registry })];
  let release!: () => void;
  const released = new Promise<void>((resolve) => (release = resolve));
  const get = async () => {
    await released;
    return "x".repeat(100_000);
  };
  const limits = { maxBufferedBytes: 4 * MiB };
  const options = { transports, resume: {}, limits, handlers: { get } };
  const server = keep(await serve("memory:detached-answers", options));
  const line = faulty(memory({ registry }));
  const retry = { minMs: 1, maxMs: 5 };
  const client = keep(await connect(server.address, { transports: [line], resume: {}, retry }));
  const calls = Array.from({ length: 100 }, () => client.call("get"));
  await until("they are at work", () => server.stats().activeHandlers === 100);
  line.faults.refuse();
  line.faults.cutAll();
  await until("it waits", () => server.stats().detached === 1);
  release();
  await until("they are answered", () => server.stats().activeHandlers === 0);
  line.faults.heal();
  const outcomes = await within("their ends", Promise.allSettled(calls));
  const refused = outcomes.filter(({ status }) => status === "rejected");
  for (const each of refused)
    expect(each).toMatchObject({ reason: { code: "ERR_BUSY", ran: "yes" } });
  expect(refused.length).toBeLessThan(90);
  expect(client.stats().resumed).toBe(1);
});

test("an upload of one who has little memory goes on", async () => {
  const take = async (items: unknown) => {
    let bytes = 0;
    for await (const item of items as AsyncIterable<string>) bytes += item.length;
    return bytes;
  };
  const server = keep(await serve(freshAddress(), { handlers: { take } }));
  const client = keep(await connect(server.address, { limits: { maxBufferedBytes: 100_000 } }));
  expect(await client.upload("take", Array(60).fill("y".repeat(3_000)))).toBe(180_000);
});

test("an answer to one who is ended by who hears of it holds nothing", async () => {
  const server = keep(
    await serve(freshAddress(), {
      limits: { maxQueuedBytes: 65_536 },
      slowPeer: "disconnect",
      handlers: { get: () => Buffer.alloc(4 * MiB) },
    }),
  );
  const client = keep(await connect(server.address, { retry: false }));
  const sent = channel("myelin:message:sent");
  let has = false;
  const end = (message: unknown): void => {
    if (has || (message as { kind: string }).kind !== "answer") return;
    has = true;
    const [peer] = server.peers.values();
    expect(() => fill(peer as ServerPeer)).toThrow();
  };
  sent.subscribe(end);
  try {
    await client.call("get").catch(() => {});
    await until("it is gone", () => server.peers.size === 0);
  } finally {
    sent.unsubscribe(end);
  }
  expect(server.stats().bufferedBytes).toBe(0);
});

test.each([
  [16 * MiB, 5_000_000, 3],
  [4 * MiB, 900_000, 6],
])(
  "messages of which the last parts wait for the window arrive, in %i bytes",
  async (maxBufferedBytes, bytes, count) => {
    let heard = 0;
    const options = {
      limits: { maxBufferedBytes, windowBytes: 100_000 },
      handlers: { take: (data: unknown) => (data as Uint8Array).length },
      events: { event: () => void heard++ },
    };
    const server = keep(await serve(freshAddress(), options));
    const client = keep(await connect(server.address, { limits: { maxBufferedBytes: 64 * MiB } }));
    const calls = Array.from({ length: count }, () => client.call("take", Buffer.alloc(bytes)));
    client.send("event", Buffer.alloc(bytes));
    expect(await within("all of them", Promise.all(calls))).toEqual(Array(count).fill(bytes));
    await until("the event", () => heard === 1);
    expect(await client.call("take", "small")).toBe(5);
  },
);

test.each([
  { slowPeer: "wait", code: "ERR_QUEUE_FULL", message: /^more than \d+ bytes wait for the peer$/ },
  { slowPeer: "disconnect", code: "ERR_SLOW_PEER", message: /more than \d+ bytes wait for it$/ },
] as const)("who has all of the room is told so: $slowPeer", async ({ slowPeer, ...expected }) => {
  const server = keep(
    await serve(freshAddress(), { slowPeer, limits: { maxBufferedBytes: 8 * MiB } }),
  );
  const options = { limits: { windowMessages: 1 }, events: { event: forEver } };
  keep(await connect(server.address, options));
  const [peer] = [...server.peers.values()] as [ServerPeer];
  const send = (bytes: number): unknown => {
    for (;;) {
      try {
        peer.send("event", new Uint8Array(bytes));
      } catch (error) {
        return error;
      }
    }
  };
  expect(send(8_000)).toMatchObject({
    code: expected.code,
    message: expect.stringMatching(expected.message),
  });
});

test("a message for which the rest of the room is too little is not laid at the door of others", async () => {
  const server = keep(await serve(freshAddress()));
  const options = { limits: { windowMessages: 1 }, events: { event: forEver } };
  keep(await connect(server.address, options));
  const [peer] = [...server.peers.values()] as [ServerPeer];
  for (let n = 0; n < 11; n += 1) peer.send("event", new Uint8Array(4 * MiB));
  expect(() => peer.send("event", new Uint8Array(25 * MiB))).toThrow(/^more than \d+ bytes wait/);
});
