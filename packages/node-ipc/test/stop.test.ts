// Findings 15 and 16: what server.stop() does, and which events a server fires.
import { once } from "node:events";
import { existsSync } from "node:fs";
import { describe, expect, test as plain } from "vitest";
import { freePort } from "../../../test/support/free-port.ts";
import { test } from "../../../test/support/program.ts";
import {
  clientOf,
  collect,
  connectLocal,
  connectTcp,
  next,
  open,
  pair,
  serveLocal,
  serveTcp,
  start,
  until,
} from "./scenario.ts";
import { ours, type Peer } from "./versions.ts";
import { dial } from "./wire-peer.ts";

describe("finding 15: stop()", () => {
  plain("ends the connections: each gives socket.disconnected, then close", async () => {
    const { server, connecting, peer } = await pair();
    connecting.config.stopRetrying = true;
    const all = collect<[string, Peer]>(server, "*");
    const closed = next(server, "close");
    server.stop();
    expect(server.sockets).toEqual([peer]); // Until it is closed.
    await closed;
    expect(all.calls).toEqual([
      ["socket.disconnected", peer, false],
      ["close", peer],
    ]);
    expect(server.sockets).toEqual([]);
  });

  plain("is synchronous about the listener and its file", async () => {
    const server = await serveLocal(open());
    expect(existsSync(server.path)).toBe(true);
    server.stop();
    expect(existsSync(server.path)).toBe(false);
    expect(server.server.listening).toBe(false);
  });

  test("works in an exit handler", async ({ programs }) => {
    const program = programs.start<{ type: "started"; path: string } | { type: "accepted" }>(
      new URL("./programs/stop-on-exit.mjs", import.meta.url),
      { implementation: "ours" },
    );
    const { path } = await program.next("started");
    const wire = await dial(path);
    await program.next("accepted");
    program.send({ exit: 3 });
    expect(await program.exit).toEqual({ code: 3, signal: null });
    await wire.untilClosed();
    expect(wire.frames()).toEqual(['{"type":"bye","data":{}}']);
    expect(existsSync(path)).toBe(false);
  });

  plain.each(["local", "tcp"])("a broadcast before it arrives (%s)", async (kind) => {
    const serving = open();
    const server = await (kind === "tcp" ? serveTcp(serving) : serveLocal(serving));
    const clients = [];
    for (let n = 0; n < 5; n += 1) {
      const ipc = open(ours, { socketRoot: serving.config.socketRoot, maxRetries: 0 });
      clients.push(
        await (kind === "tcp" ? connectTcp(ipc, server.port as number) : connectLocal(ipc)),
      );
    }
    await until(() => server.sockets.length === 5, "the server to accept all of them");
    const heard = clients.map((client) => collect(client, "bye"));
    const gone = Promise.all(clients.map((client) => next(client, "destroy")));
    server.broadcast("bye", "x".repeat(100_000));
    server.stop();
    await gone;
    expect(heard.map(({ calls }) => calls.length)).toEqual([1, 1, 1, 1, 1]);
  });

  plain("leaves `sockets` to programs that loop over them afterwards", async () => {
    const { server, connecting } = await pair();
    connecting.config.stopRetrying = true;
    const gone = next(server, "socket.disconnected");
    server.stop();
    expect(server.sockets).toHaveLength(1);
    for (const socket of server.sockets) {
      socket.end();
      socket.destroy();
    }
    await gone;
    expect(server.sockets).toEqual([]);
  });

  plain("gives up on a client that does not read, after a second", async () => {
    const server = await serveLocal(open());
    const accepted = next<[Peer]>(server, "connect");
    const wire = await dial(server.path);
    await accepted;
    wire.socket.pause();
    server.broadcast("large", "x".repeat(8 * 2 ** 20));
    const gone = next(server, "close");
    const since = performance.now();
    server.stop();
    await gone;
    const waited = performance.now() - since;
    expect(waited).toBeGreaterThan(900);
    expect(waited).toBeLessThan(5_000);
  });

  plain(
    "twice, or before start, or after the program closed server.server, is no error",
    async () => {
      const { server, serving } = await pair();
      const errors = collect(server, "error");
      server.stop();
      server.stop();
      serving.serve();
      const never = serving.server;
      const errorsOfNever = collect(never, "error");
      expect(() => never.stop()).not.toThrow();
      const third = open();
      const closed = await serveLocal(third);
      const errorsOfClosed = collect(closed, "error");
      const done = once(closed.server, "close");
      closed.server.close();
      await done;
      expect(() => closed.stop()).not.toThrow();
      await new Promise((resolve) => setImmediate(resolve)); // An error event would come by then.
      expect([errors.calls, errorsOfNever.calls, errorsOfClosed.calls]).toEqual([[], [], []]);
    },
  );

  plain("and then start() serves the same path again", async () => {
    const ipc = open();
    const server = await serveLocal(ipc);
    server.stop();
    await start(ipc);
    const client = await connectLocal(open(ours, { socketRoot: ipc.config.socketRoot }));
    const heard = collect(server, "n");
    client.emit("n", 1);
    await heard.atLeast(1);
  });

  plain("frees a TCP port at once", async () => {
    const ipc = open();
    const server = await serveTcp(ipc);
    const client = await connectTcp(open(ours, { maxRetries: 0 }), server.port as number);
    const gone = next(client, "destroy");
    server.stop();
    await gone;
    const again = open();
    again.serveNet("127.0.0.1", server.port);
    await start(again);
  });
});

