import { contract, event, local, memory, pipe, spawnPeer, tcp, tls, udp, unix } from "myelin";
import { describe, expect, test } from "vitest";
import { CodecRegistry } from "../src/codec/codec-registry.ts";
import { checkOption, defaults } from "../src/options.ts";
import { acceptSettings } from "../src/session/node-ipc/node-ipc-options.ts";
import { timeLimit } from "../src/session/time-limit.ts";
import { SeededRandom } from "../src/testing/seeded-random.ts";
import { VirtualClock } from "../src/testing/virtual-clock.ts";

const codec = { id: 16, name: "acme/codec", encode: () => "", decode: () => 0 };

const fail = (): never => {
  throw new Error("no text");
};

const refused = (what: string) =>
  expect.objectContaining({ code: "ERR_CONFIG", message: expect.stringContaining(what) });

describe("an option with a wrong value is refused at once", () => {
  test.each<[string, () => unknown]>([
    ['unix(): reclaim must be a boolean, not "yes"', () => unix({ reclaim: "yes" as never })],
    [
      "serve(): handlers must be an object, not 5",
      () => checkOption("serve", "handlers", 5, "object"),
    ],
    ["unix(): backlog must be a number from 0", () => unix({ backlog: -1 })],
    ["unix(): maxConnections must be a number", () => unix({ maxConnections: Number.NaN })],
    ["tcp(): localPort must be a number from 0 to 65535", () => tcp({ localPort: 65_536 })],
    ["tcp(): family must be 0, 4 or 6", () => tcp({ family: 5 as never })],
    ["tcp(): lookup must be a function", () => tcp({ lookup: {} as never })],
    ["tcp(): keepAliveInitialDelayMs", () => tcp({ keepAliveInitialDelayMs: 2 ** 31 })],
    ["tls(): handshakeTimeoutMs", () => tls({ handshakeTimeoutMs: -1 })],
    ["tls(): noDelay must be a boolean", () => tls({ noDelay: 1 as never })],
    [
      "udp(): maxDatagramBytes must be a number from 1 to 65507",
      () => udp({ maxDatagramBytes: 0 }),
    ],
    ["udp(): maxPeers", () => udp({ maxPeers: 0 })],
  ])("%s", (message, make) => {
    expect(make).toThrow(refused(message));
  });
});

describe.each([[null], [[]], [5], ["yes"]])("%j is refused as the options", (given) => {
  test.each(Object.entries({ local, unix, pipe, tcp, tls, udp, memory }))("of %s()", (_, make) => {
    expect(() => make(given as never)).toThrow(refused("(): options must be an object"));
  });

  test("of spawnPeer()", async () => {
    const spawned = spawnPeer(process.execPath, [], given as never);
    await expect(spawned).rejects.toEqual(refused("spawnPeer(): options must be an object"));
  });
});

const revoked = Proxy.revocable([], {});
revoked.revoke();

describe.each<[string, unknown]>([
  ["without a prototype", Object.create(null)],
  ["whose text throws", { toString: () => fail() }],
  ["that was revoked", revoked.proxy],
])("a value %s is refused as any other", (_, value) => {
  const given = value as never;
  test.each<[string, () => unknown]>([
    ["tcp(): noDelay must be a boolean", () => tcp({ noDelay: given })],
    ["tcp(): localPort must be a number", () => tcp({ localPort: given })],
    ["unix(): backlog must be a number", () => unix({ backlog: given })],
    ["the time must be a number of milliseconds", () => timeLimit("the time", given)],
    ["codec must be json, tagged, structured", () => event({ codec: given })],
    ["its id must be 16 to 255", () => new CodecRegistry([{ ...codec, id: given }])],
    ["its name must be", () => new CodecRegistry([{ ...codec, name: given }])],
    ["none of myelin, node-ipc", () => acceptSettings({ accept: [given] })],
    ["seed must be a whole number", () => new SeededRandom(given)],
    ["VirtualClock(): maxTasks must be", () => new VirtualClock({ maxTasks: given })],
    ["advance(): ms must be a number from 0", () => new VirtualClock().advance(given)],
  ])("%s", (message, make) => {
    expect(make).toThrow(refused(message));
  });
});

describe.each([[null], [5], ["text"], [{}]])("%j is refused as a list", (given) => {
  test.each<[string, () => unknown]>([
    ["spawnPeer(): args must be a list", () => spawnPeer("node", given as never)],
    ["spawnPeer(): stdio must be", () => spawnPeer("node", [], { stdio: given as never })],
    ["contract(): errors must be a list", () => contract({}, { errors: given as never })],
  ])("%s", async (message, make) => {
    await expect(Promise.resolve().then(make)).rejects.toEqual(refused(message));
  });
});

test("a list is refused as an option that is an object", () => {
  const check = () => checkOption("serve", "handlers", [], "object");
  expect(check).toThrow(refused("serve(): handlers must be an object, not an array"));
});

test("a mistyped option is refused, with the names that exist", () => {
  expect(() => tcp({ nodelay: true } as never)).toThrow(refused('no option "nodelay"'));
  expect(() => tcp({ nodelay: true } as never)).toThrow(refused("noDelay"));
  expect(() => unix({ ["__proto__x"]: 1 } as never)).toThrow(refused("__proto__x"));
});

test("options that are undefined count as left out", () => {
  expect(() => unix({ reclaim: undefined, backlog: undefined } as never)).not.toThrow();
});

test("defaults cannot be changed", () => {
  for (const each of [defaults, ...Object.values(defaults)])
    expect(Object.isFrozen(each)).toBe(true);
});

test("what a program passes is not changed", () => {
  const options = Object.freeze({ noDelay: false });
  tcp(options);
  tls(options);
  expect(options).toEqual({ noDelay: false });
});
