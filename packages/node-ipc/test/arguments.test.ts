// The ways in which programs call the six methods: arguments may be left out as long as the order holds.
import { describe, expect, test, vi } from "vitest";
import { freePort } from "../../../test/support/free-port.ts";
import { clientOf, collect, connectLocal, next, open, pair, serveLocal } from "./scenario.ts";
import { everyVersion, type Ipc, ours } from "./versions.ts";

const callback = vi.fn();

/** An instance whose defaults are recognisable, and whose connections fail once and then give up. */
async function withDefaults(version = ours): Promise<Ipc> {
  callback.mockReset();
  const networkPort = await freePort();
  return open(version, { id: "me", appspace: "app.", maxRetries: 0, networkPort });
}

describe.each(everyVersion)("the arguments of $name", (version) => {
  test.each([
    ["id", () => ["other"], false],
    ["id, callback", () => ["other", callback], true],
    ["id, undefined, callback", () => ["other", undefined, callback], true],
    ["id, false, callback", () => ["other", false, callback], true],
    ["id, '', callback", () => ["other", "", callback], true],
  ] as const)("connectTo(%s) goes to socketRoot + appspace + id", async (_, args, called) => {
    const ipc = await withDefaults(version);
    ipc.connectTo(...args());
    const client = clientOf(ipc, "other");
    expect(client.id).toBe("other");
    expect(client.path).toBe(`${ipc.config.socketRoot}app.other`);
    expect(callback).toHaveBeenCalledTimes(called ? 1 : 0);
  });

  test.each([false, true])(
    "connectTo(id, path) goes to the path; with callback: %s",
    async (calls) => {
      const ipc = await withDefaults(version);
      const path = `${ipc.config.socketRoot}elsewhere`;
      ipc.connectTo("other", path, ...(calls ? [callback] : []));
      expect(clientOf(ipc, "other").path).toBe(path);
      expect(callback).toHaveBeenCalledTimes(calls ? 1 : 0);
    },
  );

  test("connectTo's callback gets the instance, before the connection stands", async () => {
    const ipc = await withDefaults(version);
    const seen: unknown[] = [];
    ipc.connectTo("other", (given: unknown) => {
      seen.push(given, ipc.of["other"] !== undefined);
    });
    expect(seen[0]).toBe(ipc);
    expect(seen[1]).toBe(true);
  });

  test.each([
    ["id", (_port: number) => ["other"], false, false],
    ["id, callback", () => ["other", callback], false, false],
    ["id, host", () => ["other", "127.0.0.2"], true, false],
    ["id, host, callback", () => ["other", "127.0.0.2", callback], true, false],
    ["id, port", (port: number) => ["other", port], false, true],
    ["id, port, callback", (port: number) => ["other", port, callback], false, true],
    ["id, host, port", (port: number) => ["other", "127.0.0.2", port], true, true],
    [
      "id, host, port, callback",
      (port: number) => ["other", "127.0.0.2", port, callback],
      true,
      true,
    ],
    [
      "id, undefined, port, callback",
      (port: number) => ["other", undefined, port, callback],
      false,
      true,
    ],
    ["id, false, port", (port: number) => ["other", false, port], false, true],
    [
      "id, host, undefined, callback",
      () => ["other", "127.0.0.2", undefined, callback],
      true,
      false,
    ],
    ["id, undefined, false, callback", () => ["other", undefined, false, callback], false, false],
    ["id, undefined, callback", () => ["other", undefined, callback], false, false],
  ] as const)("connectToNet(%s)", async (name, args, ownHost, ownPort) => {
    const ipc = await withDefaults(version);
    const port = await freePort();
    ipc.connectToNet(...args(port));
    const client = clientOf(ipc, "other");
    expect(client.id).toBe("other");
    expect(client.path).toBe(ownHost ? "127.0.0.2" : ipc.config.networkHost);
    expect(client.port).toBe(ownPort ? port : ipc.config.networkPort);
    expect(callback.mock.calls).toEqual(name.includes("callback") ? [[ipc]] : []);
  });

  test.each([
    ["nothing", () => []],
    ["callback", () => [callback]],
    ["undefined, callback", () => [undefined, callback]],
    ["null, callback", () => [null, callback]],
    ["'', callback", () => ["", callback]],
    ["false, callback", () => [false, callback]],
    ["null", () => [null]],
  ] as const)("finding 20: serve(%s) takes socketRoot + appspace + id", async (name, args) => {
    const ipc = await withDefaults(version);
    ipc.serve(...args());
    expect(ipc.server.path).toBe(`${ipc.config.socketRoot}app.me`);
    ipc.server.publish("start");
    expect(callback).toHaveBeenCalledTimes(name.includes("callback") ? 1 : 0);
  });

  test.each([false, true])("serve(path) takes the path; with callback: %s", async (calls) => {
    const ipc = await withDefaults(version);
    const path = `${ipc.config.socketRoot}elsewhere`;
    ipc.serve(path, ...(calls ? [callback] : []));
    expect(ipc.server.path).toBe(path);
    ipc.server.publish("start");
    expect(callback).toHaveBeenCalledTimes(calls ? 1 : 0);
  });

  test.each<[string, unknown[], { host?: string; port?: number; udp?: "udp4" | "udp6" }]>([
    ["nothing", [], {}],
    ["callback", [callback], {}],
    ["host", ["127.0.0.2"], { host: "127.0.0.2" }],
    ["host, callback", ["127.0.0.2", callback], { host: "127.0.0.2" }],
    ["port", [3435], { port: 3435 }],
    ["port, callback", [3435, callback], { port: 3435 }],
    ["host, port", ["127.0.0.2", 3435], { host: "127.0.0.2", port: 3435 }],
    ["host, port, callback", ["127.0.0.2", 3435, callback], { host: "127.0.0.2", port: 3435 }],
    ["udp4", ["udp4"], { udp: "udp4" }],
    ["udp6", ["udp6"], { udp: "udp6" }],
    ["UDP4", ["UDP4"], { udp: "udp4" }],
    ["udp4, callback", ["udp4", callback], { udp: "udp4" }],
    ["host, udp4", ["127.0.0.2", "udp4"], { host: "127.0.0.2", udp: "udp4" }],
    ["host, udp4, callback", ["127.0.0.2", "udp4", callback], { host: "127.0.0.2", udp: "udp4" }],
    ["port, udp4", [3435, "udp4"], { port: 3435, udp: "udp4" }],
    ["port, udp4, callback", [3435, "udp4", callback], { port: 3435, udp: "udp4" }],
    ["host, port, udp6", ["::1", 3435, "udp6"], { host: "::1", port: 3435, udp: "udp6" }],
    [
      "host, port, udp4, callback",
      ["127.0.0.2", 3435, "udp4", callback],
      { host: "127.0.0.2", port: 3435, udp: "udp4" },
    ],
    ["undefined, port, callback", [undefined, 3435, callback], { port: 3435 }],
    ["false, port, udp4, callback", [false, 3435, "udp4", callback], { port: 3435, udp: "udp4" }],
    [
      "host, undefined, udp4, callback",
      ["127.0.0.2", undefined, "udp4", callback],
      { host: "127.0.0.2", udp: "udp4" },
    ],
    [
      "host, port, undefined, callback",
      ["127.0.0.2", 3435, undefined, callback],
      { host: "127.0.0.2", port: 3435 },
    ],
    ["undefined, undefined, undefined, callback", [undefined, undefined, undefined, callback], {}],
  ])("serveNet(%s)", async (name, args, wanted) => {
    const ipc = await withDefaults(version);
    ipc.serveNet(...args);
    const { path, port, udp4, udp6 } = ipc.server;
    expect({ path, port, udp4, udp6 }).toEqual({
      path: wanted.host ?? ipc.config.networkHost,
      port: wanted.port ?? ipc.config.networkPort,
      udp4: wanted.udp === "udp4",
      udp6: wanted.udp === "udp6",
    });
    ipc.server.publish("start");
    expect(callback).toHaveBeenCalledTimes(name.includes("callback") ? 1 : 0);
  });

  test("finding 20: serveNet('::1', port, 'udp4') binds the IPv4 loopback", async () => {
    const ipc = await withDefaults(version);
    ipc.serveNet("::1", await freePort("udp4"), "udp4");
    expect(ipc.server.path).toBe("127.0.0.1");
  });

  test("finding 20: connectTo() and connectToNet() without id do nothing", async () => {
    const ipc = await withDefaults(version);
    ipc.connectTo();
    ipc.connectTo("", callback);
    ipc.connectTo(undefined, "/somewhere", callback);
    ipc.connectToNet();
    expect(Object.keys(ipc.of)).toEqual([]);
    expect(callback).not.toHaveBeenCalled();
  });

  test("finding 20: disconnect() of nobody does nothing", async () => {
    const ipc = await withDefaults(version);
    expect(() => ipc.disconnect()).not.toThrow();
    expect(() => ipc.disconnect("nobody")).not.toThrow();
  });

  test("finding 20: connectTo of a live id runs the callback once and connects nobody", async () => {
    const { server, client, connecting } = await pair(version);
    const fence = collect(server, "fence");
    const accepted = collect(server, "connect");
    callback.mockReset();
    connecting.connectTo("world", callback);
    expect(callback).toHaveBeenCalledTimes(1);
    expect(clientOf(connecting)).toBe(client);
    client.emit("fence");
    await fence.atLeast(1);
    expect(accepted.calls).toHaveLength(0);
    expect(server.sockets).toHaveLength(1);
  });

  test("finding 35: an id that is still connecting is live, too", async () => {
    const serving = open(version);
    const server = await serveLocal(serving);
    const ipc = open(version, { socketRoot: serving.config.socketRoot });
    const accepted = collect(server, "connect");
    const fence = collect(server, "fence");
    callback.mockReset();
    ipc.connectTo("world");
    const client = clientOf(ipc);
    ipc.connectTo("world", callback);
    expect(clientOf(ipc)).toBe(client);
    expect(callback).toHaveBeenCalledTimes(1);
    await next(client, "connect");
    client.emit("fence");
    await fence.atLeast(1);
    expect(accepted.calls).toHaveLength(1);
  });

  test("start ignores its arguments", async () => {
    const ipc = open(version);
    const ran = vi.fn();
    ipc.serve(ran);
    const started = next(ipc.server, "start");
    ipc.server.start(`${ipc.config.socketRoot}elsewhere`, 1234, callback);
    await started;
    expect(ran).toHaveBeenCalledTimes(1);
    expect(ipc.server.path).toBe(`${ipc.config.socketRoot}app.world`);
    const client = await connectLocal(open(version, { socketRoot: ipc.config.socketRoot }));
    expect(client.socket.destroyed).toBe(false);
  });
});

