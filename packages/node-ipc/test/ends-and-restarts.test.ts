// Ends that overlap with deliveries, and starts that overlap with ends: each of these was once wrong.
import { describe, expect, test } from "vitest";
import {
  clientOf,
  collect,
  connectLocal,
  next,
  open,
  pair,
  serveLocal,
  serveUdp,
  until,
} from "./scenario.ts";
import { ours, type Peer } from "./versions.ts";
import { dial, frame, listen } from "./wire-peer.ts";

type Coded = Error & { code: string };

describe("a flush beside an end", () => {
  test("does not break off what stop() is delivering", async () => {
    const { client, server } = await pair();
    const heard = collect<[string]>(client, "n");
    const errors = collect<[Coded]>(server, "error");
    server.broadcast("n", "x".repeat(6 * 2 ** 20));
    server.stop();
    await server.flush();
    await heard.atLeast(1);
    expect(heard.data[0]).toHaveLength(6 * 2 ** 20);
    expect(errors.calls).toEqual([]);
  });

  test("settles when another client takes this one's place", async () => {
    const ipc = open();
    ipc.connectTo("world");
    const first = clientOf(ipc);
    first.emit("n", 1);
    const flushed = first.flush().then(
      () => "delivered",
      (error: Coded) => error.code,
    );
    await next(first, "disconnect");
    ipc.connectTo("world");
    const server = await serveLocal(open(ours, { socketRoot: ipc.config.socketRoot }));
    const heard = collect(server, "n");
    await heard.atLeast(1);
    expect(await flushed).toMatch(/delivered|ERR_IPC_UNDELIVERED/);
  });

  test("close({ timeoutMs }) is over in time with a peer that reads nothing", async () => {
    const ipc = open(ours, { maxRetries: 0 });
    const server = await listen(`${ipc.config.socketRoot}app.world`);
    const client = await connectLocal(ipc);
    (await server.peer()).socket.pause();
    client.emit("n", "x".repeat(16 * 2 ** 20));
    const before = performance.now();
    await expect(client.close({ timeoutMs: 100 })).rejects.toMatchObject({
      code: "ERR_IPC_UNDELIVERED",
    });
    // The second that disconnect() lingers does not come on top.
    expect(performance.now() - before).toBeLessThan(1_000);
  });
});

describe("a client that was told to disconnect", () => {
  test.each(["at once", "after its end"])("connects again when asked to, %s", async (when) => {
    const { client, connecting, server } = await pair();
    const heard = collect(server, "n");
    const ended = next(client, "destroy");
    connecting.disconnect("world");
    if (when === "after its end") await ended;
    const connected = next(client, "connect");
    client.connect();
    await connected;
    client.emit("n", 1);
    await heard.atLeast(1);
    connecting.of["world"] = client;
    connecting.disconnect("world");
    await next(client, "destroy");
  });

  test("is there for the handlers of what arrives while the instance closes", async () => {
    const { server, connecting, peer } = await pair();
    const answered = collect(server, "answer");
    clientOf(connecting).on("question", () => clientOf(connecting).emit("answer"));
    clientOf(connecting).emit("n", "x".repeat(2 ** 20));
    server.emit(peer, "question");
    await connecting.close();
    expect(connecting.of["world"]).toBeUndefined();
    await answered.atLeast(1);
  });
});

describe("what was emitted before an end", () => {
  const large = "x".repeat(4 * 2 ** 20);

  test.each(["flush", "close"] as const)(
    "ipc.%s() waits for a client that was told to disconnect",
    async (method) => {
      const { client, connecting, server } = await pair();
      const heard = collect(server, "n");
      client.emit("n", large);
      connecting.disconnect("world");
      await connecting[method]();
      expect(client.socket.writableFinished).toBe(true);
      await heard.atLeast(1);
    },
  );

  test("what follows client.close() in the same tick arrives or is refused", async () => {
    const { client, server } = await pair();
    const heard = collect<[number]>(server, "n");
    client.emit("n", 0);
    const closed = client.close();
    const accepted = [1, 2, 3].filter((n) => client.emit("n", n));
    await closed;
    await heard.atLeast(accepted.length + 1);
    expect(heard.data).toEqual([0, ...accepted]);
  });

  test("a queue survives a connect handler that destroys the socket", async () => {
    const { client, connecting, server, serving } = await pair();
    server.stop();
    await next(client, "disconnect");
    for (let n = 0; n < 10; n += 1) client.emit("n", n);
    client.once("connect", () => client.socket.destroy());
    const again = await serveLocal(serving);
    const heard = collect<[number]>(again, "n");
    await heard.atLeast(10);
    expect(heard.data).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await connecting.flush();
  });

  test("leaves before the peer's end is acted on", async () => {
    const ipc = open();
    const server = await serveLocal(ipc);
    const accepted = next<[Peer]>(server, "connect");
    const wire = await dial(server.path);
    const [peer] = await accepted;
    await new Promise<void>((resolve) => {
      // The end arrives between the burst and the end of its tick.
      wire.socket.end(() => {
        setTimeout(() => {
          for (let n = 0; n < 5; n += 1) server.emit(peer, "n", n);
          resolve();
        }, 0);
      });
    });
    await wire.untilClosed();
    const numbers = wire.frames().map((text) => (JSON.parse(text) as { data: number }).data);
    expect(numbers).toEqual(Array.from(numbers, (_, index) => index));
    expect([0, 5]).toContain(numbers.length);
  });
});

