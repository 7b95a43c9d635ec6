// rawBuffer: bytes as they are, in every encoding, without events and frames.
import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { clientOf, collect, connectTcp, next, open, pair, serveTcp, until } from "./scenario.ts";
import {
  type Client,
  type Config,
  everyVersion,
  ours,
  type Peer,
  type Server,
  type Version,
} from "./versions.ts";
import { dial, listen, type WirePeer } from "./wire-peer.ts";

const raw = { rawBuffer: true } satisfies Partial<Config>;

const encodings: [BufferEncoding, string][] = [
  ["utf8", "text é漢🚀\f"],
  ["ascii", "plain text"],
  ["utf16le", "text é漢🚀"],
  ["ucs2", "text é漢🚀"],
  ["base64", "AAEC/+kH"], // 9.2.1 loses what does not fill three bytes.
  ["hex", "000102ffe9"],
];

async function clientOnWire(
  config: Partial<Config>,
  version: Version,
): Promise<{ client: Client; wire: WirePeer }> {
  const ipc = open(version, { ...raw, ...config });
  const server = await listen(`${ipc.config.socketRoot}app.world`);
  ipc.connectTo("world");
  const client = clientOf(ipc);
  await next(client, "connect");
  return { client, wire: await server.peer() };
}

async function serverOnWire(
  config: Partial<Config>,
  version: Version,
): Promise<{ server: Server; wire: WirePeer; peer: Peer }> {
  const ipc = open(version, { ...raw, ...config });
  const server = await serveTcp(ipc);
  const accepted = next<[Peer]>(server, "connect");
  const wire = await dial(server.port as number);
  const [peer] = await accepted;
  return { server, wire, peer };
}

describe.each(everyVersion)("raw buffers with $name", (version) => {
  test.each(encodings)("a string goes out as the bytes that %s means", async (encoding, text) => {
    const { client, wire } = await clientOnWire({ encoding }, version);
    const bytes = Buffer.from(text, encoding);
    client.emit(text);
    await until(() => wire.bytes.length === bytes.length, "the bytes");
    expect(wire.bytes).toEqual(bytes);
  });

  test.each(encodings)("a server's emit and broadcast, too: %s", async (encoding, text) => {
    const { server, wire, peer } = await serverOnWire({ encoding }, version);
    const bytes = Buffer.from(text, encoding);
    server.emit(peer, text);
    server.broadcast(text);
    await until(() => wire.bytes.length === 2 * bytes.length, "the bytes");
    expect(wire.bytes).toEqual(Buffer.concat([bytes, bytes]));
  });

  test.each(encodings)(
    "what means something in %s arrives as a Buffer with its bytes",
    async (encoding, text) => {
      const { server, wire, peer } = await serverOnWire({ encoding }, version);
      const heard = collect<[Buffer, Peer]>(server, "data");
      const bytes = Buffer.from(text, encoding);
      wire.send(bytes);
      await heard.atLeast(1);
      expect(heard.data[0]).toBeInstanceOf(Buffer);
      expect(heard.data[0]).toEqual(bytes);
      expect(heard.calls[0]?.[1]).toBe(peer);
    },
  );

  test("finding 20: emit takes a Buffer, and a list of bytes", async () => {
    const { client, wire } = await clientOnWire({}, version);
    client.emit(Buffer.from([0, 1, 255]));
    client.emit([2, 3, 254]);
    client.emit(Uint8Array.of(4, 5, 253));
    await until(() => wire.bytes.length === 9, "nine bytes");
    expect([...wire.bytes]).toEqual([0, 1, 255, 2, 3, 254, 4, 5, 253]);
  });

  test("a client gets data(buffer)", async () => {
    const { client, wire } = await clientOnWire({}, version);
    const heard = collect<[Buffer]>(client, "data");
    wire.send("hello");
    await heard.atLeast(1);
    expect(heard.calls).toEqual([[Buffer.from("hello")]]);
  });
});

