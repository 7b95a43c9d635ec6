// sync: the next request leaves only after an answer.
import { describe, expect, test } from "vitest";
import { clientOf, collect, next, open, until } from "./scenario.ts";
import {
  type Client,
  type Config,
  everyVersion,
  type Ipc,
  ours,
  type Version,
} from "./versions.ts";
import { frame, listen, type WirePeer, type WireServer } from "./wire-peer.ts";

type Coded = Error & { code: string };

const numbersOf = (frames: string[]) =>
  frames.map((text) => (JSON.parse(text) as { data: number }).data);

async function asking(
  version: Version = ours,
  config: Partial<Config> = {},
): Promise<{ ipc: Ipc; client: Client; server: WireServer; wire: WirePeer; path: string }> {
  const ipc = open(version, { sync: true, ...config });
  const path = `${ipc.config.socketRoot}app.world`;
  const server = await listen(path);
  ipc.connectTo("world");
  const client = clientOf(ipc);
  await next(client, "connect");
  return { ipc, client, server, wire: await server.peer(), path };
}

describe.each(everyVersion)("sync mode of $name", (version) => {
  test("one request is on its way at a time; each answer lets the next one go", async () => {
    const { client, wire } = await asking(version);
    const answers = collect(client, "answer");
    for (let n = 1; n <= 3; n += 1) client.emit("ask", n);
    for (let n = 1; n <= 3; n += 1) {
      await wire.frameCount(n);
      expect(numbersOf(wire.frames())).toEqual([1, 2, 3].slice(0, n));
      wire.send(frame("answer", n));
      await answers.atLeast(n);
    }
    expect(answers.data).toEqual([1, 2, 3]);
  });

  test("a request that is emitted in the handler of an answer goes last", async () => {
    const { client, wire } = await asking(version);
    client.on("answer", (n: number) => {
      if (n === 1) client.emit("ask", 3);
    });
    client.emit("ask", 1);
    client.emit("ask", 2);
    for (let n = 1; n <= 3; n += 1) {
      await wire.frameCount(n);
      wire.send(frame("answer", n));
    }
    expect(numbersOf(wire.frames())).toEqual([1, 2, 3]);
  });

  test("after everything was answered, the next request goes at once", async () => {
    const { client, wire } = await asking(version);
    const answers = collect(client, "answer");
    client.emit("ask", 1);
    await wire.frameCount(1);
    wire.send(frame("answer", 1));
    await answers.atLeast(1);
    client.emit("ask", 2);
    expect(numbersOf(await wire.frameCount(2))).toEqual([1, 2]);
  });

  test("raw requests wait for an answer, too", async () => {
    const { client, wire } = await asking(version, { rawBuffer: true });
    const answers = collect(client, "data");
    client.emit("one ");
    client.emit("two ");
    await until(() => wire.bytes.length >= 4, "the first request");
    expect(wire.bytes.toString()).toBe("one ");
    wire.send("answer");
    await answers.atLeast(1);
    await until(() => wire.bytes.length >= 8, "the second request");
    expect(wire.bytes.toString()).toBe("one two ");
  });
});

describe("our sync mode", () => {
  test("finding 14: requests that were emitted before the server was there go one by one", async () => {
    const ipc = open(ours, { sync: true });
    ipc.connectTo("world");
    const client = clientOf(ipc);
    for (let n = 1; n <= 3; n += 1) client.emit("ask", n);
    await next(client, "disconnect");
    const server = await listen(`${ipc.config.socketRoot}app.world`);
    const wire = await server.peer();
    for (let n = 1; n <= 3; n += 1) {
      expect(numbersOf(await wire.frameCount(n))).toEqual([1, 2, 3].slice(0, n));
      wire.send(frame("answer", n));
    }
  });

  test("finding 14: a lost connection does not leave the queue stuck, nor send a request twice", async () => {
    const { client, server, wire, path } = await asking();
    for (let n = 1; n <= 3; n += 1) client.emit("ask", n);
    await wire.frameCount(1);
    const disconnected = next(client, "disconnect");
    await server.close(); // 1 is never answered.
    await disconnected;
    client.emit("ask", 4);
    const again = await (await listen(path)).peer();
    for (let n = 1; n <= 3; n += 1) {
      expect(numbersOf(await again.frameCount(n))).toEqual([2, 3, 4].slice(0, n));
      again.send(frame("answer", n));
    }
  });

  test("finding 35: a fresh client takes over the requests that wait", async () => {
    const ipc = open(ours, { sync: true });
    ipc.connectTo("world");
    const old = clientOf(ipc);
    old.emit("ask", 1);
    await next(old, "disconnect");
    old.emit("ask", 2);
    ipc.connectTo("world");
    clientOf(ipc).emit("ask", 3);
    const wire = await (await listen(`${ipc.config.socketRoot}app.world`)).peer();
    for (let n = 1; n <= 3; n += 1) {
      expect(numbersOf(await wire.frameCount(n))).toEqual([1, 2, 3].slice(0, n));
      wire.send(frame("answer", n));
    }
  });

  test("finding 14: the sync queue has the same limits and tells the same", async () => {
    const { client } = await asking(ours, { maxQueueMessages: 2 });
    const errors = collect<[Coded]>(client, "error");
    const results = [1, 2, 3, 4, 5].map((n) => client.emit("ask", n)); // 1 is on its way.
    expect(results).toEqual([true, true, true, false, false]);
    expect(errors.data.map(({ code }) => code)).toEqual(["ERR_IPC_QUEUE_FULL"]);
  });

  test("data is taken when emit is called, not when it leaves", async () => {
    const { client, wire } = await asking();
    const data = { n: 1 };
    client.emit("ask", data);
    client.emit("ask", data);
    data.n = 2;
    await wire.frameCount(1);
    wire.send(frame("answer"));
    await wire.frameCount(2);
    expect(wire.frames()).toEqual([
      '{"type":"ask","data":{"n":1}}',
      '{"type":"ask","data":{"n":1}}',
    ]);
  });

  test("after destroy nothing waits any more", async () => {
    const { client, server, wire } = await asking(ours, { maxRetries: 0 });
    for (let n = 1; n <= 3; n += 1) client.emit("ask", n);
    await wire.frameCount(1);
    const errors = collect<[Coded & { count?: number }]>(client, "error");
    const destroyed = next(client, "destroy");
    await server.close();
    await destroyed;
    const undelivered = errors.data.filter(({ code }) => code === "ERR_IPC_UNDELIVERED");
    expect(undelivered).toHaveLength(1);
    expect(undelivered[0]).toMatchObject({ count: 2 });
  });

  test("client.queue can be cleared by the program", async () => {
    const { client, wire } = await asking();
    for (let n = 1; n <= 3; n += 1) client.emit("ask", n);
    await wire.frameCount(1);
    (client.queue as { clear: () => unknown }).clear();
    const answers = collect(client, "answer");
    wire.send(frame("answer", 1));
    await answers.atLeast(1);
    client.emit("ask", 4);
    expect(numbersOf(await wire.frameCount(2))).toEqual([1, 4]);
  });
});