describe("our arguments", () => {
  test.each([
    ["host, UDP4", ["127.0.0.1", "UDP4"]],
    ["port, UDP4", [3435, "UDP4"]],
    ["host, port, UDP4", ["127.0.0.1", 3435, "UDP4"]],
  ])("finding 20: capitals work at every place: serveNet(%s)", async (_, args) => {
    const ipc = await withDefaults();
    ipc.serveNet(...args);
    expect(ipc.server.udp4).toBe(true);
  });

  test("connectTo's callback gets the instance for a live id, too", async () => {
    const { connecting } = await pair();
    callback.mockReset();
    connecting.connectTo("world", callback);
    expect(callback.mock.calls).toEqual([[connecting]]);
  });

  test("finding 20: ids named like methods of objects are ids like any other", async () => {
    for (const id of ["constructor", "__proto__", "toString"]) {
      const serving = open(ours, { id });
      await serveLocal(serving);
      const ipc = open(ours, { socketRoot: serving.config.socketRoot });
      expect(ipc.of[id]).toBeUndefined();
      const client = await connectLocal(ipc, id);
      expect(client.id).toBe(id);
      ipc.disconnect(id);
      expect(ipc.of[id]).toBeUndefined();
    }
  });

  test("finding 20: for TCP, `path` is the host", async () => {
    const ipc = await withDefaults();
    const port = await freePort();
    ipc.serveNet("127.0.0.1", port);
    expect(ipc.server).toMatchObject({ path: "127.0.0.1", port });
  });
});
