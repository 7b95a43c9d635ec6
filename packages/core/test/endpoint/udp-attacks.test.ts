// Strangers at a server's UDP port: sources that are forged, cookies that are somebody else's, garbage.
import { connect, type HandshakeFailed, type ServeOptions, serve, udp } from "myelin";
import { describe, expect, test } from "vitest";
import { hearChannel } from "../../../../test/support/hear-channel.ts";
import { turns, until } from "../../../../test/support/within.ts";
import { systemClock } from "../../src/clock.ts";
import { datagramBytes } from "../../src/session/datagrams/datagrams.ts";
import { keep } from "./pairing.ts";
import { RawClient } from "./udp-raw.ts";

async function serving(options: ServeOptions = {}) {
  const server = keep(await serve("udp://127.0.0.1:0", options));
  const heard: string[] = [];
  for (const name of ["a", "b", "c"]) server.on(name, () => void heard.push(name));
  const raw = () => RawClient.of(server.address);
  return { server, heard, raw };
}

const other = Buffer.from("76543210");

describe("a source that has not proven itself", () => {
  test("gets a challenge that is shorter than its hello, and is nobody", async () => {
    const { raw, server } = await serving();
    const stranger = await raw();
    const asked = 20;
    for (let n = 0; n < asked; n += 1) stranger.hello();
    await stranger.hears("challenge", asked);
    expect(stranger.heardBytes).toBeLessThan(stranger.sentBytes);
    expect(server.stats()).toMatchObject({ peers: 0, refused: 0 });
    expect(server.broadcast("a")).toEqual({ accepted: 0, dropped: 0, refused: 0 });
  });

  test("is told that nobody knows it, in no more bytes than it sent", async () => {
    const { heard, raw } = await serving();
    const stranger = await raw();
    stranger.events(other, 1, "a");
    stranger.say(datagramBytes({ kind: "ping", token: other, stamp: 1 }));
    expect(await stranger.hears("unknown", 2)).toMatchObject({ token: other });
    expect(heard).toEqual([]);
    expect(stranger.heardBytes).toBeLessThan(stranger.sentBytes);
  });

  test("hears nothing to garbage, and to what servers say", async () => {
    const { raw } = await serving();
    const stranger = await raw();
    const token = other;
    for (let length = 0; length < 200; length += 1) stranger.say(Buffer.alloc(length, length));
    stranger.say(datagramBytes({ kind: "unknown", token }));
    stranger.say(datagramBytes({ kind: "goodbye", token, retry: "now" }));
    stranger.say(datagramBytes({ kind: "pong", token, stamp: 1 }));
    stranger.say(datagramBytes({ kind: "challenge", nonce: other, cookie: Buffer.alloc(24) }));
    stranger.say(Buffer.from('{"type":"x","data":{}}\f'));
    // Answered last, for datagrams of one source stay in order here.
    stranger.hello();
    await stranger.hears("challenge");
    expect(stranger.heard).toHaveLength(1);
  });

  test("cannot use the cookie of another, an old one, or one for another nonce", async () => {
    let offsetMs = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + offsetMs };
    const { raw, server } = await serving({ clock });
    const [owner, thief] = [await raw(), await raw()];
    owner.hello();
    const { cookie } = await owner.hears("challenge");
    thief.hello({ cookie });
    await thief.hears("challenge");
    owner.hello({ cookie, nonce: other });
    await owner.hears("challenge", 2);
    offsetMs = 12_000;
    owner.hello({ cookie });
    await owner.hears("challenge", 3);
    expect([...owner.all("welcome"), ...thief.all("welcome")]).toEqual([]);
    expect(server.peers.size).toBe(0);
  });

  test("pushes nobody out: a flood of sources costs the peers nothing", async () => {
    const { heard, raw, server } = await serving({ udp: { maxPeers: 2 } });
    const client = keep(await connect(server.address));
    const strangers = await Promise.all(Array.from({ length: 50 }, raw));
    for (const stranger of strangers) {
      stranger.hello();
      stranger.events(other, 1, "a");
      stranger.say(Buffer.alloc(100, 1));
    }
    await Promise.all(strangers.map((each) => each.hears("challenge")));
    client.send("b");
    await until("the client to be heard", () => heard.length === 1);
    expect([client.state, [...server.peers.keys()]]).toEqual(["open", [client.id]]);
  });
});

