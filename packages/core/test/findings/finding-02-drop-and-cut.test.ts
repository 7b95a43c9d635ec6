// Events that are dropped for a peer that does not read, while its connection breaks: those that were
// not dropped arrive once, in order, and the others are counted.
import { connect, MemoryRegistry, memory, type Notice, serve } from "myelin";
import { faulty } from "myelin/testing";
import { expect, test } from "vitest";
import { until } from "../../../../test/support/within.ts";
import { keep } from "../endpoint/pairing.ts";

const resume = { windowMs: 10_000 };
const names = Array.from({ length: 8 }, (_, n) => `name ${n}`);
const count = 400;

async function dropAndCut(cutAt: number) {
  const registry = new MemoryRegistry();
  const transports = [memory({ registry })];
  const limits = { windowMessages: 16 };
  const server = keep(await serve("memory:drop", { transports, resume, limits }));
  const heard: number[] = [];
  let settle!: () => void;
  const settled = new Promise<void>((resolve) => (settle = resolve));
  for (const name of names) {
    server.on(name, (n) => {
      heard.push(n as number);
      return settled;
    });
  }
  const line = faulty(memory({ registry }));
  const client = keep(
    await connect("memory:drop", {
      ...{ transports: [line], resume, retry: { minMs: 1, maxMs: 2 } },
      ...{ slowPeer: "drop-oldest", limits: { maxQueuedBytes: 8_192 } },
    }),
  );
  const notices: Notice[] = [];
  client.onNotice((notice) => void notices.push(notice));
  for (let n = 0; n < count; n += 1) {
    // A name is defined when it has been used some times, and is dropped as well as any other.
    client.send(names[n % names.length] as string, n);
    if (n === cutAt) line.faults.cutAll();
    if (n % 20 === 0) await new Promise(setImmediate);
  }
  await until("it is back", () => client.state === "open" && client.stats().resumed === 1);
  settle();
  await client.flush();
  const { dropped } = client.stats();
  await client.close();
  await server.close();
  return { dropped, heard, notices };
}

test("finding 2: what is not dropped arrives once and in order, wherever the connection breaks", async () => {
  for (let cutAt = 0; cutAt < count; cutAt += 37) {
    const { dropped, heard, notices } = await dropAndCut(cutAt);
    expect(heard).toEqual([...new Set(heard)].sort((one, other) => one - other));
    expect({ cutAt, heard: heard.length }).toEqual({ cutAt, heard: count - dropped });
    expect(dropped).toBeGreaterThan(0);
    expect(new Set(notices.map(({ kind }) => kind))).toEqual(new Set(["dropped"]));
  }
});
