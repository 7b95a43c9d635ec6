// Finding 13: what one peer can cost, on defaults and with limits of the program's own.
import { describe, expect, test as plain } from "vitest";
import { test } from "../../../test/support/program.ts";
import { clientOf, collect, next, open, pair, serveLocal, until } from "./scenario.ts";
import { type Config, ours, type Peer, type Server } from "./versions.ts";
import { dial, frame, listen, type WirePeer } from "./wire-peer.ts";

type Coded = Error & { code: string };
const MiB = 2 ** 20;

async function served(
  config: Partial<Config>,
): Promise<{ server: Server; wire: WirePeer; peer: Peer; other: WirePeer }> {
  const server = await serveLocal(open(ours, config));
  const accepted = next<[Peer]>(server, "connect");
  const wire = await dial(server.path);
  const [peer] = await accepted;
  return { server, wire, peer, other: await dial(server.path) };
}

/** The peer is cut with this code, and with it alone; the others are not concerned. */
async function expectCut(
  { server, wire, peer, other }: Awaited<ReturnType<typeof served>>,
  code: string,
  act: () => void,
): Promise<void> {
  const errors = collect<[Coded, Peer]>(server, "error");
  const heard = collect(server, "still");
  act();
  await wire.untilClosed();
  expect(errors.calls).toHaveLength(1);
  expect(errors.data[0]).toMatchObject({ name: "IPCProtocolError", code });
  expect(errors.calls[0]?.[1]).toBe(peer);
  other.send(frame("still", "here"));
  await heard.atLeast(1);
  expect(other.closed).toBe(false);
}

/** A frame without its delimiter of exactly so many bytes. */
function frameOf(bytes: number, character = "x"): string {
  const rest = bytes - '{"type":"t","data":""}'.length;
  const text = character.repeat(Math.floor(rest / Buffer.byteLength(character)));
  return `{"type":"t","data":"${text}${"x".repeat(rest - Buffer.byteLength(text))}"}`;
}

describe("maxMessageSize", () => {
  plain.each(["x", "é"])("a frame of exactly so many bytes passes (%s)", async (character) => {
    const { server, wire } = await served({ maxMessageSize: 1_000 });
    const heard = collect(server, "t");
    wire.send(`${frameOf(1_000, character)}\f`);
    await heard.atLeast(1);
  });

  plain.each(["x", "é"])(
    "finding 13: one byte more ends the connection (%s)",
    async (character) => {
      const scene = await served({ maxMessageSize: 1_000 });
      await expectCut(scene, "ERR_IPC_FRAME_TOO_LARGE", () => {
        scene.wire.send(`${frameOf(1_001, character)}\f`);
      });
    },
  );

  plain("a frame that never ends is cut as soon as it is over the limit", async () => {
    const scene = await served({ maxMessageSize: 1_000 });
    await expectCut(scene, "ERR_IPC_FRAME_TOO_LARGE", () => scene.wire.send("x".repeat(1_001)));
  });

  plain("many small frames are no large one", async () => {
    const { server, wire } = await served({ maxMessageSize: 100 });
    const heard = collect(server, "t");
    wire.send(frame("t", "small").repeat(500));
    await heard.atLeast(500);
  });

  plain("holds for what a client receives, too", async () => {
    const ipc = open(ours, { maxMessageSize: 1_000, maxRetries: 0 });
    const plainServer = await listen(`${ipc.config.socketRoot}app.world`);
    ipc.connectTo("world");
    const client = clientOf(ipc);
    const errors = collect<[Coded]>(client, "error");
    const wire = await plainServer.peer();
    wire.send("x".repeat(1_001));
    await wire.untilClosed();
    await errors.atLeast(1);
    expect(errors.data[0]).toMatchObject({ code: "ERR_IPC_FRAME_TOO_LARGE" });
  });

  plain("finding 13: a string of 64 MiB passes on defaults", async () => {
    const { client, server } = await pair();
    const heard = collect<[string]>(server, "t");
    client.emit("t", "x".repeat(64 * MiB));
    await heard.atLeast(1);
    expect(heard.data[0]?.length).toBe(64 * MiB);
  });

  plain("Infinity is no limit", async () => {
    const { server, wire } = await served({ maxMessageSize: Number.POSITIVE_INFINITY });
    const heard = collect(server, "t");
    wire.send(`${frameOf(2 * MiB)}\f`);
    await heard.atLeast(1);
  });
});

describe("maxEventNameLength", () => {
  plain("finding 13: 4,096 characters pass on defaults", async () => {
    const { server, wire } = await served({});
    const name = "n".repeat(4_096);
    const heard = collect(server, name);
    wire.send(frame(name));
    await heard.atLeast(1);
  });

  plain("finding 13: one more ends the connection", async () => {
    const scene = await served({});
    await expectCut(scene, "ERR_IPC_EVENT_TOO_LARGE", () =>
      scene.wire.send(frame("n".repeat(4_097))),
    );
  });
});

