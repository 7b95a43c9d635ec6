// What is ours: promises for "delivered", "listening" and "ended", and whether the process may end.
import { existsSync } from "node:fs";
import { describe, expect, test as plain } from "vitest";
import { test } from "../../../test/support/program.ts";
import {
  clientOf,
  collect,
  connectLocal,
  next,
  open,
  pair,
  serveLocal,
  serveTcp,
  serveUdp,
} from "./scenario.ts";
import { ours, type Peer } from "./versions.ts";
import { dial, listen } from "./wire-peer.ts";

type Coded = Error & { code: string };

/** A client of a server that accepts and then reads nothing. */
async function unread() {
  const ipc = open(ours, { maxRetries: 0 });
  const server = await listen(`${ipc.config.socketRoot}app.world`);
  ipc.connectTo("world");
  const client = clientOf(ipc);
  await next(client, "connect");
  const wire = await server.peer();
  wire.socket.pause();
  return { ipc, client, server, wire };
}

describe("flush", () => {
  plain("resolves when the system has taken what was emitted", async () => {
    const { client, server } = await pair();
    const heard = collect(server, "n");
    client.emit("n", "x".repeat(8 * 2 ** 20));
    await client.flush();
    expect(client.socket.writableLength).toBe(0);
    await heard.atLeast(1);
  });

  plain("of an instance waits for its clients and its server", async () => {
    const { client, server, connecting, serving, peer } = await pair();
    const atClient = collect(client, "n");
    const atServer = collect(server, "n");
    for (let n = 0; n < 1_000; n += 1) {
      client.emit("n", n);
      server.emit(peer, "n", n);
    }
    await Promise.all([connecting.flush(), serving.flush()]);
    await atClient.atLeast(1_000);
    await atServer.atLeast(1_000);
  });

  plain("waits for the connection", async () => {
    const ipc = open();
    ipc.connectTo("world");
    const client = clientOf(ipc);
    client.emit("n", 1);
    await next(client, "disconnect");
    let flushed = false;
    const flushing = client.flush().then(() => {
      flushed = true;
    });
    await next(client, "disconnect"); // Another attempt later it still waits.
    expect(flushed).toBe(false);
    const server = await serveLocal(open(ours, { socketRoot: ipc.config.socketRoot }));
    const heard = collect(server, "n");
    await flushing;
    await heard.atLeast(1);
  });

  plain("rejects with ERR_IPC_UNDELIVERED when the client gives up", async () => {
    const ipc = open(ours, { maxRetries: 1 });
    ipc.connectTo("world");
    clientOf(ipc).emit("n", 1);
    await expect(ipc.flush()).rejects.toMatchObject({
      name: "IPCProtocolError",
      code: "ERR_IPC_UNDELIVERED",
    });
  });

  plain("rejects with ERR_IPC_UNDELIVERED when the connection is lost", async () => {
    const { ipc, client, wire } = await unread();
    client.emit("n", "x".repeat(8 * 2 ** 20));
    const flushing = ipc.flush();
    wire.socket.destroy();
    await expect(flushing).rejects.toMatchObject({ code: "ERR_IPC_UNDELIVERED" });
  });

  plain("of nothing resolves", async () => {
    const ipc = open();
    await ipc.flush();
    const { client, server } = await pair();
    await client.flush();
    await server.flush();
    const { client: quiet } = await pair();
    await quiet.flush();
  });

  plain("works over UDP", async () => {
    const one = await serveUdp(open());
    const two = await serveUdp(open());
    const heard = collect(two, "n");
    one.emit({ address: two.path, port: two.port }, "n", 1);
    await one.flush();
    await heard.atLeast(1);
  });
});

