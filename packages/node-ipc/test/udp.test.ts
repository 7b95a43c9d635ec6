// Servers over UDP, which are clients as well (finding 29).
import dgram from "node:dgram";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../test/support/free-port.ts";
import { type Collected, collect, next, open, serveUdp, start } from "./scenario.ts";
import { everyVersion, ours, type Server, type UdpPeer } from "./versions.ts";
import { frame } from "./wire-peer.ts";

type Coded = Error & { code: string };

const addressOf = ({ path, port }: Server) => ({ address: path, port: port as number });

/** A plain datagram socket and what it receives. */
async function plain(): Promise<{ socket: dgram.Socket; port: number; texts: string[] }> {
  const socket = dgram.createSocket("udp4");
  onTestFinished(() => {
    socket.close();
  });
  const texts: string[] = [];
  socket.on("message", (bytes) => texts.push(bytes.toString()));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { socket, port: socket.address().port, texts };
}

describe.each(everyVersion)("UDP with $name", (version) => {
  test.each(["udp4", "udp6"] as const)("two %s servers talk to each other", async (type) => {
    const asked = await serveUdp(open(version), type);
    const asking = await serveUdp(open(version), type);
    asked.on("question", (data: unknown, peer: UdpPeer) => asked.emit(peer, "answer", data));
    const answers = collect<[unknown, UdpPeer]>(asking, "answer");
    const data = { n: 1, text: "é漢🚀", nothing: null };
    asking.emit(addressOf(asked), "question", data);
    await answers.atLeast(1);
    expect(answers.data).toEqual([data]);
    expect(answers.calls[0]?.[1]).toMatchObject(addressOf(asked));
  });

  test("finding 29: connect comes with the dgram socket", async () => {
    const ipc = open(version);
    ipc.serveNet("127.0.0.1", await freePort("udp4"), "udp4");
    const connected = next(ipc.server, "connect");
    ipc.server.start();
    const [socket] = await connected;
    expect(socket).toBeInstanceOf(dgram.Socket);
    expect(socket).toBe(ipc.server.server);
  });

  test("finding 29: start comes with address and port", async () => {
    if (version.name.includes("14")) return; // It passes the socket, which has neither.
    const ipc = open(version);
    const port = await freePort("udp4");
    ipc.serveNet("127.0.0.1", port, "udp4");
    const bound = next(ipc.server, "connect");
    const started = next<[UdpPeer]>(ipc.server, "start");
    ipc.server.start();
    const [given] = await started;
    await bound;
    expect(String(given.address)).toContain("127.0.0.1");
    expect(given.port).toBe(port);
  });

  test("finding 20: a malformed datagram does not stop the server", async () => {
    const server = await serveUdp(open(version));
    const heard = collect(server, "fine");
    const errors = collect(server, "error");
    const { socket } = await plain();
    socket.send("this is not JSON\f", server.port as number, "127.0.0.1");
    await errors.atLeast(1);
    const other = await plain();
    other.socket.send(frame("fine", 1), server.port as number, "127.0.0.1");
    await heard.atLeast(1);
  });
});

// 9.2.1 remembers no peer, and so its broadcasts reach nobody.
const remembering = everyVersion.filter(({ name }) => !name.includes("9.2.1"));

describe.each(remembering)("UDP broadcasts with $name", (version) => {
  test("finding 29: broadcast, and emit to no address, go to everybody heard from", async () => {
    const center = await serveUdp(open(version));
    const hello = collect(center, "hello");
    const outer: { server: Server; heard: Collected }[] = [];
    for (let n = 1; n <= 3; n += 1) {
      const server = await serveUdp(open(version));
      outer.push({ server, heard: collect(server, "news") });
      server.emit(addressOf(center), "hello");
      await hello.atLeast(n);
    }
    center.broadcast("news", "broadcast");
    center.emit({}, "news", "to no address");
    for (const { heard } of outer) {
      await heard.atLeast(2);
      expect(heard.data.sort()).toEqual(["broadcast", "to no address"]);
    }
  });
});