describe("messageTimeout", () => {
  plain("finding 13: is off by default, and ends an unfinished frame when it is set", async () => {
    const scene = await served({ messageTimeout: 50 });
    await expectCut(scene, "ERR_IPC_MESSAGE_TIMEOUT", () => scene.wire.send('{"type":"t","da'));
  });

  plain("a frame that trickles in is not given more time", async () => {
    const scene = await served({ messageTimeout: 50 });
    const trickle = setInterval(() => scene.wire.send(" "), 10);
    try {
      await expectCut(scene, "ERR_IPC_MESSAGE_TIMEOUT", () => scene.wire.send("{"));
    } finally {
      clearInterval(trickle);
    }
  });

  plain("a frame that is completed in time is delivered, and an idle peer stays", async () => {
    const { server, wire, other } = await served({ messageTimeout: 50 });
    const heard = collect(server, "t");
    wire.send('{"type":"t",');
    await new Promise((resolve) => setImmediate(resolve));
    wire.send('"data":1}\f');
    await heard.atLeast(1);
    other.send("{"); // By the time that this one is cut, the idle one would be, too.
    await other.untilClosed();
    expect(wire.closed).toBe(false);
  });
});

describe("maxPendingBytes", () => {
  plain(
    "finding 13: 100 x 1 MiB in one tick reach a healthy reader whole, on defaults",
    async () => {
      const { client, server, peer } = await pair();
      const text = "x".repeat(MiB);
      const heard = collect<[string]>(client, "t");
      const errors = collect(server, "error");
      for (let n = 0; n < 100; n += 1) server.emit(peer, "t", text);
      await heard.atLeast(100);
      expect(errors.calls).toEqual([]);
      expect(heard.data.every((data) => data.length === MiB)).toBe(true);
    },
  );

  plain(
    "finding 13: a single message into an empty buffer passes, however small the limit",
    async () => {
      const { client, server, peer } = await pair(ours, { maxPendingBytes: 1_000 });
      const atClient = collect<[string]>(client, "t");
      const atServer = collect<[string]>(server, "t");
      server.emit(peer, "t", "x".repeat(MiB));
      client.emit("t", "x".repeat(MiB));
      await atClient.atLeast(1);
      await atServer.atLeast(1);
    },
  );

  plain(
    "finding 13: a peer that does not read is cut with ERR_IPC_BACKPRESSURE, only it",
    async () => {
      const scene = await served({ maxPendingBytes: 4 * MiB });
      const { server, wire, peer, other } = scene;
      wire.socket.pause();
      const errors = collect<[Coded, Peer]>(server, "error");
      const gone = next<[Peer]>(server, "socket.disconnected");
      let sent = 0;
      while (errors.calls.length === 0 && sent < 100) {
        server.broadcast("t", "x".repeat(MiB));
        sent += 1;
        await new Promise((resolve) => setImmediate(resolve));
        const wanted = sent;
        await until(
          () => other.frames().length === wanted || errors.calls.length > 0,
          "the healthy one",
        );
      }
      expect(errors.data[0]).toMatchObject({ code: "ERR_IPC_BACKPRESSURE" });
      expect(errors.calls[0]?.[1]).toBe(peer);
      expect((await gone)[0]).toBe(peer);
      expect(sent).toBeLessThan(10);
      await other.frameCount(sent);
      expect(errors.calls).toHaveLength(1);
      expect(server.sockets).toHaveLength(1);
    },
  );

  plain("finding 13: a server that does not read is cut by the client, too", async () => {
    const ipc = open(ours, { maxPendingBytes: 4 * MiB });
    const plainServer = await listen(`${ipc.config.socketRoot}app.world`);
    ipc.connectTo("world");
    const client = clientOf(ipc);
    await next(client, "connect");
    (await plainServer.peer()).socket.pause();
    const errors = collect<[Coded]>(client, "error");
    const first = client.socket;
    for (let n = 0; n < 100 && errors.calls.length === 0; n += 1) {
      client.emit("t", "x".repeat(MiB));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(errors.data[0]).toMatchObject({ code: "ERR_IPC_BACKPRESSURE" });
    expect(first.destroyed).toBe(true);
  });

  test("finding 13: 400 broadcasts of 1 MB, one per turn, to a reader that stalls cost under 200 MB", async ({
    programs,
  }) => {
    type Report =
      | { type: "started"; path: string }
      | { type: "accepted" }
      | { type: "done"; grownBytes: number; codes: string[] };
    const server = programs.start<Report>(
      new URL("./programs/stalled-reader.mjs", import.meta.url),
      {
        implementation: "ours",
      },
    );
    const { path } = await server.next("started");
    const wire = await dial(path);
    wire.socket.pause();
    await server.next("accepted");
    server.send({ go: true });
    const { grownBytes, codes } = await server.next("done");
    expect(codes).toEqual(["ERR_IPC_BACKPRESSURE"]);
    expect(grownBytes).toBeLessThan(200 * 1_000_000);
  });

  test("100,000 emits in one tick survive with bounded memory", async ({ programs }) => {
    type Report = { type: "started"; path: string } | { type: "done"; grownBytes: number };
    const client = programs.start<Report>(new URL("./programs/flood.mjs", import.meta.url), {
      implementation: "ours",
      options: { count: 100_000 },
    });
    const server = open(ours, { socketRoot: programs.socketRoot });
    await serveLocal(server);
    const heard = collect<[number]>(server.server, "n");
    const { grownBytes } = await client.next("done");
    await heard.atLeast(100_000);
    expect(heard.data.every((n, index) => n === index)).toBe(true);
    expect(grownBytes).toBeLessThan(150 * 1_000_000);
  });
});