describe("a server that is stopped while it starts", () => {
  test.each(["local", "udp"])("fires neither start nor error (%s)", async (kind) => {
    const ipc = open();
    if (kind === "udp") ipc.serveNet("127.0.0.1", 40_000, "udp4");
    else ipc.serve();
    const { server } = ipc;
    const all = collect<[string]>(server, "*");
    const listening = server.listen();
    server.stop();
    await expect(listening).rejects.toMatchObject({ code: "ERR_IPC_CLOSED" });
    expect(all.data).toEqual([]);
  });

  test("starts again", async () => {
    const ipc = open();
    ipc.serve();
    ipc.server.start();
    ipc.server.stop();
    const started = next(ipc.server, "start");
    ipc.server.start();
    await started;
    await dial(ipc.server.path);
  });

  test("unref() before a start that fails leaves the failure what it is", async () => {
    const ipc = open();
    ipc.serve(`/tmp/${"x".repeat(200)}`);
    ipc.server.unref();
    await expect(ipc.server.listen()).rejects.toMatchObject({ code: "ERR_IPC_PATH_TOO_LONG" });
    ipc.server.ref();
  });

  test("listen() without anywhere to listen rejects", async () => {
    const ipc = open();
    ipc.serve();
    ipc.server.path = "";
    await expect(ipc.server.listen()).rejects.toMatchObject({ code: "ERR_IPC_CONFIG" });
  });
});

describe("what a program does to the real objects", () => {
  test("closing the real server: start() listens again", async () => {
    const ipc = open();
    const server = await serveLocal(ipc);
    await new Promise((resolve) => server.server.close(resolve));
    const started = next(server, "start");
    server.start();
    await started;
    await dial(server.path);
  });

  test("setEncoding() on a socket: messages arrive all the same", async () => {
    const ipc = open();
    const server = await serveLocal(ipc);
    server.on("connect", (socket: Peer) => socket.setEncoding("utf8"));
    const heard = collect<[string]>(server, "n");
    const wire = await dial(server.path);
    wire.send(frame("n", "é漢😀"));
    await heard.atLeast(1);
    expect(heard.data).toEqual(["é漢😀"]);
  });

  test("closing the real UDP socket: emit tells it, flush and close settle", async () => {
    const ipc = open();
    const server = await serveUdp(ipc);
    const errors = collect<[Coded]>(server, "error");
    server.server.close();
    server.emit({ address: "127.0.0.1", port: server.port ?? 0 }, "n", 1);
    await server.flush();
    await server.close();
    expect(errors.calls).toHaveLength(1);
  });

  test("taking a cut socket out of the list does not make broadcast skip another", async () => {
    const { server, connecting } = await pair(ours, { maxPendingBytes: 1_000 });
    const other = open(ours, { socketRoot: connecting.config.socketRoot });
    const wire = await dial(server.path);
    wire.socket.pause();
    const client = await connectLocal(other);
    await until(() => server.sockets.length === 3, "three clients");
    server.on("error", (_error: Coded, socket: Peer) => {
      server.sockets.splice(server.sockets.indexOf(socket), 1);
    });
    const heard = collect<[number]>(client, "n");
    let sent = 0;
    while (server.sockets.length === 3) {
      server.broadcast("n", { sent, padding: "x".repeat(2 ** 16) });
      sent += 1;
      await heard.atLeast(sent);
    }
    expect(heard.calls).toHaveLength(sent);
  });
});

describe("UDP before the socket is bound", () => {
  test("flush() and close() send what was emitted", async () => {
    const receiver = await serveUdp(open());
    const heard = collect(receiver, "n");
    const ipc = open();
    ipc.serveNet("127.0.0.1", (receiver.port as number) + 1, "udp4");
    ipc.server.start();
    const to = { address: "127.0.0.1", port: receiver.port } as unknown as Peer;
    expect(ipc.server.emit(to, "n", 1)).toBe(true);
    await ipc.server.close();
    await heard.atLeast(1);
  });
});

