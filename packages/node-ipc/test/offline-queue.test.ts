// Finding 14: what is emitted while there is no connection is kept, up to a limit, and sent once.
import { once } from "node:events";
import { describe, expect, test as plain } from "vitest";
import { test } from "../../../test/support/program.ts";
import { clientOf, collect, next, open, pair, serveLocal } from "./scenario.ts";
import { type Client, type Config, everyVersion, type Ipc, ours } from "./versions.ts";
import { listen } from "./wire-peer.ts";

type Coded = Error & { code: string };

/** A client between two attempts to reach a server that is not there. */
async function offline(config: Partial<Config> = {}): Promise<{ ipc: Ipc; client: Client }> {
  const ipc = open(ours, config);
  ipc.connectTo("world");
  const client = clientOf(ipc);
  await next(client, "disconnect");
  return { ipc, client };
}

const numberOf = (text: string) => (JSON.parse(text) as { data: unknown }).data;

describe.each(everyVersion)("early emits with $name", (version) => {
  plain(
    "finding 14: on the first connect they go before those of the connect handler",
    async () => {
      const serving = open(version);
      const server = await serveLocal(serving);
      const heard = collect(server, "n");
      const ipc = open(version, { socketRoot: serving.config.socketRoot });
      ipc.connectTo("world", () => clientOf(ipc).emit("n", "in the callback"));
      const client = clientOf(ipc);
      client.on("connect", () => client.emit("n", "in the handler"));
      client.emit("n", "right after connectTo");
      await heard.atLeast(3);
      expect(heard.data).toEqual(["in the callback", "right after connectTo", "in the handler"]);
    },
  );
});

