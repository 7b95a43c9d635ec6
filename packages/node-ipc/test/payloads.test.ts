// What goes over the wire, byte for byte, and what comes out on the other side.
import { describe, expect, test } from "vitest";
import { clientOf, collect, next, open, pair, serveLocal } from "./scenario.ts";
import {
  type Client,
  type Config,
  everyVersion,
  ours,
  type Server,
  type Version,
} from "./versions.ts";
import { dial, listen, type WirePeer } from "./wire-peer.ts";

/** A client whose frames a plain server reads. */
async function clientOnWire(
  version: Version = ours,
  config: Partial<Config> = {},
): Promise<{ client: Client; wire: WirePeer }> {
  const ipc = open(version, config);
  const server = await listen(`${ipc.config.socketRoot}app.world`);
  ipc.connectTo("world");
  const client = clientOf(ipc);
  await next(client, "connect");
  return { client, wire: await server.peer() };
}

/** A server whose frames a plain client reads. */
async function serverOnWire(version: Version = ours): Promise<{ server: Server; wire: WirePeer }> {
  const server = await serveLocal(open(version));
  const accepted = next(server, "connect");
  const wire = await dial(server.path);
  await accepted;
  return { server, wire };
}

const unicode = 'a é ß Ω ש 漢字 🚀 👩‍👩‍👧   \u0000 \f \n " \\ ';

describe.each(everyVersion)("payloads of $name", (version) => {
  test('finding 7: an event without data is {"type":"none","data":{}} and the delimiter', async () => {
    const { client, wire } = await clientOnWire(version);
    client.emit("none");
    await wire.frameCount(1);
    expect(wire.bytes).toEqual(Buffer.from('{"type":"none","data":{}}\f'));
  });

  test("finding 7: undefined travels as {}, from a server, too", async () => {
    const { server, wire } = await serverOnWire(version);
    server.emit(server.sockets[0], "none", undefined);
    server.broadcast("all");
    await wire.frameCount(2);
    expect(wire.bytes.toString()).toBe('{"type":"none","data":{}}\f{"type":"all","data":{}}\f');
  });

  test.each([
    ["false", false],
    ["zero", 0],
    ["a number", -1.5e300],
    ["a string", "text"],
    ["unicode", unicode],
    ["an empty array", []],
    ["nested values", { a: [1, { b: [null, "", false] }], "": { é: unicode } }],
  ])("%s arrives as it was sent, in both directions", async (_, value) => {
    const { client, server, peer } = await pair(version);
    const atServer = collect(server, "value");
    const atClient = collect(client, "value");
    client.emit("value", value);
    server.emit(peer, "value", value);
    await atServer.atLeast(1);
    await atClient.atLeast(1);
    expect(atServer.data).toEqual([value]);
    expect(atClient.data).toEqual([value]);
  });

  test("event names may hold any character", async () => {
    const { client, server } = await pair(version);
    const heard = collect(server, unicode);
    client.emit(unicode, "named");
    await heard.atLeast(1);
    expect(heard.data).toEqual(["named"]);
  });

  test("finding 20: circular data throws TypeError from emit, and the connection goes on", async () => {
    const { client, server, peer } = await pair(version);
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    expect(() => client.emit("circle", circular)).toThrow(TypeError);
    expect(() => server.emit(peer, "circle", circular)).toThrow(TypeError);
    expect(() => server.broadcast("circle", circular)).toThrow(TypeError);
    const heard = collect(server, "after");
    client.emit("after", "fine");
    await heard.atLeast(1);
    expect(heard.data).toEqual(["fine"]);
  });

  test("an 8 MiB message arrives whole, in both directions", async () => {
    const { client, server, peer } = await pair(version);
    const large = "é🚀".repeat((8 * 2 ** 20) / 6);
    const atServer = collect(server, "large");
    const atClient = collect(client, "large");
    client.emit("large", large);
    await atServer.atLeast(1);
    server.emit(peer, "large", large);
    await atClient.atLeast(1);
    expect(atServer.data[0] === large).toBe(true);
    expect(atClient.data[0] === large).toBe(true);
  });
});

describe("our payloads", () => {
  const falsy = [undefined, null, "", Number.NaN, 0, false];

  test("finding 7: null and '' as themselves, NaN as JSON makes it, undefined as {}", async () => {
    const { client, wire } = await clientOnWire();
    for (const value of falsy) client.emit("v", value);
    expect(
      (await wire.frameCount(falsy.length)).map((text) => text.slice('{"type":"v",'.length)),
    ).toEqual([
      '"data":{}}',
      '"data":null}',
      '"data":""}',
      '"data":null}',
      '"data":0}',
      '"data":false}',
    ]);
  });

  test("finding 7: legacyPayloads sends {} for undefined, null, '' and NaN, and for no other", async () => {
    const { client, wire } = await clientOnWire(ours, { legacyPayloads: true });
    for (const value of falsy) client.emit("v", value);
    expect(
      (await wire.frameCount(falsy.length)).map((text) => text.slice('{"type":"v",'.length)),
    ).toEqual([
      '"data":{}}',
      '"data":{}}',
      '"data":{}}',
      '"data":{}}',
      '"data":0}',
      '"data":false}',
    ]);
  });

  test("finding 7: null, '' and no data arrive as null, '' and {}", async () => {
    const { client, server, peer } = await pair();
    const atServer = collect(server, "v");
    const atClient = collect(client, "v");
    for (const value of [null, "", undefined]) {
      client.emit("v", value);
      server.emit(peer, "v", value);
    }
    await atServer.atLeast(3);
    await atClient.atLeast(3);
    expect(atServer.data).toEqual([null, "", {}]);
    expect(atClient.data).toEqual([null, "", {}]);
  });

  test("finding 7: data with a key _maxListeners is data like any other", async () => {
    const { client, server } = await pair();
    const heard = collect(server, "v");
    client.emit("v", { _maxListeners: 10, kept: true });
    await heard.atLeast(1);
    expect(heard.data).toEqual([{ _maxListeners: 10, kept: true }]);
  });

  test("a __proto__ key from the wire changes no prototype", async () => {
    const { server } = await pair();
    const heard = collect<[Record<string, unknown>]>(server, "v");
    const wire = await dial(server.path);
    wire.send(
      '{"type":"v","data":{"__proto__":{"polluted":true}},"__proto__":{"polluted":true}}\f',
    );
    await heard.atLeast(1);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(Object.getPrototypeOf(heard.data[0])).toBe(Object.prototype);
  });

  test("the encoding key concerns raw buffers: JSON stays UTF-8", async () => {
    for (const encoding of ["hex", "ascii", "utf16le"]) {
      const { client, server } = await pair(ours, { encoding });
      const heard = collect(server, "v");
      client.emit("v", unicode);
      await heard.atLeast(1);
      expect(heard.data).toEqual([unicode]);
    }
  });

  test("a broadcast reaches every client, and a client that is gone disturbs nobody", async () => {
    const { client, server, connecting } = await pair();
    const others = [];
    for (let n = 0; n < 3; n += 1) {
      const ipc = open(ours, { socketRoot: connecting.config.socketRoot });
      ipc.connectTo("world");
      others.push(clientOf(ipc));
    }
    await Promise.all(others.map((other) => next(other, "connect")));
    const gone = next(server, "socket.disconnected");
    others.pop()?.socket.destroy();
    await gone;
    const heard = [client, ...others].map((each) => collect(each, "news"));
    server.broadcast("news", 1);
    await Promise.all(heard.map((each) => each.atLeast(1)));
    expect(heard.map((each) => each.data)).toEqual([[1], [1], [1]]);
  });
});