describe("close", () => {
  plain("of a client delivers, ends in disconnect and destroy, and resolves", async () => {
    const { client, server, connecting } = await pair();
    const heard = collect(server, "n");
    const all = collect<[string]>(client, "*");
    const gone = next(server, "close");
    client.emit("n", "x".repeat(8 * 2 ** 20));
    await client.close();
    expect(all.data).toEqual(["disconnect", "destroy"]);
    await gone;
    expect(heard.calls).toHaveLength(1);
    expect(client.socket.destroyed).toBe(true);
    expect(connecting.server).toBe(false);
  });

  plain("of a server delivers, ends its clients and takes its file away", async () => {
    const { client, server, connecting } = await pair();
    connecting.config.stopRetrying = true;
    const heard = collect(client, "n");
    const destroyed = next(client, "destroy");
    server.broadcast("n", "x".repeat(2 ** 20));
    await server.close();
    expect(existsSync(server.path)).toBe(false);
    expect(server.server.listening).toBe(false);
    expect(server.sockets).toEqual([]);
    await destroyed;
    expect(heard.calls).toHaveLength(1);
  });

  plain("of an instance closes everything, and the clients are gone from `of`", async () => {
    const ipc = open();
    const server = await serveLocal(ipc);
    const other = await serveLocal(open(ours, { id: "other", socketRoot: ipc.config.socketRoot }));
    const toItself = await connectLocal(ipc);
    const toOther = await connectLocal(ipc, "other");
    const gone = next(other, "close");
    await ipc.close();
    await gone;
    expect(toItself.socket.destroyed).toBe(true);
    expect(toOther.socket.destroyed).toBe(true);
    expect(existsSync(server.path)).toBe(false);
    expect(Object.keys(ipc.of)).toEqual([]);
  });

  plain(
    "rejects with ERR_IPC_UNDELIVERED when the time is up, and has ended all the same",
    async () => {
      const { ipc, client, wire } = await unread();
      client.emit("n", "x".repeat(8 * 2 ** 20));
      await expect(ipc.close({ timeoutMs: 100 })).rejects.toMatchObject({
        name: "IPCProtocolError",
        code: "ERR_IPC_UNDELIVERED",
      });
      expect(client.socket.destroyed).toBe(true);
      wire.socket.resume();
      await wire.untilClosed();
    },
  );

  plain("of a server rejects the same way when a client does not read", async () => {
    const server = await serveLocal(open());
    const accepted = next<[Peer]>(server, "connect");
    const wire = await dial(server.path);
    await accepted;
    wire.socket.pause();
    server.broadcast("n", "x".repeat(8 * 2 ** 20));
    await expect(server.close({ timeoutMs: 100 })).rejects.toMatchObject({
      code: "ERR_IPC_UNDELIVERED",
    });
    expect(existsSync(server.path)).toBe(false);
  });

  plain("of a client that never reached its server ends in time", async () => {
    const ipc = open(ours, { retry: 100_000 });
    ipc.connectTo("world");
    const client = clientOf(ipc);
    await next(client, "disconnect");
    await ipc.close(); // Nothing was emitted: nothing is undelivered.
    const again = open(ours, { retry: 100_000 });
    again.connectTo("world");
    clientOf(again).emit("n", 1);
    await expect(again.close({ timeoutMs: 50 })).rejects.toMatchObject({
      code: "ERR_IPC_UNDELIVERED",
    });
  });

  plain("twice, or of nothing, resolves", async () => {
    const ipc = open();
    await ipc.close();
    const { client, server, connecting, serving } = await pair();
    await Promise.all([client.close(), client.close(), connecting.close()]);
    await Promise.all([server.close(), server.close()]);
    await serving.close();
    ipc.serve();
    await ipc.close();
  });

  plain("after it, the same instance can serve and connect anew", async () => {
    const ipc = open();
    await serveLocal(ipc);
    await connectLocal(ipc);
    await ipc.close();
    const server = await serveLocal(ipc);
    const client = await connectLocal(ipc);
    const heard = collect(server, "n");
    client.emit("n", 1);
    await heard.atLeast(1);
  });
});

describe("listen", () => {
  plain("resolves when the server listens; start and its callback are fired", async () => {
    const ipc = open();
    const order: string[] = [];
    ipc.serve(() => order.push("callback"));
    ipc.server.on("start", () => order.push("start"));
    await ipc.server.listen();
    expect(order).toEqual(["callback", "start"]);
    expect(ipc.server.server.listening).toBe(true);
  });

  plain("rejects with the error that the `error` event tells", async () => {
    const taken = await serveTcp(open());
    const ipc = open();
    ipc.serveNet("127.0.0.1", taken.port);
    const errors = collect<[Coded]>(ipc.server, "error");
    await expect(ipc.server.listen()).rejects.toMatchObject({ code: "EADDRINUSE" });
    await errors.atLeast(1);
    expect(errors.data).toHaveLength(1);
    expect(errors.data[0]).toMatchObject({ code: "EADDRINUSE" });
  });

  plain("after a failure can be tried again", async () => {
    const first = open();
    const taken = await serveLocal(first);
    const ipc = open(ours, { socketRoot: first.config.socketRoot });
    ipc.serve();
    await expect(ipc.server.listen()).rejects.toMatchObject({ code: "EADDRINUSE" });
    await taken.close();
    await ipc.server.listen();
    await dial(ipc.server.path);
  });

  plain("of a server that listens resolves, and starts no second one", async () => {
    const ipc = open();
    const server = await serveLocal(ipc);
    const { server: inner } = server;
    await server.listen();
    server.start();
    expect(server.server).toBe(inner);
  });
});

describe("whether the process may end", () => {
  type Report = { type: "received"; count: number } | { type: "ready" };
  const program = new URL("./programs/ends-by-itself.mjs", import.meta.url);

  test.for(["await ipc.flush()", "await ipc.close()", "await client.close()"])(
    "after %s nothing is lost by process.exit(): 5,000 x 1 KB",
    async (how, { programs }) => {
      const ipc = open(ours, { socketRoot: programs.socketRoot });
      const server = await serveLocal(ipc);
      const heard = collect(server, "n");
      const client = programs.start<Report>(program, { implementation: "ours", options: { how } });
      expect(await client.exit).toEqual({ code: 0, signal: null });
      await heard.atLeast(5_000);
      expect(heard.calls).toHaveLength(5_000);
    },
  );

  test.for([
    "client.unref()",
    "client.unref() before connect",
    "server.unref()",
    "server.unref() before start",
    "ipc.close() of both",
    "ipc.disconnect(id) and server.stop()",
  ])("%s lets it end", async (how, { programs }) => {
    const ipc = open(ours, { socketRoot: programs.socketRoot });
    await serveLocal(ipc);
    const run = programs.start<Report>(program, { implementation: "ours", options: { how } });
    await run.next("ready");
    expect(await run.exit).toEqual({ code: 0, signal: null });
  });

  test.for(["client.ref()", "server.ref()"])("%s takes that back", async (how, { programs }) => {
    const ipc = open(ours, { socketRoot: programs.socketRoot });
    const server = await serveLocal(ipc);
    const run = programs.start<Report>(program, { implementation: "ours", options: { how } });
    await run.next("ready");
    const heard = collect(server, "alive");
    await heard.atLeast(3); // It would have ended by the first: only the socket holds it.
    await run.kill();
  });
});
