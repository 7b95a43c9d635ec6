// When a client tries again, when it gives up, and what it fires meanwhile.
import { describe, expect, test, vi } from "vitest";
import { freePort } from "../../../test/support/free-port.ts";
import {
  type Collected,
  clientOf,
  collect,
  connectLocal,
  next,
  open,
  pair,
  serveLocal,
  start,
  until,
} from "./scenario.ts";
import {
  type Client,
  type Config,
  everyVersion,
  type Ipc,
  ours,
  type Version,
} from "./versions.ts";
import { frame, listen } from "./wire-peer.ts";

interface Watched {
  readonly ipc: Ipc;
  readonly client: Client;
  readonly errors: Collected<[NodeJS.ErrnoException]>;
  readonly disconnects: Collected;
  readonly destroys: Collected;
}

/** A client that calls a server which is not there. */
function calling(version: Version, config: Partial<Config>): Watched {
  const ipc = open(version, config);
  ipc.connectTo("world");
  const client = clientOf(ipc);
  return {
    ipc,
    client,
    errors: collect(client, "error"),
    disconnects: collect(client, "disconnect"),
    destroys: collect(client, "destroy"),
  };
}

/** Resolves when another client, with the same pause, has tried so often: what was due by then has come. */
async function attempts(version: Version, count: number, retry = 10): Promise<void> {
  const { errors } = calling(version, { retry });
  await errors.atLeast(count);
}

describe.each(everyVersion)("retries of $name", (version) => {
  test.each([0, 1, 3])("maxRetries: %i is so many attempts after the first", async (maxRetries) => {
    const { errors, disconnects, destroys } = calling(version, { maxRetries });
    await destroys.atLeast(1);
    await attempts(version, 3);
    expect(errors.calls).toHaveLength(maxRetries + 1);
    expect(new Set(errors.data.map(({ code }) => code))).toEqual(new Set(["ENOENT"]));
    expect(disconnects.calls).toHaveLength(maxRetries + 1);
    expect(destroys.calls).toHaveLength(1);
  });

  test("by default it tries again until somebody is there", async () => {
    const { ipc, client, errors, destroys } = calling(version, {});
    await errors.atLeast(5);
    const connected = next(client, "connect");
    await serveLocal(open(version, { socketRoot: ipc.config.socketRoot }));
    await connected;
    expect(destroys.calls).toEqual([]);
  });

  test("the budget is per disconnect: a connection restores it", async () => {
    const ipc = open(version, { maxRetries: 3 });
    const serving = open(version, { socketRoot: ipc.config.socketRoot });
    await serveLocal(serving);
    const client = await connectLocal(ipc);
    for (let round = 0; round < 5; round += 1) {
      expect(client.retriesRemaining).toBe(3);
      const connected = next(client, "connect");
      for (const socket of serving.server.sockets) socket.destroy();
      await connected;
    }
    expect(client.retriesRemaining).toBe(3);
  });

  test("stopRetrying: true gives up after the first attempt", async () => {
    const { errors, disconnects, destroys } = calling(version, { stopRetrying: true });
    await destroys.atLeast(1);
    await attempts(version, 3);
    expect([errors, disconnects, destroys].map(({ calls }) => calls.length)).toEqual([1, 1, 1]);
  });

  test("finding 9: stopRetrying set on client.config while it retries ends in destroy", async () => {
    const { client, errors, destroys } = calling(version, {});
    await errors.atLeast(2);
    client.config.stopRetrying = true;
    await destroys.atLeast(1);
    const tried = errors.calls.length;
    await attempts(version, 3);
    expect(errors.calls).toHaveLength(tried);
    expect(destroys.calls).toHaveLength(1);
  });

  test("retriesRemaining set to 0 by the program ends in destroy", async () => {
    const { client, errors, destroys } = calling(version, {});
    await errors.atLeast(2);
    client.retriesRemaining = 0;
    await destroys.atLeast(1);
    expect(destroys.calls).toHaveLength(1);
  });

  test("ECONNREFUSED of TCP is tried again, too", async () => {
    const ipc = open(version);
    const port = await freePort();
    ipc.connectToNet("world", "127.0.0.1", port);
    const client = clientOf(ipc);
    const errors = collect<[NodeJS.ErrnoException]>(client, "error");
    await errors.atLeast(2);
    expect(errors.data[0]).toMatchObject({ code: "ECONNREFUSED", syscall: "connect", port });
    const connected = next(client, "connect");
    const serving = open(version);
    serving.serveNet("127.0.0.1", port);
    await start(serving);
    await connected;
  });

  test("a server that is restarted again and again is found again, and handlers do not pile up", async () => {
    const ipc = open(version);
    const serving = open(version, { socketRoot: ipc.config.socketRoot });
    const plainPath = `${ipc.config.socketRoot}app.world`;
    ipc.connectTo("world");
    const client = clientOf(ipc);
    const heard = collect(client, "n");
    for (let round = 1; round <= 5; round += 1) {
      const connected = next(client, "connect");
      const plain = await listen(plainPath);
      await connected;
      const wire = await plain.peer();
      wire.send(frame("n", round));
      await heard.atLeast(round);
      const disconnected = next(client, "disconnect");
      await plain.close();
      await disconnected;
    }
    expect(heard.data).toEqual([1, 2, 3, 4, 5]);
    expect(client.socket.listenerCount("close")).toBeLessThan(10);
    expect(serving.server).toBe(false);
  });

  test("connect() of a client that gave up tries anew", async () => {
    const { ipc, client, destroys } = calling(version, { maxRetries: 0 });
    await destroys.atLeast(1);
    const server = await serveLocal(open(version, { socketRoot: ipc.config.socketRoot }));
    const heard = collect(server, "n");
    const connected = next(client, "connect");
    client.connect();
    await connected;
    client.emit("n", 1);
    await heard.atLeast(1);
  });

  test("disconnect(id) removes the client, marks it, and it does not come back", async () => {
    const { connecting, client, server } = await pair(version);
    const accepted = collect(server, "connect");
    const gone = next(server, "close");
    connecting.disconnect("world");
    expect(connecting.of["world"]).toBeUndefined();
    expect(client.explicitlyDisconnected).toBe(true);
    await gone;
    await attempts(version, 3);
    expect(accepted.calls).toEqual([]);
  });

  test("disconnect(id) between two attempts ends the attempts", async () => {
    const { ipc, errors } = calling(version, {});
    await errors.atLeast(2);
    ipc.disconnect("world");
    const tried = errors.calls.length;
    await attempts(version, 3);
    expect(errors.calls).toHaveLength(tried);
  });

  test("after disconnect(id) the same id can be connected again", async () => {
    const { connecting, client, server } = await pair(version);
    connecting.disconnect("world");
    const again = await connectLocal(connecting);
    expect(again).not.toBe(client);
    const heard = collect(server, "n");
    again.emit("n", 1);
    await heard.atLeast(1);
  });
});

