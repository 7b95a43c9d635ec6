// What bytes do to us: any chunking gives the same messages, and bad bytes end one connection only.
import { describe, expect, test } from "vitest";
import { clientOf, collect, next, open, pair, serveLocal } from "./scenario.ts";
import { everyVersion, ours, type Peer } from "./versions.ts";
import { dial, frame, listen, type WirePeer } from "./wire-peer.ts";

async function serverAndWire(): Promise<{
  server: Awaited<ReturnType<typeof serveLocal>>;
  wire: WirePeer;
  peer: Peer;
}> {
  const server = await serveLocal(open());
  const accepted = next<[Peer]>(server, "connect");
  const wire = await dial(server.path);
  const [peer] = await accepted;
  wire.socket.setNoDelay(true);
  return { server, wire, peer };
}

const texts = ["plain", "é", "漢字", "🚀", "mixed é漢🚀", ""];

describe.each(everyVersion)("frames, with $name", (version) => {
  test("2,000 messages arrive in order", async () => {
    const { client, server } = await pair(version);
    const heard = collect<[number]>(server, "count");
    for (let n = 0; n < 2_000; n += 1) client.emit("count", n);
    await heard.atLeast(2_000);
    expect(heard.data).toEqual(Array.from({ length: 2_000 }, (_, n) => n));
  });

  test("messages of both sides cross without disturbing each other", async () => {
    const { client, server } = await pair(version);
    const answers = collect<[number]>(client, "answer");
    server.on("ask", (n: number, socket: never) => server.emit(socket, "answer", n + 1));
    for (let n = 0; n < 200; n += 1) client.emit("ask", n);
    await answers.atLeast(200);
    expect(answers.data).toEqual(Array.from({ length: 200 }, (_, n) => n + 1));
  });
});

describe("our frames", () => {
  test("one byte at a time: characters of several bytes survive", async () => {
    const { server, wire } = await serverAndWire();
    const heard = collect(server, "t");
    const bytes = Buffer.from(texts.map((text) => frame("t", text)).join(""));
    for (const byte of bytes) {
      wire.send(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve)); // A write, and so mostly a chunk, of its own.
    }
    await heard.atLeast(texts.length);
    expect(heard.data).toEqual(texts);
  });

  test("a client's frames may be cut anywhere", async () => {
    const ipc = open();
    const plain = await listen(`${ipc.config.socketRoot}app.world`);
    ipc.connectTo("world");
    const client = clientOf(ipc);
    await next(client, "connect");
    const heard = collect(client, "t");
    const wire = await plain.peer();
    const bytes = Buffer.from(frame("t", "é漢🚀"));
    for (let cut = 1; cut < bytes.length; cut += 1) {
      wire.send(bytes.subarray(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      wire.send(bytes.subarray(cut));
      await heard.atLeast(cut);
    }
    expect(new Set(heard.data)).toEqual(new Set(["é漢🚀"]));
    expect(heard.calls).toHaveLength(bytes.length - 1);
  });

  test("a complete frame is delivered at once, whatever incomplete one follows it", async () => {
    const { server, wire } = await serverAndWire();
    const heard = collect(server, "t");
    wire.send(`${frame("t", 1)}${frame("t", 2)}{"type":"t","da`);
    await heard.atLeast(2);
    expect(heard.data).toEqual([1, 2]);
    wire.send('ta":3}\f');
    await heard.atLeast(3);
    expect(heard.data).toEqual([1, 2, 3]);
  });

  test("finding 20: the cut-off frame of a gone peer is dropped", async () => {
    const { server, wire, peer } = await serverAndWire();
    const all = collect<[string, unknown]>(server, "*");
    wire.send(`${frame("t", 1)}{"type":"t","data":2}`);
    wire.socket.end();
    await next(server, "close");
    expect(all.calls).toEqual([
      ["t", 1, peer],
      ["socket.disconnected", peer, false],
      ["close", peer],
    ]);
  });

  test.each([
    ["no JSON", "this is not JSON", "ERR_IPC_INVALID_JSON"],
    ["half of an object", '{"type":"t"', "ERR_IPC_INVALID_JSON"],
    ["null", "null", "ERR_IPC_INVALID_MESSAGE"],
    ["a number", "5", "ERR_IPC_INVALID_MESSAGE"],
    ["a string", '"text"', "ERR_IPC_INVALID_MESSAGE"],
    ["an array", "[]", "ERR_IPC_INVALID_MESSAGE"],
    ["an object without type", "{}", "ERR_IPC_INVALID_EVENT"],
    ["a type that is null", '{"type":null}', "ERR_IPC_INVALID_EVENT"],
    ["a type that is an object", '{"type":{}}', "ERR_IPC_INVALID_EVENT"],
  ])("%s ends the connection with one coded error; the server goes on", async (_, bad, code) => {
    const { server, wire, peer } = await serverAndWire();
    const good = await dial(server.path);
    const errors = collect<[NodeJS.ErrnoException, Peer]>(server, "error");
    const heard = collect(server, "t");
    wire.send(`${frame("t", "before")}${bad}\f${frame("t", "after")}`);
    await wire.untilClosed();
    expect(errors.calls).toHaveLength(1);
    expect(errors.data[0]).toMatchObject({ name: "IPCProtocolError", code });
    expect(errors.calls[0]?.[1]).toBe(peer);
    expect(heard.data).toEqual(["before"]);
    good.send(frame("t", "of the other"));
    await heard.atLeast(2);
    expect(heard.data).toEqual(["before", "of the other"]);
    expect(good.closed).toBe(false);
  });

  test.each([
    ["no JSON", "garbage", "ERR_IPC_INVALID_JSON"],
    ["null", "null", "ERR_IPC_INVALID_MESSAGE"],
    ["a type that is null", '{"type":null}', "ERR_IPC_INVALID_EVENT"],
  ])("%s from a server ends the client's connection with a coded error", async (_, bad, code) => {
    const ipc = open(ours, { maxRetries: 0 });
    const plain = await listen(`${ipc.config.socketRoot}app.world`);
    ipc.connectTo("world");
    const client = clientOf(ipc);
    const errors = collect<[NodeJS.ErrnoException]>(client, "error");
    const destroyed = next(client, "destroy");
    (await plain.peer()).send(`${bad}\f`);
    await destroyed;
    expect(errors.data).toHaveLength(1);
    expect(errors.data[0]).toMatchObject({ name: "IPCProtocolError", code });
  });

  test("a frame without data is delivered, with undefined", async () => {
    const { server, wire } = await serverAndWire();
    const heard = collect(server, "t");
    wire.send('{"type":"t"}\f');
    await heard.atLeast(1);
    expect(heard.data).toEqual([undefined]);
  });

  test("bytes that are no UTF-8 end in no exception", async () => {
    const { server, wire } = await serverAndWire();
    const other = await dial(server.path);
    const heard = collect(server, "t");
    wire.send(Buffer.from([0xff, 0xfe, 0x80, 0x00, 0x0c]));
    await wire.untilClosed();
    other.send(frame("t", "still here"));
    await heard.atLeast(1);
    expect(heard.data).toEqual(["still here"]);
  });
});
