// A connection that breaks during a farewell: it goes on over the next one, within its time.
import { type CloseOptions, connect, MemoryRegistry, memory, serve } from "myelin";
import { faulty } from "myelin/testing";
import { describe, expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { keep } from "./pairing.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const retry = { minMs: 1, maxMs: 10 };
const patiently: CloseOptions = { drainMs: 600_000, timeoutMs: 600_000 };
const nothing = { events: 0, calls: 0 };
const count = 500;

/** A client and its peer with more to say than leaves in one turn. */
async function busy() {
  const transport = memory({ registry: new MemoryRegistry() });
  const transports = [transport];
  const heard: unknown[] = [];
  const events = { e: (n: unknown) => void heard.push((n as { n: number }).n) };
  const resume = {};
  const server = keep(await serve("memory:cut", { transports, resume, events }));
  const line = faulty(transport);
  const client = keep(await connect("memory:cut", { transports: [line], resume, retry, events }));
  const peer = [...server.peers.values()].at(-1);
  if (peer === undefined) throw new Error("nobody came in");
  const talk = (from: { send(name: string, data: unknown): boolean }): void => {
    for (let n = 0; n < count; n++) from.send("e", { n, pad: "x".repeat(1_000) });
  };
  return { client, cut: () => line.faults.cutAll(), heard, line, peer, server, talk };
}

const inOrder = Array.from({ length: count }, (_, n) => n);

describe.each([0, 1, 2, 3])("cut %i turns into the close", (after) => {
  test("of a client: the server gets everything", async () => {
    const { client, cut, heard, peer, talk } = await busy();
    talk(client);
    const closing = client.close(patiently);
    await turns(after);
    cut();
    await within("it is closed", closing);
    expect(heard).toEqual(inOrder);
    expect(await client.closed).toMatchObject({ undelivered: { unacknowledged: nothing } });
    await within("the peer is gone, too", peer.closed);
  });

  test("of a peer: the client gets everything", async () => {
    const { client, cut, heard, peer, talk } = await busy();
    talk(peer);
    const closing = peer.close({ ...patiently, retry: "never" });
    await turns(after);
    cut();
    await within("it is closed", closing);
    expect(heard).toEqual(inOrder);
    await within("the client is told never to come back", client.closed);
  });
});

test("a call that is under way is answered all the same", async () => {
  const { client, cut, server } = await busy();
  let answer!: (value: string) => void;
  server.handle("slow", () => new Promise((resolve) => (answer = resolve)));
  const call = client.call("slow", 0, { timeoutMs: 0 });
  await client.flush();
  const closing = client.close(patiently);
  cut();
  await turns();
  answer("in time");
  await within("it is closed", closing);
  expect(await call).toBe("in time");
});

test("a peer that is closed while it waits for its client waits for that", async () => {
  const { cut, heard, line, peer, talk } = await busy();
  line.faults.refuse();
  cut();
  await until("it waits", () => peer.state === "detached");
  talk(peer);
  const closing = peer.close(patiently);
  line.faults.heal();
  await within("it is closed", closing);
  expect(heard).toEqual(inOrder);
});

test("nobody waits for a client that could only come back to a closed server", async () => {
  const { cut, peer, server, talk } = await busy();
  talk(peer);
  const closing = server.close(patiently);
  cut();
  await expect(within("it is closed", closing)).rejects.toEqual(coded("ERR_UNDELIVERED"));
});

test("a client that misses nothing waits for nobody", async () => {
  const { client, cut, line } = await busy();
  await client.flush();
  const closing = client.close(patiently);
  line.faults.refuse();
  cut();
  await within("it is closed", closing);
});

test("no server comes back: the close is over in its time", async () => {
  const { client, cut, server, talk } = await busy();
  talk(client);
  const closing = client.close({ drainMs: 0, timeoutMs: 50 });
  cut();
  await server.close({ drainMs: 0, timeoutMs: 1 }).catch(() => {});
  await expect(within("it is closed", closing)).rejects.toEqual(coded("ERR_UNDELIVERED"));
  const { undelivered } = await client.closed;
  expect(undelivered.unsent.events + undelivered.unacknowledged.events).toBe(count);
});