describe("finding 16: the events of a server", () => {
  plain(
    "are start, connect(socket), socket.disconnected(socket, id), close(socket); nothing else",
    async () => {
      const ipc = open();
      ipc.serve();
      const all = collect<[string, ...unknown[]]>(ipc.server, "*");
      await start(ipc);
      const connecting = open(ours, { socketRoot: ipc.config.socketRoot, stopRetrying: true });
      const client = await connectLocal(connecting);
      const gone = next(ipc.server, "close");
      ipc.server.on("own", () => client.socket.destroy());
      client.emit("own", { id: "me" });
      await gone;
      const closed = once(ipc.server.server, "close");
      ipc.server.stop();
      await closed;
      const socket = all.calls.find(([type]) => type === "connect")?.[1];
      expect(all.calls.map(([type]) => type)).toEqual([
        "start",
        "connect",
        "own",
        "socket.disconnected",
        "close",
      ]);
      expect(all.calls[2]?.slice(1)).toEqual([{ id: "me" }, socket]);
      expect(all.calls[3]?.slice(1)).toEqual([socket, "me"]);
      expect(all.calls[4]?.slice(1)).toEqual([socket]);
    },
  );

  plain("`disconnect` and `destroy` are left to the application", async () => {
    const { client, server, connecting } = await pair();
    const disconnects = collect<[{ key: string }]>(server, "disconnect");
    const destroys = collect(server, "destroy");
    client.emit("disconnect", { key: "mine" });
    await disconnects.atLeast(1);
    const closed = next(server, "close");
    connecting.disconnect("world");
    await closed;
    expect(disconnects.data).toEqual([{ key: "mine" }]);
    expect(destroys.calls).toEqual([]);
  });

  plain("an error of the listener is (error)", async () => {
    const taken = await serveTcp(open());
    const ipc = open();
    ipc.serveNet("127.0.0.1", taken.port);
    const errors = collect(ipc.server, "error");
    ipc.server.start();
    await errors.atLeast(1);
    expect(errors.calls[0]).toHaveLength(1);
    expect(errors.data[0]).toBeInstanceOf(Error);
  });

  plain("a client of nobody hears error and disconnect, and at the end destroy", async () => {
    const ipc = open(ours, { maxRetries: 0 });
    ipc.connectToNet("world", "127.0.0.1", await freePort());
    const all = collect<[string]>(clientOf(ipc), "*");
    await next(clientOf(ipc), "destroy");
    expect(all.data).toEqual(["error", "disconnect", "destroy"]);
  });
});