describe("one connection's trouble is its own", () => {
  test("a socket whose write throws does not hold the others' messages back", async () => {
    const { server, connecting } = await pair();
    const others = [open(ours), open(ours)];
    for (const ipc of others) {
      ipc.config.socketRoot = connecting.config.socketRoot;
      await connectLocal(ipc);
    }
    await until(() => server.sockets.length === 3, "three clients");
    const [first] = server.sockets as unknown as [{ write: unknown }];
    const { write } = first;
    const uncaught = new Promise((resolve) => {
      const listeners = process.listeners("uncaughtException");
      process.removeAllListeners("uncaughtException");
      process.once("uncaughtException", (error) => {
        for (const listener of listeners) process.on("uncaughtException", listener);
        resolve(error);
      });
    });
    const heard = others.map((ipc) => collect<[number]>(clientOf(ipc), "n"));
    server.broadcast("n", 1);
    first.write = () => {
      throw new Error("patched by the program");
    };
    server.broadcast("n", 2);
    server.broadcast("n", 3);
    expect(await uncaught).toMatchObject({ message: "patched by the program" });
    first.write = write;
    for (const each of heard) {
      await each.atLeast(3);
      expect(each.data).toEqual([1, 2, 3]);
    }
    connecting.disconnect("world");
  });

  test("an answer given before the peer breaks the rules still leaves", async () => {
    const ipc = open();
    const server = await serveLocal(ipc);
    server.on("ask", (_data: unknown, socket: Peer) => {
      server.emit(socket, "answer", 1);
    });
    const wire = await dial(server.path);
    wire.send(`${frame("ask")}no json\f`);
    await wire.untilClosed();
    expect(wire.frames()).toEqual(['{"type":"answer","data":1}']);
  });

  test("messageTimeout counts for one message, not for a busy connection", async () => {
    const ipc = open(ours, { messageTimeout: 150 });
    const server = await serveLocal(ipc);
    const heard = collect(server, "n");
    const errors = collect<[Coded]>(server, "error");
    const wire = await dial(server.path);
    const whole = frame("n", 1);
    const half = whole.length / 2;
    // Every piece ends in the middle of a message that the next one completes.
    let rest = whole.slice(0, half);
    wire.send(rest);
    const end = performance.now() + 400;
    let sent = 0;
    while (performance.now() < end) {
      rest = whole.slice(half) + whole.slice(0, half);
      wire.send(rest);
      sent += 1;
      await heard.atLeast(sent);
    }
    expect(errors.calls).toEqual([]);
    await errors.atLeast(1);
    expect(errors.data[0]?.code).toBe("ERR_IPC_MESSAGE_TIMEOUT");
  });

  test("a peer cannot make the answers to one piece of input fill the memory", async () => {
    const ipc = open(ours, { maxPendingBytes: 2 ** 20 });
    const server = await serveLocal(ipc);
    const answer = "x".repeat(2 ** 18);
    server.on("ask", (_data: unknown, socket: Peer) => {
      server.emit(socket, "answer", answer);
    });
    const errors = collect<[Coded]>(server, "error");
    const wire = await dial(server.path);
    wire.socket.pause();
    wire.send(frame("ask").repeat(1_000));
    await errors.atLeast(1);
    expect(errors.data[0]?.code).toBe("ERR_IPC_BACKPRESSURE");
  });

  test("a program's own parser is held to maxMessageSize as well", async () => {
    const parser = {
      maxMessageSize: 1_000,
      encode: () => "",
      read: (remainder: string, data: string) => remainder + data,
    };
    const ipc = open(ours, { parser });
    const server = await serveLocal(ipc);
    const errors = collect<[Coded]>(server, "error");
    const wire = await dial(server.path);
    wire.send("x".repeat(2_000));
    await errors.atLeast(1);
    expect(errors.data[0]?.code).toBe("ERR_IPC_FRAME_TOO_LARGE");
    await wire.untilClosed();
  });
});

describe("what is logged", () => {
  test.each([{ rawBuffer: true }, { parser: "raw" as const }])(
    "raw bytes are never the name of an event (%o)",
    async (config) => {
      const lines: string[] = [];
      const { server, peer } = await pair(ours, {
        ...config,
        silent: false,
        logger: (line: string) => lines.push(line),
      });
      (server.emit as (...args: unknown[]) => unknown)(peer, "SECRET");
      (server.broadcast as (...args: unknown[]) => unknown)("SECRET");
      expect(lines.join("\n")).toContain("<raw-buffer>");
      expect(lines.join("\n")).not.toContain("SECRET");
    },
  );
});
