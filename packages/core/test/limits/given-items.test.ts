// What sources of streams have given when there was no room for it: whose fault that is, and that it is let go.
import {
  type Client,
  type ConnectOptions,
  connect,
  MemoryRegistry,
  memory,
  type ServeOptions,
  type Server,
  type ServerPeer,
  serve,
} from "myelin";
import { type FaultyTransport, faulty } from "myelin/testing";
import { expect, test } from "vitest";
import { turns, until } from "../../../../test/support/within.ts";
import { all, freshAddress, keep } from "../endpoint/pairing.ts";

const MiB = 1024 * 1024;
const moment = () => new Promise<void>((resolve) => void setImmediate(resolve));

interface Stalling {
  readonly server: Server;
  readonly line: FaultyTransport;
  /** Another line to the same. */
  readonly other: FaultyTransport;
  readonly visit: (
    through?: FaultyTransport,
    more?: ConnectOptions,
  ) => Promise<{ client: Client; peer: ServerPeer }>;
}

/** A server, and a line to it that can be stalled. */
async function stalling(options: ServeOptions): Promise<Stalling> {
  const transport = memory({ registry: new MemoryRegistry() });
  const server = keep(await serve("memory:given", { transports: [transport], ...options }));
  const line = faulty(transport);
  return {
    server,
    line,
    other: faulty(transport),
    visit: async (through = line, more = {}) => {
      const options = { transports: [through], retry: false, ...more } as const;
      const client = keep(await connect("memory:given", options));
      return { client, peer: [...server.peers.values()].at(-1) as ServerPeer };
    },
  };
}

const shared = new Uint8Array(MiB);

test.each([
  { what: "each its own", bytes: MiB, count: 20, give: () => new Uint8Array(MiB) },
  { what: "all the same", bytes: MiB, count: 60, give: () => shared },
  { what: "small ones", bytes: 60_000, count: 350, give: () => new Uint8Array(60_000) },
])("who reads is not ended for it: $what", async ({ bytes, count, give }) => {
  const server = keep(
    await serve(freshAddress(), {
      limits: { maxBufferedBytes: 16 * MiB },
      handlers: {
        item: async function* () {
          await moment();
          yield give();
        },
      },
    }),
  );
  const client = keep(await connect(server.address, { retry: false }));
  const streams = Array.from({ length: count }, () => all(client.stream("item")));
  const lengths = (await Promise.all(streams)).map(([item]) => (item as Uint8Array).length);
  expect(lengths).toEqual(lengths.map(() => bytes));
  expect(client.state).toBe("open");
});

test("what is more than the budget again fails by itself, and is told", async () => {
  let given = 0;
  const { line, server, visit } = await stalling({
    limits: { maxBufferedBytes: 4 * MiB },
    handlers: {
      item: async function* () {
        await moment();
        given += 1;
        yield new Uint8Array(MiB / 4);
      },
    },
  });
  const { client, peer } = await visit();
  line.faults.stall("down");
  const outcomes = Array.from({ length: 60 }, async () => {
    try {
      return (await all(client.stream("item"))).length;
    } catch (error) {
      return error;
    }
  });
  await until("all have given one", () => given === 60);
  await turns(20);
  line.faults.heal();
  const settled = await Promise.all(outcomes);
  const failed = settled.filter((each) => each !== 1);
  for (const each of failed) expect(each).toMatchObject({ code: "ERR_BUSY", ran: "yes" });
  // The rest waits, or has room.
  expect(failed.length).toBeGreaterThan(20);
  expect(failed.length).toBeLessThan(44);
  await until("all has left", () => server.stats().bufferedBytes < 64 * 1024);
  expect(peer.state).toBe("open");
  expect(await all(client.stream("item"))).toHaveLength(1);
});