describe("our raw buffers", () => {
  test.each(encodings)("every byte survives, whatever the encoding (%s)", async (encoding) => {
    const { client, server, peer } = await pair(ours, { ...raw, encoding });
    const every = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
    const atServer = collect<[Buffer]>(server, "data");
    const atClient = collect<[Buffer]>(client, "data");
    client.emit(every);
    server.emit(peer, every);
    await until(() => Buffer.concat(atServer.data).length === 256, "256 bytes");
    await until(() => Buffer.concat(atClient.data).length === 256, "256 bytes");
    expect(Buffer.concat(atServer.data)).toEqual(every);
    expect(Buffer.concat(atClient.data)).toEqual(every);
  });

  test("a stream of 16 MiB arrives in order and whole", async () => {
    const { client, server } = await pair(ours, raw);
    const sent = createHash("sha256");
    const received = createHash("sha256");
    let length = 0;
    server.on("data", (chunk: Buffer) => {
      received.update(chunk);
      length += chunk.length;
    });
    for (let n = 0; n < 16; n += 1) {
      const block = randomBytes(2 ** 20);
      sent.update(block);
      client.emit(block);
    }
    await until(() => length === 16 * 2 ** 20, "16 MiB");
    expect(received.digest("hex")).toBe(sent.digest("hex"));
  });

  test("a Buffer that was received may be kept", async () => {
    const { client, server } = await pair(ours, raw);
    const heard = collect<[Buffer]>(server, "data");
    client.emit("first");
    await heard.atLeast(1);
    client.emit("other");
    await heard.atLeast(2);
    expect(heard.data.map(String)).toEqual(["first", "other"]);
  });

  test("a Buffer that was emitted may be changed afterwards", async () => {
    const { client, server } = await pair(ours, raw);
    const heard = collect<[Buffer]>(server, "data");
    const bytes = Buffer.from("before");
    client.emit(bytes);
    await client.flush();
    bytes.fill("x");
    await heard.atLeast(1);
    expect(heard.data.map(String)).toEqual(["before"]);
  });

  test("finding 2: in raw mode bytes that look like a frame are bytes", async () => {
    const { server, client } = await pair(ours, raw);
    const started = collect(server, "start");
    const heard = collect<[Buffer]>(server, "data");
    client.emit('{"type":"start","data":{}}\f');
    await heard.atLeast(1);
    expect(started.calls).toEqual([]);
    expect(String(heard.data[0])).toBe('{"type":"start","data":{}}\f');
  });

  test("parser: 'raw' is the same as rawBuffer", async () => {
    const { client, server } = await pair(ours, { parser: "raw" });
    const heard = collect<[Buffer]>(server, "data");
    client.emit(Buffer.from([1, 2, 3]));
    await heard.atLeast(1);
    expect(heard.data).toEqual([Buffer.from([1, 2, 3])]);
  });

  test.each([17, {}, undefined, true])(
    "what is no bytes throws TypeError from emit: %j",
    async (value) => {
      const { client, server, peer } = await pair(ours, raw);
      expect(() => client.emit(value)).toThrow(TypeError);
      expect(() => server.emit(peer, value)).toThrow(TypeError);
      expect(() => server.broadcast(value)).toThrow(TypeError);
      expect(client.socket.destroyed).toBe(false);
    },
  );

  test("over TCP, several clients: each socket is its own stream", async () => {
    const ipc = open(ours, raw);
    const server = await serveTcp(ipc);
    const texts = new Map<Peer, string>();
    server.on("data", (chunk: Buffer, socket: Peer) => {
      texts.set(socket, (texts.get(socket) ?? "") + String(chunk));
    });
    const clients = [];
    for (let n = 0; n < 3; n += 1)
      clients.push(await connectTcp(open(ours, raw), server.port as number));
    clients.forEach((client, n) => client.emit(`I am ${n}`));
    await until(() => texts.size === 3, "three streams");
    expect([...texts.values()].sort()).toEqual(["I am 0", "I am 1", "I am 2"]);
  });
});
