// post(): waits for its turn, first come, first served, and is told what became of it.
import { type Client, connect, type EndpointLimits, MemoryRegistry, memory, serve } from "myelin";
import { faulty } from "myelin/testing";
import { afterEach, expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "./pairing.ts";

const tight = { maxQueuedBytes: 200_000, highWaterMarkBytes: 20_000, windowMessages: 50 };
const pad = "x".repeat(1_000);
const coded = (code: string) => expect.objectContaining({ code });

const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
process.on("unhandledRejection", onUnhandled);
afterEach(() => {
  expect(unhandled.splice(0)).toEqual([]);
});

/** A client whose server hears nothing until the faults are healed. */
async function slow(limits: EndpointLimits = tight) {
  const transport = memory({ registry: new MemoryRegistry() });
  const server = keep(await serve("memory:posts", { transports: [transport], limits }));
  const unreliable = faulty(transport);
  const client = keep(await connect("memory:posts", { transports: [unreliable], limits }));
  const heard: number[] = [];
  server.on("news", (data) => void heard.push((data as { n: number }).n));
  unreliable.faults.stall("up");
  return { server, client, heard, faults: unreliable.faults };
}

test("a thousand at once, then one more: all are accepted, in order", async () => {
  const { client, faults, heard } = await slow();
  const posts = Array.from({ length: 1_000 }, (_, n) => client.post("news", { n, pad }));
  await turns();
  faults.heal();
  posts.push(client.post("news", { n: 1_000, pad }));
  await within("all are accepted", Promise.all(posts));
  await client.flush();
  expect(heard).toEqual(Array.from({ length: 1_001 }, (_, n) => n));
});

test("what is posted with a signal that has aborted already is not sent, room or none", async () => {
  const { client, faults, heard } = await slow();
  const cause = new Error("too late");
  const late = { signal: AbortSignal.abort(cause) };
  const error = expect.objectContaining({ code: "ERR_ABORTED", cause });
  await expect(client.post("news", { n: -1 }, late)).rejects.toEqual(error);
  const posts = Array.from({ length: 100 }, (_, n) => client.post("news", { n, pad }));
  await expect(client.post("news", { n: -1 }, late)).rejects.toEqual(error);
  faults.heal();
  await within("all are accepted", Promise.all(posts));
  await client.flush();
  expect(heard).toEqual(Array.from({ length: 100 }, (_, n) => n));
});

test("what is posted is what was given, whatever becomes of it while it waits", async () => {
  const { client, faults, heard } = await slow();
  const data = { n: 0, pad };
  const posts: Promise<void>[] = [];
  for (; data.n < 100; data.n++) posts.push(client.post("news", data));
  data.n = -1;
  faults.heal();
  await within("all are accepted", Promise.all(posts));
  await client.flush();
  expect(heard).toEqual(Array.from({ length: 100 }, (_, n) => n));
});

test("one that gives up is not sent, and those behind it are", async () => {
  const { client, faults, heard } = await slow();
  const aborting = new AbortController();
  const before = Array.from({ length: 100 }, (_, n) => client.post("news", { n, pad }));
  const aborted = client.post("news", { n: 100, pad }, { signal: aborting.signal });
  const tooLong = client.post("news", { n: 101, pad }, { timeoutMs: 1 });
  const behind = client.post("news", { n: 102, pad });
  aborting.abort();
  await expect(aborted).rejects.toEqual(coded("ERR_ABORTED"));
  await expect(tooLong).rejects.toEqual(coded("ERR_TIMEOUT"));
  faults.heal();
  await within("the others", Promise.all([...before, behind]));
  await client.flush();
  expect(heard).toEqual([...Array.from({ length: 100 }, (_, n) => n), 102]);
});

test("the end of the connection ends the waiting", async () => {
  const { client } = await slow();
  const posts = Array.from({ length: 100 }, (_, n) => client.post("news", { n, pad }));
  const outcomes = Promise.allSettled(posts);
  await client.close({ drainMs: 0, timeoutMs: 1 }).catch(() => {});
  const refused = (await within("all settle", outcomes)).filter(
    (each) => each.status !== "fulfilled",
  );
  expect(refused.length).toBeGreaterThan(50);
  expect(refused.map(({ reason }) => reason)).toEqual(refused.map(() => coded("ERR_CLOSED")));
  await expect(client.post("news")).rejects.toEqual(coded("ERR_CLOSED"));
});

test("without a server they wait behind what waits already, and drain tells when there is room", async () => {
  const address = freshAddress("memory");
  const client = keep(
    await connect(address, { lazy: true, retry: { minMs: 1, maxMs: 5 }, limits: tight }),
  );
  let drained = 0;
  client.onDrain(() => void drained++);
  let sent = 0;
  while (client.send("news", { n: sent++, pad }));
  const posts = Array.from({ length: 100 }, () => client.post("news", { n: sent++, pad }));
  await turns();
  expect(drained).toBe(0);
  const heard: number[] = [];
  const server = keep(
    await serve(address, {
      events: { news: (data) => void heard.push((data as { n: number }).n) },
    }),
  );
  await within("all are accepted", Promise.all(posts));
  await client.flush();
  expect(heard).toEqual(Array.from({ length: sent }, (_, n) => n));
  expect(drained).toBe(1);
  await server.close();
});

/** Posts a hundred, and sends until `send` asks to wait, which it does before it refuses. */
async function fill(client: Client): Promise<{ posts: Promise<void>[]; sent: number }> {
  const posts: Promise<void>[] = [];
  let sent = 0;
  while (client.send("news", { n: sent++, pad }));
  while (posts.length < 100) posts.push(client.post("news", { n: sent++, pad }));
  await turns();
  return { posts, sent };
}

test("they wait also where less may wait than senders are told of by default", async () => {
  const { client, faults, heard } = await slow({ maxQueuedBytes: 50_000 });
  const { posts, sent } = await fill(client);
  faults.heal();
  await within("all are accepted", Promise.all(posts));
  await client.flush();
  expect(heard).toEqual(Array.from({ length: sent }, (_, n) => n));
});

test("they wait for the return of a session that keeps little meanwhile", async () => {
  const transport = memory({ registry: new MemoryRegistry() });
  const resume = { bufferBytes: 50_000 };
  const server = keep(await serve("memory:posts", { transports: [transport], resume }));
  const unreliable = faulty(transport);
  const retry = { minMs: 1, maxMs: 5 };
  const how = { transports: [unreliable], resume, retry };
  const client = keep(await connect("memory:posts", how));
  const heard: number[] = [];
  server.on("news", (data) => void heard.push((data as { n: number }).n));
  unreliable.faults.refuse();
  unreliable.faults.cutAll();
  await until("it is detached", () => client.state === "detached");
  const { posts, sent } = await fill(client);
  unreliable.faults.heal();
  await within("all are accepted", Promise.all(posts));
  await client.flush();
  expect(heard).toEqual(Array.from({ length: sent }, (_, n) => n));
});

test.each([{ maxBytes: 50_000 }, { maxMessages: 50 }])(
  "they wait for a server where no more may wait than %o",
  async (bounds) => {
    const address = freshAddress("memory");
    const offline = { policy: "queue", ...bounds } as const;
    const retry = { minMs: 1, maxMs: 5 };
    const client = keep(await connect(address, { lazy: true, retry, offline }));
    const { posts, sent } = await fill(client);
    const heard: number[] = [];
    const news = (data: unknown): void => void heard.push((data as { n: number }).n);
    keep(await serve(address, { events: { news } }));
    await within("all are accepted", Promise.all(posts));
    await client.flush();
    expect(heard).toEqual(Array.from({ length: sent }, (_, n) => n));
  },
);