test("what one keeps who takes nothing leaves others their part", async () => {
  let given = 0;
  const { line, other, visit } = await stalling({
    limits: { maxBufferedBytes: 32 * MiB },
    handlers: {
      item: async function* () {
        await moment();
        given += 1;
        yield new Uint8Array(MiB);
      },
    },
  });
  const stranger = await visit();
  line.faults.stall("down");
  for (let n = 0; n < 60; n += 1) stranger.client.stream("item").start();
  await until("all have given one", () => given === 60);
  await turns(20);
  const reader = await visit(other);
  const streams = Array.from({ length: 18 }, () => all(reader.client.stream("item")));
  for (const items of await Promise.all(streams)) expect(items).toHaveLength(1);
});

test("who reads is not ended for it when its connection breaks", async () => {
  const { line, server, visit } = await stalling({
    ...{ resume: {}, limits: { maxBufferedBytes: 16 * MiB } },
    handlers: {
      item: async function* () {
        await moment();
        yield new Uint8Array(MiB);
      },
    },
  });
  const { client, peer } = await visit(line, { resume: {}, retry: { minMs: 1, maxMs: 5 } });
  line.faults.stall("down");
  const streams = Array.from({ length: 22 }, () => all(client.stream("item")));
  await until("they are open", () => server.stats().activeHandlers === 22);
  await turns(20);
  line.faults.refuse();
  line.faults.cutAll("both");
  await until("it is detached", () => peer.state === "detached");
  await turns(20);
  line.faults.heal();
  for (const items of await Promise.all(streams)) expect(items).toHaveLength(1);
  expect(client.stats().resumed).toBe(1);
});

test("it is given back once when the session ends, and handlers that outlive theirs count in full", async () => {
  let begun = 0;
  const settle: (() => void)[] = [];
  const work = (): Promise<void> => {
    begun += 1;
    return new Promise((resolve) => settle.push(resolve));
  };
  const { line, server, visit } = await stalling({
    limits: { maxBufferedBytes: 16 * MiB },
    events: { work },
    handlers: {
      item: async function* () {
        begun += 1;
        await moment();
        yield new Uint8Array(MiB);
      },
    },
  });
  const { client, peer } = await visit();
  client.send("work");
  line.faults.stall("down");
  for (let n = 0; n < 30; n += 1) client.stream("item").start();
  await until("all are at work", () => begun === 31);
  await turns(20);
  line.faults.heal();
  line.faults.cutAll("both");
  await peer.closed;
  for (const each of settle) each();
  let visits = 0;
  const refused = async (): Promise<unknown> => {
    for (; visits < 60; visits += 1) {
      const { client } = await visit();
      const before = begun;
      client.send("work", "x".repeat(400_000));
      await until("it is at work", () => begun > before);
      await client.close({ drainMs: 0, timeoutMs: 100 }).catch(() => {});
      await until("it has left", () => server.peers.size === 0);
    }
    return undefined;
  };
  expect(await refused().catch((error) => error)).toMatchObject({ code: "ERR_BUSY" });
  expect(visits).toBeGreaterThan(20);
});

test("memory that is gone before it has left does not count for ever", async () => {
  const given: Uint8Array<ArrayBuffer>[] = [];
  const { line, server, visit } = await stalling({
    handlers: {
      *item() {
        const bytes = new Uint8Array(2 * MiB);
        given.push(bytes);
        yield bytes;
      },
    },
  });
  const { client, peer } = await visit();
  line.faults.stall("down");
  for (let n = 0; n < 3; n += 1) client.stream("item").start();
  await until("the items wait", () => server.stats().bufferedBytes > 6 * MiB);
  for (const { buffer } of given) structuredClone(buffer, { transfer: [buffer] });
  client.close({ drainMs: 0, timeoutMs: 0 }).catch(() => {});
  line.faults.cutAll("both");
  await peer.closed;
  expect(server.stats().bufferedBytes).toBe(0);
});

test("of a buffer that is sent in parts the largest counts, whichever came first", async () => {
  const { line, server, visit } = await stalling({});
  const { peer } = await visit();
  line.faults.stall("down");
  const file = new Uint8Array(8 * MiB);
  peer.send("part", file.subarray(0, 70_000));
  peer.send("part", file.subarray(70_000));
  expect(server.stats().bufferedBytes).toBeGreaterThanOrEqual(file.length - 70_000);
});