describe("our retries", () => {
  test("finding 6: disconnect(id) ends in disconnect and destroy", async () => {
    const { connecting, client } = await pair();
    const order: string[] = [];
    client.on("disconnect", () => order.push("disconnect"));
    client.on("destroy", () => order.push("destroy"));
    const wildcard = vi.fn();
    client.on("*", wildcard);
    const destroyed = next(client, "destroy");
    connecting.disconnect("world");
    await destroyed;
    expect(order).toEqual(["disconnect", "destroy"]);
  });

  test("disconnect(id) while dialling ends in disconnect and destroy, without error", async () => {
    const serving = open();
    const server = await serveLocal(serving);
    const ipc = open(ours, { socketRoot: serving.config.socketRoot });
    ipc.connectTo("world");
    const client = clientOf(ipc);
    const all = collect<[string]>(client, "*");
    const destroyed = next(client, "destroy");
    ipc.disconnect("world");
    await destroyed;
    expect(all.data).toEqual(["disconnect", "destroy"]);
    await until(() => server.sockets.length === 0, "the server to hear of it");
  });

  test("disconnect(id) between two attempts ends in destroy", async () => {
    const { ipc, errors, destroys } = calling(ours, { retry: 100_000 });
    await errors.atLeast(1);
    ipc.disconnect("world");
    await destroys.atLeast(1);
  });

  test("finding 36: stopRetrying: 0 means no retry, as the README says", async () => {
    const { errors, disconnects, destroys } = calling(ours, { stopRetrying: 0 });
    await destroys.atLeast(1);
    await attempts(ours, 3);
    expect([errors, disconnects, destroys].map(({ calls }) => calls.length)).toEqual([1, 1, 1]);
  });

  test("finding 36: a number is an upper bound of the retries", async () => {
    const { errors, destroys } = calling(ours, { stopRetrying: 2 });
    await destroys.atLeast(1);
    expect(errors.calls).toHaveLength(3);
  });

  test("finding 36: the smaller bound counts", async () => {
    const { errors, destroys } = calling(ours, { stopRetrying: 5, maxRetries: 1 });
    await destroys.atLeast(1);
    expect(errors.calls).toHaveLength(2);
  });

  test("maxRetries: false is no limit, as older READMEs say", async () => {
    const { errors, destroys } = calling(ours, { maxRetries: false });
    await errors.atLeast(4);
    expect(destroys.calls).toEqual([]);
  });

  test("finding 9: `retry` is read live", async () => {
    const { ipc, client, errors } = calling(ours, { retry: 10 });
    await errors.atLeast(2);
    ipc.config.retry = 100_000;
    await next(client, "disconnect");
    const tried = errors.calls.length;
    await attempts(ours, 4);
    expect(errors.calls).toHaveLength(tried);
  });

  test("finding 9: `maxRetries` is read live", async () => {
    const { ipc, errors, destroys } = calling(ours, {});
    await errors.atLeast(2);
    ipc.config.maxRetries = 0;
    await destroys.atLeast(1);
    const tried = errors.calls.length;
    await attempts(ours, 3);
    expect(errors.calls).toHaveLength(tried);
  });

  test("finding 35: between two attempts connectTo makes a fresh client; the old one is silent", async () => {
    const { ipc, client: old, errors } = calling(ours, {});
    await errors.atLeast(1);
    const all = collect(old, "*");
    ipc.connectTo("world");
    const fresh = clientOf(ipc);
    expect(fresh).not.toBe(old);
    const server = await serveLocal(open(ours, { socketRoot: ipc.config.socketRoot }));
    const accepted = collect(server, "connect");
    await next(fresh, "connect");
    await attempts(ours, 4);
    expect(accepted.calls).toHaveLength(1);
    expect(server.sockets).toHaveLength(1);
    expect(all.calls).toEqual([]);
  });

  test("finding 35: the fresh client takes over the old one's queue, in order, once", async () => {
    const { ipc, client: old, errors } = calling(ours, {});
    old.emit("n", 1);
    await errors.atLeast(1);
    old.emit("n", 2);
    ipc.connectTo("world");
    clientOf(ipc).emit("n", 3);
    const server = await serveLocal(open(ours, { socketRoot: ipc.config.socketRoot }));
    const heard = collect(server, "n");
    await heard.atLeast(3);
    const fence = collect(server, "fence");
    clientOf(ipc).emit("fence");
    await fence.atLeast(1);
    expect(heard.data).toEqual([1, 2, 3]);
  });

  test("finding 35: after destroy connectTo makes a fresh client", async () => {
    const { ipc, client: old, destroys } = calling(ours, { maxRetries: 0 });
    await destroys.atLeast(1);
    ipc.connectTo("world");
    expect(clientOf(ipc)).not.toBe(old);
    await next(clientOf(ipc), "destroy");
  });

  test("the events of a life: error and disconnect per attempt, then connect, then the end", async () => {
    const { ipc, client, errors } = calling(ours, {});
    const all = collect<[string]>(client, "*");
    await errors.atLeast(2);
    const connected = next(client, "connect");
    await serveLocal(open(ours, { socketRoot: ipc.config.socketRoot }));
    await connected;
    const destroyed = next(client, "destroy");
    ipc.disconnect("world");
    await destroyed;
    const { data } = all;
    expect(data.slice(-3)).toEqual(["connect", "disconnect", "destroy"]);
    const before = data.slice(0, -3);
    expect(before.filter((_, n) => n % 2 === 0).every((type) => type === "error")).toBe(true);
    expect(before.filter((_, n) => n % 2 === 1).every((type) => type === "disconnect")).toBe(true);
  });
});
