// Limits that one side must keep because the other has them: told in the handshake, and kept.
import { createConnection, type Socket } from "node:net";
import { connect, serve } from "myelin";
import { afterEach, expect, test } from "vitest";
import { turns, until } from "../../../../test/support/within.ts";
import { freshAddress, keep, pair } from "../endpoint/pairing.ts";

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A source that counts what was taken from it. */
function counted(item: unknown) {
  const taken = { count: 0 };
  const items = {
    *[Symbol.iterator]() {
      for (;;) {
        taken.count += 1;
        yield item;
      }
    },
  };
  return { taken, items };
}

test.each([
  [10_000, 10],
  [65_536, 64],
  [400_000, 380],
])("an upload begins with the window of its reader: %i bytes", async (streamWindowBytes, items) => {
  const { server, client } = await pair({ server: { limits: { streamWindowBytes } } });
  let isRunning = false;
  server.handle("take", () => {
    isRunning = true;
    return new Promise(() => {});
  });
  const source = counted("x".repeat(980));
  client.upload("take", source.items).catch(() => {});
  await until("it runs", () => isRunning && source.taken.count > 0);
  await turns(20);
  expect(source.taken.count).toBeGreaterThan(items * 0.9);
  expect(source.taken.count).toBeLessThan(items * 1.2);
});

test("a stream begins with the window of its reader", async () => {
  const { server, client } = await pair({ client: { limits: { streamWindowBytes: 10_000 } } });
  const source = counted("x".repeat(980));
  server.handle("give", () => source.items);
  void client.stream("give").start();
  await until("it runs", () => source.taken.count > 0);
  await turns(20);
  expect(source.taken.count).toBeLessThan(14);
});

test("large messages keep to the slots that the other side has", async () => {
  const { server, client } = await pair({ server: { limits: { maxOpenMessages: 1 } } });
  server.handle("length", (bytes) => (bytes as Uint8Array).length);
  const lengths = [300_000, 400_000, 500_000];
  const calls = lengths.map((length) => client.call("length", Buffer.alloc(length)));
  expect(await Promise.all(calls)).toEqual(lengths);
});

test("who was ended because the memory was spent comes back by itself", async () => {
  const server = keep(
    await serve(freshAddress("unix"), {
      limits: { maxBufferedBytes: 2_000_000, streamWindowBytes: 65_536 },
    }),
  );
  server.handle("take", () => new Promise(() => {}));
  server.handle("echo", (data) => data);
  const client = keep(await connect(server.address, { limits: { streamWindowBytes: 100_000 } }));
  const first = client.id;
  // Begun and never finished, again and again: 64 KiB of each wait for a handler that does not read.
  const uploads = Array.from({ length: 100 }, () =>
    client.upload("take", counted("y".repeat(10_000)).items, { timeoutMs: 0 }),
  );
  const [outcome] = await Promise.allSettled(uploads);
  expect(outcome).toMatchObject({ status: "rejected", reason: { code: "ERR_CONNECTION_LOST" } });
  expect(outcome).toMatchObject({ reason: { cause: { code: "ERR_BUSY" } } });
  expect(await client.call("echo", 1)).toBe(1);
  expect(client.id).not.toBe(first);
});

test("clients of node-ipc that never read are within the same budget", async () => {
  const maxBufferedBytes = 4_000_000;
  const server = keep(
    await serve(freshAddress("unix"), {
      accept: ["myelin", "node-ipc"],
      limits: { maxBufferedBytes, maxQueuedBytes: 1_000_000 },
    }),
  );
  const path = server.address.replace("unix:", "");
  for (let n = 0; n < 20; n++) {
    const socket = createConnection(path);
    sockets.push(socket);
    socket.on("error", () => {});
    socket.pause();
    socket.write('{"type":"hello","data":1}\f');
  }
  await until("all are in", () => server.peers.size === 20);
  let most = 0;
  for (let n = 0; n < 300; n++) {
    for (const peer of server.peers.values()) {
      try {
        peer.send("news", "x".repeat(5_000));
      } catch {
        // As the policy says, or it has gone.
      }
    }
    if (n % 10 === 0) await turns(1);
    most = Math.max(most, server.stats().bufferedBytes);
  }
  expect(most).toBeGreaterThan(maxBufferedBytes / 4);
  expect(most).toBeLessThan(maxBufferedBytes * 1.25);
});
