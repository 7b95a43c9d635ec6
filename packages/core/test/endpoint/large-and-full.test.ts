// Large messages that are more than may wait for one peer.
import { connect, MemoryRegistry, memory, type Notice, type SlowPeerPolicy, serve } from "myelin";
import { faulty } from "myelin/testing";
import { expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "./pairing.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const limits = { maxQueuedBytes: 200_000 };
const large = (n: number) => Buffer.alloc(3_000_000, n);

/** A client that may have little waiting, and what the server has heard of it. */
async function modest(slowPeer: SlowPeerPolicy) {
  const registry = new MemoryRegistry();
  const address = freshAddress("memory");
  const heard: number[] = [];
  const events = { take: (data: unknown) => void heard.push((data as Uint8Array)[0] as number) };
  const handlers = { take: (data: unknown) => (data as Uint8Array)[0] };
  const resume = { windowMs: 60_000 };
  const options = { resume, transports: [memory({ registry })] };
  const server = keep(await serve(address, { ...options, events, handlers }));
  let sessions = 0;
  server.onPeer(() => void sessions++);
  const line = faulty(memory({ registry }));
  const notices: Notice[] = [];
  const client = keep(
    await connect(address, { resume, limits, slowPeer, transports: [line], retry: { minMs: 1 } }),
  );
  client.onNotice((notice) => void notices.push(notice));
  return { client, heard, line, notices, sessions: () => sessions };
}

test("a second one is refused while the first is on its way, and the session stands", async () => {
  const { client, heard, sessions } = await modest("wait");
  client.send("take", large(1));
  expect(() => client.send("take", large(2))).toThrow(coded("ERR_QUEUE_FULL"));
  await within("the first is there", client.flush());
  client.send("take", large(3));
  await client.flush();
  expect(heard).toEqual([1, 3]);
  expect(sessions()).toBe(1);
});

test("post waits for its turn with each", async () => {
  const { client, heard } = await modest("wait");
  for (let n = 1; n <= 4; n++) await within("there is room", client.post("take", large(n)));
  await within("all are there", client.flush());
  expect(heard).toEqual([1, 2, 3, 4]);
});

test("drop-newest drops it, and says so", async () => {
  const { client, heard, notices, sessions } = await modest("drop-newest");
  client.send("take", large(1));
  client.send("take", large(2));
  await within("the first is there", client.flush());
  expect(heard).toEqual([1]);
  expect(client.stats().dropped).toBe(1);
  expect(notices).toMatchObject([{ kind: "dropped", events: 1, reason: "slow-peer" }]);
  const [bytes = 0] = notices.map((notice) => (notice.kind === "dropped" ? notice.bytes : 0));
  expect(bytes).toBeGreaterThanOrEqual(3_000_000);
  expect(bytes).toBeLessThan(3_000_200);
  expect(sessions()).toBe(1);
});

test("a second call is refused, too: it has not run", async () => {
  const { client } = await modest("wait");
  const first = client.call("take", large(1));
  await expect(client.call("take", large(2))).rejects.toEqual(
    coded("ERR_QUEUE_FULL", { ran: "no" }),
  );
  expect(await within("the first is answered", first)).toBe(1);
});

test("small ones go past it, and what waits goes on over the next connection", async () => {
  const { client, heard, line } = await modest("wait");
  client.send("take", large(1));
  const small = Buffer.alloc(1_000, 9);
  const call = client.call("take", small);
  line.faults.cutAll();
  expect(await within("the call is answered", call)).toBe(9);
  await within("all is there", client.flush());
  expect(heard).toEqual([1]);
});

test("two that were accepted go on over the next connection", async () => {
  const registry = new MemoryRegistry();
  const transports = [memory({ registry })];
  const address = freshAddress("memory");
  const heard: number[] = [];
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const options = {
    transports,
    resume: false as const,
    limits: { windowMessages: 2 },
    handlers: { slow: () => released },
    events: { take: (data: unknown) => void heard.push((data as Uint8Array)[0] as number) },
  };
  const server = keep(await serve(address, options));
  let sessions = 0;
  server.onPeer(() => void sessions++);
  const line = faulty(memory({ registry }));
  const client = keep(
    await connect(address, { limits, resume: false, transports: [line], retry: { minMs: 1 } }),
  );
  client.onNotice(() => {});
  client.send("take", large(1));
  // Its last part waits for the window, and there is room for another one.
  const calls = [client.call("slow"), client.call("slow")].map((call) => call.catch(() => {}));
  await until("it has nearly left", () => client.stats().pendingBytes < 150_000);
  client.send("take", large(2));
  line.faults.cutAll();
  release();
  await within("all is there", client.flush());
  expect(heard).toEqual([1, 2]);
  expect(sessions).toBe(2);
  await Promise.all(calls);
});

test("drop-oldest drops what does not fit, and the session stands", async () => {
  const { client, heard, sessions } = await modest("drop-oldest");
  let sent = 0;
  for (let n = 1; n <= 6; n++) {
    client.send("take", large(n));
    sent += 1;
    for (let each = 0; each < 5; each++, sent += 1) client.send("take", Buffer.alloc(1_000, 9));
  }
  await within("what is left is there", client.flush());
  expect(heard.length + client.stats().dropped).toBe(sent);
  expect(client.stats().dropped).toBeGreaterThan(0);
  expect(sessions()).toBe(1);
});