describe("a client", () => {
  test("is welcomed again when the welcome was lost, and stays one peer", async () => {
    const { raw, server } = await serving();
    const client = await raw();
    const { cookie } = (client.hello(), await client.hears("challenge"));
    client.hello({ cookie });
    const { peer, token } = await client.hears("welcome");
    client.hello({ cookie });
    expect(await client.hears("welcome", 2)).toMatchObject({ peer, token });
    expect(server.peers.size).toBe(1);
    expect(client.heardBytes).toBeLessThan(client.sentBytes);
  });

  test("is heard once, however often its datagrams come, and in any order", async () => {
    const { heard, raw } = await serving();
    const client = await raw();
    const { token } = await client.enter();
    client.events(token, 2, "b");
    client.events(token, 1, "a");
    client.events(token, 2, "b");
    client.events(token, 1, "a");
    client.events(token, 3, "c", "c");
    await until("the last", () => heard.includes("c"));
    expect(heard).toEqual(["b", "a", "c", "c"]);
  });

  test("is not spoken for by those who write its address but not its token", async () => {
    const { heard, raw, server } = await serving();
    const client = await raw();
    const { token } = await client.enter();
    client.events(other, 1, "a");
    client.say(datagramBytes({ kind: "goodbye", token: other, retry: "now" }));
    client.say(datagramBytes({ kind: "unknown", token }));
    client.say(Buffer.from("garbage"));
    client.events(token, 1, "b");
    await until("what it says itself", () => heard.length === 1);
    expect([heard, server.peers.size]).toEqual([["b"], 1]);
  });

  test("makes room for another that begins at the same address, which proves itself", async () => {
    const { raw, server } = await serving();
    const client = await raw();
    const first = await client.enter();
    const peer = server.peers.get(first.peer.toString("base64url")) ?? expect.fail();
    client.hello({ nonce: other });
    const { cookie } = await client.hears("challenge", 2);
    expect(peer.state).toBe("open");
    client.hello({ nonce: other, cookie });
    expect(await peer.closed).toMatchObject({ error: { code: "ERR_CONNECTION_LOST" } });
    client.hello({ nonce: other, cookie });
    await client.hears("welcome", 2);
    expect([...server.peers.keys()]).toHaveLength(1);
  });

  test("that begins anew at its own address finds its place, though the server is full", async () => {
    const { raw, server } = await serving({ limits: { maxPeers: 1 } });
    const client = await raw();
    await client.enter();
    client.hello({ nonce: other });
    const { cookie } = await client.hears("challenge", 2);
    client.hello({ nonce: other, cookie });
    client.hello({ nonce: other, cookie });
    const { peer } = await client.hears("welcome", 2);
    expect(client.all("refuse")).toEqual([]);
    expect([...server.peers.keys()]).toEqual([peer.toString("base64url")]);
    expect(server.stats().refused).toBe(0);
    // Another address still finds none.
    const another = await raw();
    another.hello();
    another.hello({ cookie: (await another.hears("challenge")).cookie });
    expect(await another.hears("refuse")).toMatchObject({ reason: 2 });
  });

  test("of a version that nobody speaks here is told which ones are", async () => {
    const { raw, server } = await serving();
    const client = await raw();
    client.hello({ version: 9 });
    expect(await client.hears("refuse")).toMatchObject({ reason: 1, lowest: 1, highest: 1 });
    expect(server.stats()).toMatchObject({ peers: 0, refused: 1 });
  });

  test("whose datagrams are half wrong is heard on, and those are dropped whole", async () => {
    const { heard, raw } = await serving();
    const client = await raw();
    const { token } = await client.enter();
    const halfWrong = Buffer.concat([Buffer.from("\u0001a\0\0"), Buffer.of(9)]);
    client.say(Buffer.concat([Buffer.of(0x89, 1, 0x10), token, Buffer.of(1), halfWrong]));
    // A codec that nobody has agreed on.
    const unknown = Buffer.from("\u0001a\u0009\0");
    client.say(Buffer.concat([Buffer.of(0x89, 1, 0x10), token, Buffer.of(2), unknown]));
    client.events(token, 3, "b");
    await until("the good one", () => heard.length > 0);
    expect(heard).toEqual(["b"]);
  });
});

test("whoever is turned away is told on the channel of failed handshakes", async () => {
  const failures = hearChannel<HandshakeFailed>("myelin:handshake:failed");
  const server = keep(
    await serve(["memory:beside-turned-away", "udp://127.0.0.1:0"], { limits: { maxPeers: 1 } }),
  );
  const client = await RawClient.of(server.addresses[1] as string);
  client.hello({ version: 9 });
  await client.hears("refuse");
  const remote = `udp://127.0.0.1:${client.port}`;
  const where = { address: "udp://127.0.0.1:0", remote };
  expect(failures).toEqual([{ ...where, error: expect.objectContaining({ code: "ERR_VERSION" }) }]);
  keep(await connect("memory:beside-turned-away"));
  client.hello();
  client.hello({ cookie: (await client.hears("challenge")).cookie });
  await client.hears("refuse", 2);
  expect(failures.slice(1)).toEqual([
    { ...where, error: expect.objectContaining({ code: "ERR_BUSY" }) },
  ]);
  expect(server.stats().refused).toBe(2);
});

test("a transport that does not ask about strangers is no way around the cookie", async () => {
  const { listen, ...rest } = udp();
  const careless = {
    ...rest,
    listen: ((address, onConnection) => listen(address, onConnection)) as typeof listen,
  };
  const { heard, raw, server } = await serving({ transports: [careless] });
  const stranger = await raw();
  stranger.events(other, 1, "a");
  stranger.say(Buffer.from("garbage"));
  stranger.hello();
  await stranger.hears("challenge");
  expect(server.peers.size).toBe(0);
  const client = keep(await connect(server.address));
  client.send("b");
  await until("a proper client", () => heard.length === 1);
  expect(stranger.heardBytes).toBeLessThan(stranger.sentBytes);
  await server.close();
  await turns();
  expect(client.state).not.toBe("open");
});