describe("our UDP", () => {
  test("finding 29: start and connect come once bound, with one and the same socket", async () => {
    const ipc = open();
    const port = await freePort("udp4");
    ipc.serveNet("127.0.0.1", port, "udp4");
    const order: [string, boolean][] = [];
    ipc.server.on("start", (socket: dgram.Socket) => {
      order.push(["start", socket === (ipc.server.server as dgram.Socket)]);
      expect(socket.address().port).toBe(port);
    });
    ipc.server.on("connect", (socket: dgram.Socket) => {
      order.push(["connect", socket === (ipc.server.server as dgram.Socket)]);
    });
    await start(ipc);
    expect(order.sort()).toEqual([
      ["connect", true],
      ["start", true],
    ]);
  });

  test("the bytes are a frame, and several frames in one datagram are several events", async () => {
    const server = await serveUdp(open());
    const { socket, port, texts } = await plain();
    const heard = collect<[number, UdpPeer]>(server, "n");
    socket.send(frame("n", 1) + frame("n", 2), server.port as number, "127.0.0.1");
    await heard.atLeast(2);
    expect(heard.data).toEqual([1, 2]);
    expect(heard.calls[0]?.[1]).toMatchObject({ address: "127.0.0.1", port });
    const answered = once(socket, "message");
    server.emit(heard.calls[0]?.[1], "none");
    await answered;
    expect(texts).toEqual(['{"type":"none","data":{}}\f']);
  });

  test("finding 29: nothing of a cut-off datagram is carried over to the next", async () => {
    const server = await serveUdp(open());
    const { socket } = await plain();
    const heard = collect(server, "n");
    const errors = collect<[Coded]>(server, "error");
    const whole = frame("n", 1);
    socket.send(whole.slice(0, 10), server.port as number, "127.0.0.1");
    await errors.atLeast(1);
    expect(errors.data[0]?.code).toMatch(/^ERR_IPC_/);
    socket.send(whole.slice(10), server.port as number, "127.0.0.1");
    await errors.atLeast(2);
    socket.send(frame("n", 2), server.port as number, "127.0.0.1");
    await heard.atLeast(1);
    expect(heard.data).toEqual([2]);
  });

  test.each([
    ["no JSON", "nonsense\f", "ERR_IPC_INVALID_JSON"],
    ["null", "null\f", "ERR_IPC_INVALID_MESSAGE"],
    ["a type that is null", '{"type":null}\f', "ERR_IPC_INVALID_EVENT"],
    ["a forged start", frame("start"), "ERR_IPC_RESERVED_EVENT"],
    ["a forged connect", frame("connect"), "ERR_IPC_RESERVED_EVENT"],
  ])("%s is a coded error with the peer, and the peer may go on", async (_, bytes, code) => {
    const server = await serveUdp(open());
    const { socket, port } = await plain();
    const errors = collect<[Coded, UdpPeer]>(server, "error");
    const forged = collect(server, "*");
    socket.send(bytes, server.port as number, "127.0.0.1");
    await errors.atLeast(1);
    expect(errors.data[0]).toMatchObject({ name: "IPCProtocolError", code });
    expect(errors.calls[0]?.[1]).toMatchObject({ address: "127.0.0.1", port });
    const heard = collect(server, "n");
    socket.send(frame("n", 1), server.port as number, "127.0.0.1");
    await heard.atLeast(1);
    expect(forged.data).toEqual(["error", "n"]);
  });

  test("finding 20: a datagram over the limit is an error with a code, and the server goes on", async () => {
    const server = await serveUdp(open());
    const { socket, port, texts } = await plain();
    const errors = collect<[Coded]>(server, "error");
    server.emit({ address: "127.0.0.1", port }, "large", "x".repeat(70_000));
    await errors.atLeast(1);
    expect(errors.data[0]).toBeInstanceOf(Error);
    expect(errors.data[0]).toMatchObject({
      name: "IPCProtocolError",
      code: "ERR_IPC_DATAGRAM_TOO_LARGE",
    });
    const arrived = once(socket, "message");
    server.emit({ address: "127.0.0.1", port }, "small", 1);
    await arrived;
    expect(texts).toEqual([frame("small", 1)]);
  });

  test("finding 20: an address that cannot be reached is an error, and the server goes on", async () => {
    const server = await serveUdp(open());
    const { socket, port } = await plain();
    const errors = collect<[Error]>(server, "error");
    server.emit({ address: "::1", port }, "n", 1); // Not from a udp4 socket.
    await errors.atLeast(1);
    expect(errors.data[0]).toBeInstanceOf(Error);
    const arrived = once(socket, "message");
    server.emit({ address: "127.0.0.1", port }, "n", 1);
    await arrived;
  });

  test("a datagram of 60,000 bytes arrives", async () => {
    const server = await serveUdp(open());
    const sender = await serveUdp(open());
    const heard = collect<[string]>(server, "t");
    sender.emit(addressOf(server), "t", "x".repeat(60_000));
    await heard.atLeast(1);
    expect(heard.data[0]).toHaveLength(60_000);
  });

  test("data.id is the peer's id, as with sockets", async () => {
    const server = await serveUdp(open());
    const { socket } = await plain();
    const heard = collect<[unknown, UdpPeer]>(server, "hello");
    socket.send(frame("hello", { id: "me" }), server.port as number, "127.0.0.1");
    await heard.atLeast(1);
    expect(heard.calls[0]?.[1].id).toBe("me");
    expect(server.sockets).toEqual([expect.objectContaining({ id: "me", address: "127.0.0.1" })]);
    socket.send(frame("hello"), server.port as number, "127.0.0.1");
    await heard.atLeast(2);
    expect(heard.calls[1]?.[1]).toBe(heard.calls[0]?.[1]);
  });

  test("finding 29: `sockets` holds the 1,000 peers last heard from", async () => {
    const server = await serveUdp(open());
    const heard = collect<[number, UdpPeer]>(server, "n");
    const first = await plain();
    first.socket.send(frame("n", 0), server.port as number, "127.0.0.1");
    const second = await plain();
    second.socket.send(frame("n", 1), server.port as number, "127.0.0.1");
    await heard.atLeast(2);
    first.socket.send(frame("n", 2), server.port as number, "127.0.0.1"); // Heard again: not the oldest.
    await heard.atLeast(3);
    for (let n = 3; n < 1_002; n += 1) {
      const { socket } = await plain();
      socket.send(frame("n", n), server.port as number, "127.0.0.1");
      await heard.atLeast(n + 1);
    }
    const ports = (server.sockets as unknown as UdpPeer[]).map(({ port }) => port);
    expect(ports).toHaveLength(1_000);
    expect(new Set(ports).size).toBe(1_000);
    expect(ports).toContain(first.port);
    expect(ports).not.toContain(second.port);
  });

  test("raw datagrams arrive as data(buffer, peer)", async () => {
    const server = await serveUdp(open(ours, { rawBuffer: true }));
    const { socket, port } = await plain();
    const heard = collect<[Buffer, UdpPeer]>(server, "data");
    const bytes = Buffer.from([0, 1, 0x0c, 0xff, 0xfe]);
    socket.send(bytes, server.port as number, "127.0.0.1");
    await heard.atLeast(1);
    expect(heard.data).toEqual([bytes]);
    expect(heard.calls[0]?.[1]).toMatchObject({ address: "127.0.0.1", port });
    const answered = once(socket, "message");
    server.emit(heard.calls[0]?.[1], [7, 8, 9]);
    expect((await answered)[0]).toEqual(Buffer.from([7, 8, 9]));
  });

  test("a port that is taken is an `error` EADDRINUSE", async () => {
    const first = await serveUdp(open());
    const ipc = open();
    ipc.serveNet("127.0.0.1", first.port, "udp4");
    await expect(start(ipc)).rejects.toMatchObject({ code: "EADDRINUSE", port: first.port });
  });

  test("stop() hands over what was emitted, and frees the port", async () => {
    const ipc = open();
    const server = await serveUdp(ipc);
    const { socket, port } = await plain();
    const closed = once(server.server, "close");
    const arrived = once(socket, "message");
    server.emit({ address: "127.0.0.1", port }, "bye");
    server.stop();
    await closed;
    await arrived;
    server.stop();
    const again = open();
    again.serveNet("127.0.0.1", server.port, "udp4");
    await start(again);
  });
});