describe("our queue", () => {
  plain(
    "finding 14: what was emitted before the server was there arrives: all, in order, once",
    async () => {
      const { ipc, client } = await offline();
      for (let n = 0; n < 100; n += 1) client.emit("n", n);
      const server = await serveLocal(open(ours, { socketRoot: ipc.config.socketRoot }));
      const heard = collect(server, "n");
      const fence = collect(server, "fence");
      await heard.atLeast(100);
      client.emit("fence");
      await fence.atLeast(1);
      expect(heard.data).toEqual(Array.from({ length: 100 }, (_, n) => n));
    },
  );

  plain("finding 14: on a reconnect the connect handlers go first, then the queue", async () => {
    const ipc = open();
    const path = `${ipc.config.socketRoot}app.world`;
    const first = await listen(path);
    ipc.connectTo("world");
    const client = clientOf(ipc);
    client.on("connect", () => client.emit("register", "me"));
    await (await first.peer()).frameCount(1);
    const disconnected = next(client, "disconnect");
    await first.close();
    await disconnected;
    client.emit("n", 1);
    client.emit("n", 2);
    const second = await listen(path);
    expect((await (await second.peer()).frameCount(3)).map(numberOf)).toEqual(["me", 1, 2]);
  });

  plain("finding 14: what the socket had taken is not sent again", async () => {
    const ipc = open();
    const path = `${ipc.config.socketRoot}app.world`;
    const first = await listen(path);
    ipc.connectTo("world");
    const client = clientOf(ipc);
    await next(client, "connect");
    client.emit("n", "taken");
    await (await first.peer()).frameCount(1);
    const disconnected = next(client, "disconnect");
    await first.close();
    await disconnected;
    client.emit("n", "kept");
    const second = await listen(path);
    const wire = await second.peer();
    client.emit("n", "after");
    expect((await wire.frameCount(2)).map(numberOf)).toEqual(["kept", "after"]);
  });

  plain("finding 14: what is emitted in the disconnect handler is kept, too", async () => {
    const { client, server, connecting, serving } = await pair();
    client.once("disconnect", () => client.emit("n", "from the handler"));
    const heard = collect(server, "n");
    for (const socket of server.sockets) socket.destroy();
    await heard.atLeast(1);
    expect(heard.data).toEqual(["from the handler"]);
    expect(connecting.config.socketRoot).toBe(serving.config.socketRoot);
  });

  plain.each<[string, Partial<Config>]>([
    ["maxQueueMessages", { maxQueueMessages: 3 }],
    ["maxQueueBytes", { maxQueueBytes: 3 * '{"type":"n","data":0}\f'.length }],
  ])("finding 14: over %s the newest is refused, told once per outage", async (_, limits) => {
    const { ipc, client } = await offline(limits);
    const errors = collect<[Coded & { count?: number }]>(client, "error");
    const results: boolean[] = [];
    for (let n = 0; n < 6; n += 1) results.push(client.emit("n", n));
    expect(results).toEqual([true, true, true, false, false, false]);
    const full = () => errors.data.filter(({ code }) => code === "ERR_IPC_QUEUE_FULL");
    expect(full()).toHaveLength(1);
    expect(full()[0]).toMatchObject({ name: "IPCProtocolError", count: 3 }); // It goes on counting.

    const path = `${ipc.config.socketRoot}app.world`;
    const plainServer = await listen(path);
    const wire = await plainServer.peer();
    await wire.frameCount(3);
    client.emit("n", 8);
    expect((await wire.frameCount(4)).map(numberOf)).toEqual([0, 1, 2, 8]);

    const disconnected = next(client, "disconnect");
    await plainServer.close();
    await disconnected;
    for (let n = 0; n < 5; n += 1) client.emit("n", n);
    expect(full()).toHaveLength(2);
    expect(full()[1]).toMatchObject({ count: 2 });
  });

  plain("finding 14: by default 10,000 messages and 8 MiB are kept", async () => {
    const { client } = await offline();
    const errors = collect<[Coded]>(client, "error");
    const full = () => errors.data.filter(({ code }) => code === "ERR_IPC_QUEUE_FULL").length;
    for (let n = 0; n < 10_000; n += 1) expect(client.emit("n", n)).toBe(true);
    expect(full()).toBe(0);
    expect(client.emit("n", 10_000)).toBe(false);
    expect(full()).toBe(1);
    const other = await offline();
    const otherErrors = collect<[Coded]>(other.client, "error");
    expect(other.client.emit("n", "x".repeat(7 * 2 ** 20))).toBe(true);
    expect(other.client.emit("n", "x".repeat(2 ** 20))).toBe(false);
    expect(otherErrors.data.map(({ code }) => code)).toContain("ERR_IPC_QUEUE_FULL");
  });

  plain.each(["destroy", "disconnect(id)"])(
    "finding 14: after %s nothing is kept, which one error says",
    async (how) => {
      const { ipc, client } = await offline(how === "destroy" ? { maxRetries: 1 } : {});
      const destroyed = next(client, "destroy");
      if (how === "disconnect(id)") ipc.disconnect("world");
      await destroyed;
      const errors = collect<[Coded]>(client, "error");
      for (let n = 0; n < 3; n += 1) expect(client.emit("n", n)).toBe(false);
      expect(errors.data).toHaveLength(1);
      expect(errors.data[0]).toMatchObject({ name: "IPCProtocolError", code: "ERR_IPC_CLOSED" });
    },
  );

  plain("what was kept when the last retry failed is told, with its count", async () => {
    const ipc = open(ours, { maxRetries: 1 });
    ipc.connectTo("world");
    const client = clientOf(ipc);
    const errors = collect<[Coded]>(client, "error");
    for (let n = 0; n < 3; n += 1) client.emit("n", n);
    await next(client, "destroy");
    const undelivered = errors.data.filter(({ code }) => code === "ERR_IPC_UNDELIVERED");
    expect(undelivered).toHaveLength(1);
    expect(undelivered[0]).toMatchObject({ count: 3 });
  });

  plain(
    "finding 14: a client that was told to connect again after destroy keeps messages again",
    async () => {
      const { ipc, client } = await offline({ maxRetries: 1 });
      await next(client, "destroy");
      ipc.config.maxRetries = Number.POSITIVE_INFINITY;
      client.connect();
      client.emit("n", 1);
      const server = await serveLocal(open(ours, { socketRoot: ipc.config.socketRoot }));
      const heard = collect(server, "n");
      await heard.atLeast(1);
      expect(heard.data).toEqual([1]);
    },
  );

  plain("offline: 'drop' loses what is emitted meanwhile, without a word", async () => {
    const { ipc, client } = await offline({ offline: "drop" });
    const errors = collect<[Coded]>(client, "error");
    client.emit("n", "lost");
    const server = await serveLocal(open(ours, { socketRoot: ipc.config.socketRoot }));
    const heard = collect(server, "n");
    await next(client, "connect");
    client.emit("n", "arrives");
    await heard.atLeast(1);
    expect(heard.data).toEqual(["arrives"]);
    expect(errors.data.filter(({ code }) => code.startsWith("ERR_IPC"))).toEqual([]);
  });

  plain("offline: 'reject' says of every message that it was not accepted", async () => {
    const { client } = await offline({ offline: "reject" });
    const errors = collect<[Coded]>(client, "error");
    expect(client.emit("n", 1)).toBe(false);
    expect(client.emit("n", 2)).toBe(false);
    const refused = errors.data.filter(({ code }) => code === "ERR_IPC_NOT_CONNECTED");
    expect(refused).toHaveLength(2);
    expect(refused[0]).toMatchObject({ name: "IPCProtocolError" });
  });

  plain(
    "with 'drop', what is emitted while the first connection is made still arrives, as of old",
    async () => {
      const serving = open();
      const server = await serveLocal(serving);
      const heard = collect(server, "n");
      const ipc = open(ours, { socketRoot: serving.config.socketRoot, offline: "drop" });
      ipc.connectTo("world");
      clientOf(ipc).emit("n", "early");
      await heard.atLeast(1);
      expect(heard.data).toEqual(["early"]);
    },
  );

  plain("finding 14: raw bytes are kept until the first connect only", async () => {
    const { ipc, client } = await offline({ rawBuffer: true });
    client.emit("early ");
    const path = `${ipc.config.socketRoot}app.world`;
    const first = await listen(path);
    const wire = await first.peer();
    await once(wire.socket, "data");
    expect(wire.bytes.toString()).toBe("early ");
    const disconnected = next(client, "disconnect");
    await first.close();
    await disconnected;
    client.emit("lost ");
    const connected = next(client, "connect");
    const second = await listen(path);
    const again = await second.peer();
    await connected;
    client.emit("late");
    await once(again.socket, "data");
    expect(again.bytes.toString()).toBe("late");
  });
});

describe("the queue and the end of the process", () => {
  const program = new URL("./programs/queue-and-exit.mjs", import.meta.url);

  test.for(["gives up", "disconnects", "is not referenced"])(
    "finding 14: a full queue does not keep a process alive whose client %s",
    async (how, { programs }) => {
      const client = programs.start<{ type: "queued" }>(program, {
        implementation: "ours",
        options: { how },
      });
      await client.next("queued");
      expect(await client.exit).toEqual({ code: 0, signal: null });
    },
  );
});
