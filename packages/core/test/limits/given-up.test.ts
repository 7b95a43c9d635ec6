// What somebody waited for and gave up is let go of, however long the other side takes.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { connect, MemoryRegistry, memory, serve } from "myelin";
import { faulty } from "myelin/testing";
import { expect, test } from "vitest";
import { until } from "../../../../test/support/within.ts";
import { freshAddress, keep, pair } from "../endpoint/pairing.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of the heap that are in use. */
function used(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

test("flushes", async () => {
  const { client, server } = await pair({ kind: "memory" });
  server.on("stuck", () => new Promise(() => {}));
  // More than the window has: they are not acknowledged before some have settled.
  for (let n = 0; n < 2_000; n++) client.send("stuck", n);
  let gaveUp = 0;
  const giveUp = new AbortController();
  const flushing = (count: number): void => {
    for (let n = 0; n < count; n++) {
      client.flush({ signal: giveUp.signal }).catch(() => gaveUp++);
    }
  };
  const before = used();
  flushing(20_000);
  giveUp.abort();
  await until("all have given up", () => gaveUp === 20_000);
  expect(used() - before).toBeLessThan(2_000_000);
});

test("items of streams that have ended and that nobody will read", async () => {
  const { client, peer, server } = await pair({ kind: "memory" });
  client.handle("list", () => Array.from({ length: 40 }, () => "x".repeat(1_000)));
  const first = async (): Promise<unknown> => {
    // As programs do that want one item and forget to say so.
    const { value } = await peer.stream("list")[Symbol.asyncIterator]().next();
    return value;
  };
  for (let n = 0; n < 50; n++) expect(await first()).toHaveLength(1_000);
  await until("all have ended", () => peer.stats().pendingCalls === 0);
  expect(server.stats().bufferedBytes).toBeGreaterThan(50 * 39_000);
  await until("nothing of them is counted", () => {
    collect();
    return server.stats().bufferedBytes < 1_000;
  });
});

test("the input of calls that have left and are not answered", async () => {
  // A window for all of them, which handlers that never settle do not give back.
  const limits = { windowBytes: 64 * 1024 * 1024 };
  const { client, server } = await pair({ kind: "tcp", server: { limits } });
  server.handle("stuck", () => new Promise(() => {}));
  const inputs: WeakRef<object>[] = [];
  const { arrayBuffers } = process.memoryUsage();
  for (let n = 0; n < 100; n++) {
    // In pieces and whole, in a batch and beside bytes.
    const input = { text: "x".repeat(n % 2 === 0 ? 100_000 : 400_000), n };
    inputs.push(new WeakRef(input));
    client.call("stuck", input).catch(() => {});
    client.call("stuck", n, { bytes: [Buffer.alloc(10_000)] }).catch(() => {});
    await client.flush();
  }
  await until("nobody keeps them", () => {
    collect();
    const kept = inputs.filter((input) => input.deref() !== undefined).length;
    return kept < 2 && process.memoryUsage().arrayBuffers - arrayBuffers < 3_000_000;
  });
  expect(client.stats().pendingCalls).toBe(200);
});

test("the input of streams that were opened without a connection, as it was given and as it was encoded", async () => {
  const address = freshAddress();
  const client = keep(await connect(address, { lazy: true, retry: { minMs: 1, maxMs: 5 } }));
  const inputs: WeakRef<object>[] = [];
  // Bytes are their own encoding, where they are too many to be copied.
  const given = [{ text: "x".repeat(100_000) }, new Uint8Array(400_000)];
  const streams = given.splice(0).map((input) => {
    inputs.push(new WeakRef(input));
    return client.stream("stuck", input);
  });
  const steps = streams.map((stream) => stream[Symbol.asyncIterator]().next());
  const handlers = {
    async *stuck() {
      yield 1;
      await new Promise(() => {});
    },
  };
  keep(await serve(address, { handlers }));
  for (const step of steps) expect(await step).toEqual({ done: false, value: 1 });
  await client.flush();
  await until("nobody keeps them", () => {
    collect();
    return inputs.every((input) => input.deref() === undefined);
  });
  expect(client.stats().pendingCalls).toBe(streams.length);
});

test("small events that wait for the next session take no more than they did in the last", async () => {
  const registry = new MemoryRegistry();
  const server = await serve("memory:many", { transports: [memory({ registry })] });
  const line = faulty(memory({ registry }));
  const client = await connect("memory:many", { resume: false, transports: [line] });
  client.onNotice(() => {});
  line.faults.stall();
  for (let n = 0; n < 200_000; n++) client.send("tick", n);
  const before = used();
  line.faults.refuse();
  line.faults.cutAll();
  await until("it is away", () => client.state === "connecting");
  // Each by itself would be some 600 bytes.
  expect(used() - before).toBeLessThan(10_000_000);
  expect(client.stats().pendingBytes).toBeGreaterThan(12_000_000);
  await client.close({ drainMs: 0, timeoutMs: 0 }).catch(() => {});
  await server.close();
});
