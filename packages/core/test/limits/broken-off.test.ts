// Memory of what has arrived and is over: messages of which only a part came, and pieces that were read.
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { connect, MemoryRegistry, memory, serve } from "myelin";
import { faulty } from "myelin/testing";
import { afterEach, expect, test } from "vitest";
import { turns, until } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "../endpoint/pairing.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const MB = 1_000_000;

/** Bytes of buffers that somebody holds. Those of the dead are freed beside the collection, a moment later. */
async function held(): Promise<number> {
  collect();
  await turns();
  collect();
  return process.memoryUsage().arrayBuffers;
}

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** What a client says that calls with 6 MB: its preface and hello, and the beginning of the rest. */
async function recorded(bytes: number): Promise<{ readonly hello: Buffer; readonly rest: Buffer }> {
  const server = keep(await serve(freshAddress()));
  server.handle("take", () => 1);
  const chunks: Buffer[] = [];
  let hello = Buffer.alloc(0);
  const proxy = createServer((incoming) => {
    const outgoing = connectSocket(server.address.slice("unix:".length));
    sockets.push(incoming, outgoing);
    incoming.on("data", (chunk) => {
      chunks.push(chunk);
      outgoing.write(chunk);
    });
    outgoing.on("data", (chunk) => {
      if (hello.length === 0) hello = Buffer.concat(chunks);
      incoming.write(chunk);
    });
  });
  const path = freshAddress().slice("unix:".length);
  await new Promise<void>((resolve) => void proxy.listen(path, resolve));
  const client = keep(await connect(`unix:${path}`, { retry: false }));
  await client.call("take", new Uint8Array(6 * MB));
  proxy.close();
  const all = Buffer.concat(chunks);
  return { hello, rest: all.subarray(hello.length, hello.length + bytes) };
}

test("sessions that were ended keep nothing of what was arriving, while their clients stay", async () => {
  const { hello, rest } = await recorded(120_000);
  const server = keep(await serve(freshAddress(), { limits: { maxBufferedBytes: 2 * MB } }));
  let ended = 0;
  server.onPeer((peer) => void peer.closed.then(() => ended++));
  const before = await held();
  const clients: Socket[] = [];
  for (let n = 0; n < 60; n++) {
    const path = server.address.slice("unix:".length);
    const socket = connectSocket({ path, allowHalfOpen: true });
    sockets.push(socket);
    clients.push(socket);
    socket.write(hello);
    await new Promise((resolve) => socket.once("data", resolve));
    socket.write(rest);
  }
  await until("most of them are ended", () => ended > 40);
  // Those who stand have a megabyte each for the rest.
  expect((await held()) - before).toBeLessThan(45 * MB);
  expect(clients.filter(({ writable }) => writable)).toHaveLength(60);
});

test("nor do sessions that wait for their clients", async () => {
  const registry = new MemoryRegistry();
  const resume = { windowMs: 60_000 };
  const server = keep(
    await serve("memory:broken-off", { transports: [memory({ registry })], resume }),
  );
  const line = faulty(memory({ registry }), { cutAfterBytes: 40_000 });
  const bytes = new Uint8Array(60_000);
  const before = await held();
  for (let n = 0; n < 200; n++) {
    const client = await connect("memory:broken-off", { transports: [line], resume, retry: false });
    await expect(client.call("take", bytes)).rejects.toThrow();
  }
  await until("all are detached", () =>
    [...server.peers.values()].every(({ state }) => state === "detached"),
  );
  expect(server.peers.size).toBe(200);
  expect((await held()) - before).toBeLessThan(2 * MB);
});

test("nor does a peer that is idle, of what it read last", async () => {
  const server = keep(await serve("tcp://127.0.0.1:0", { events: { news: () => {} } }));
  const clients = [];
  for (let n = 0; n < 100; n++) clients.push(keep(await connect(server.address)));
  const before = await held();
  for (const client of clients) {
    client.send("news", "x".repeat(60_000));
    await client.flush();
  }
  expect((await held()) - before).toBeLessThan(2 * MB);
});
