// How clients over UDP come in, stay known, and find out that they are known no more.
import { connect, type Notice, serve, udp } from "myelin";
import { describe, expect, test } from "vitest";
import { freePort } from "../../../../test/support/free-port.ts";
import { turns, until, within } from "../../../../test/support/within.ts";
import type { Datagram } from "../../src/session/datagrams/datagrams.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { keep } from "./pairing.ts";
import { RawClient, RawServer } from "./udp-raw.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const quickly = { minMs: 1, maxMs: 5 };

describe("on the way in", () => {
  test("the hello is repeated until there is an answer", async () => {
    const server = await RawServer.start((datagram, { heard, welcome }) => {
      if (heard.length === 3) welcome.call(server, datagram);
    });
    const client = keep(await connect(server.address));
    expect(client.state).toBe("open");
    expect(server.heard.slice(0, 3).map((each) => each.kind)).toEqual(["hello", "hello", "hello"]);
  });

  test("the cookie is brought back", async () => {
    const cookie = Buffer.alloc(24, 7);
    const server = await RawServer.start((datagram, it) => {
      if (datagram.kind !== "hello") return;
      if (datagram.cookie === undefined)
        it.say({ kind: "challenge", nonce: datagram.nonce, cookie });
      else if (datagram.cookie.equals(cookie)) it.welcome(datagram);
    });
    const client = keep(await connect(server.address));
    expect(client.state).toBe("open");
    expect(server.count("hello")).toBe(2);
  });

  test("challenges without end are not answered without end", async () => {
    const clock = new VirtualClock();
    let n = 0;
    const server = await RawServer.start((datagram, it) => {
      if (datagram.kind !== "hello") return;
      // Twice each: the second tells nothing new.
      n += 1;
      const cookie = Buffer.alloc(24, n);
      it.say({ kind: "challenge", nonce: datagram.nonce, cookie });
      it.say({ kind: "challenge", nonce: datagram.nonce, cookie });
    });
    const attempt = connect(server.address, { clock, retry: false });
    attempt.catch(() => {});
    const hellos = (count: number) =>
      until(`${count} hellos`, () => server.count("hello") >= count);
    await hellos(4);
    await turns(50);
    expect(server.count("hello")).toBe(4);
    // The newest cookie is shown with the next repetition.
    await clock.advanceAsync(1_000);
    await hellos(5);
    expect(server.heard[4]).toMatchObject({ cookie: Buffer.alloc(24, 4) });
    await clock.advanceAsync(10_000);
    await expect(attempt).rejects.toEqual(coded("ERR_TIMEOUT"));
    expect(server.count("hello")).toBeLessThan(25);
  });

  test("only answers to this client's own hello count", async () => {
    const nonce = Buffer.from("not this");
    const server = await RawServer.start((datagram, it) => {
      if (datagram.kind !== "hello") return;
      const refuse = { kind: "refuse", reason: 1, lowest: 9, highest: 9, retryAfterMs: 0 } as const;
      it.say({ ...refuse, nonce });
      it.welcome({ ...datagram, nonce });
      it.say({ kind: "challenge", nonce, cookie: Buffer.alloc(24) });
      it.bytes(Buffer.from("garbage"));
      it.welcome(datagram);
    });
    keep(await connect(server.address));
    expect(server.count("hello")).toBe(1);
  });

  test("nobody answers: connect() gives up in time", async () => {
    const port = await freePort("udp4");
    const attempt = connect(`udp://127.0.0.1:${port}`, { timeoutMs: 250 });
    await expect(attempt).rejects.toEqual(coded("ERR_TIMEOUT"));
  });

  test("a server of another version is not asked again", async () => {
    const server = await RawServer.start((datagram, it) => {
      if (datagram.kind !== "hello") return;
      const versions = { lowest: 2, highest: 3 };
      it.say({ kind: "refuse", nonce: datagram.nonce, reason: 1, retryAfterMs: 0, ...versions });
    });
    await expect(connect(server.address)).rejects.toEqual(
      coded("ERR_VERSION", { message: expect.stringContaining("2 to 3") as string }),
    );
  });

  test("a server that is full says so", async () => {
    const server = keep(await serve("udp://127.0.0.1:0", { limits: { maxPeers: 1 } }));
    keep(await connect(server.address));
    const attempt = connect(server.address, { retry: false });
    await expect(attempt).rejects.toEqual(coded("ERR_BUSY"));
    expect(server.stats()).toMatchObject({ peers: 1, refused: 1 });
  });
});

describe("what waits for slow listeners when the conversation ends", () => {
  async function waiting() {
    const limits = { windowMessages: 2 };
    const server = keep(await serve("udp://127.0.0.1:0", { limits }));
    const heard: unknown[] = [];
    let finish = (): void => {};
    const slow = new Promise<void>((resolve) => {
      finish = resolve;
    });
    server.on("n", (data) => {
      heard.push(data);
      return slow;
    });
    const notices: Notice[] = [];
    server.onNotice((notice) => void notices.push(notice));
    const client = keep(await connect(server.address));
    const peer = server.peers.get(client.id) ?? expect.fail();
    for (let n = 0; n < 10; n += 1) {
      client.send("n", n);
      await client.flush();
    }
    return { client, finish, heard, notices, peer, server };
  }

  test("is handed on after a goodbye of the other side", async () => {
    const { client, finish, heard, peer, server } = await waiting();
    await client.close();
    await within("the end", peer.closed);
    expect(heard).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(server.stats()).toMatchObject({ received: { messages: 10 }, dropped: 0 });
    finish();
  });

  test("is handed on when this side says goodbye", async () => {
    const { finish, heard, peer } = await waiting();
    await until("the first to be at work", () => heard.length === 2);
    await turns();
    await peer.close();
    expect(heard).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    finish();
  });

  test("is counted and told as dropped when it ends without a goodbye", async () => {
    const { finish, heard, notices, server } = await waiting();
    const raw = await RawClient.of(server.address);
    const { peer, token } = await raw.enter();
    const { closed } = server.peers.get(peer.toString("base64url")) ?? expect.fail();
    heard.length = 0;
    for (let number = 1; number < 12; number += 1) raw.events(token, number, "n");
    raw.hello({ nonce: Buffer.from("76543210") });
    const { cookie } = await raw.hears("challenge", 2);
    // It begins anew: what it was is over, and never said goodbye.
    raw.hello({ nonce: Buffer.from("76543210"), cookie });
    expect(await within("the end", closed)).toMatchObject({ by: "failure" });
    await until("the notice", () => notices.length > 0);
    expect(heard).toHaveLength(2);
    expect(server.stats()).toMatchObject({ dropped: 9 });
    expect(notices).toContainEqual(
      expect.objectContaining({ kind: "dropped", events: 9, reason: "slow-handlers" }),
    );
    finish();
  });
});

describe("afterwards", () => {
  test("an idle client says that it is there, before it would be forgotten", async () => {
    const server = await RawServer.start((datagram, it) => {
      it.welcome(datagram, 60);
      if (datagram.kind === "ping") it.say({ ...datagram, kind: "pong" });
    });
    const client = keep(await connect(server.address));
    await until("several questions", () => server.count("ping") >= 5);
    expect(client.state).toBe("open");
    expect(client.stats().roundTripMs).toBeGreaterThanOrEqual(0);
  });

  test("a welcome cannot make a client ask all the time", async () => {
    const clock = new VirtualClock();
    const server = await RawServer.start((datagram, it) => {
      it.welcome(datagram, 1);
      if (datagram.kind === "ping") it.say({ ...datagram, kind: "pong" });
    });
    const client = keep(await connect(server.address, { clock }));
    await until("the first", () => server.count("ping") === 1);
    const before = server.count("ping");
    for (let ms = 0; ms < 2_000; ms += 10) await clock.advanceAsync(10);
    await until("the questions", () => server.count("ping") >= before + 15);
    await turns(10);
    expect(server.count("ping")).toBeLessThanOrEqual(before + 20);
    expect(client.state).toBe("open");
  });

  test("both ends measure the round trip when they have met, unless they are to keep silent", async () => {
    const server = keep(await serve("udp://127.0.0.1:0"));
    const client = keep(await connect(server.address));
    const peer = server.peers.get(client.id) ?? expect.fail();
    const measured = () => [client.stats().roundTripMs, peer.stats().roundTripMs];
    await until("both answers", () => !measured().includes(undefined));
    for (const each of measured()) expect(each).toBeLessThan(15_000);
    const silent = await RawServer.start((datagram, it) => it.welcome(datagram));
    keep(await connect(silent.address, { heartbeat: false })).send("x");
    await until("the event", () => silent.count("events") === 1);
    expect(silent.count("ping")).toBe(0);
  });

  test("an answer to a heartbeat is measured", async () => {
    const stamps: number[] = [];
    const server = await RawServer.start((datagram, it) => {
      it.welcome(datagram);
      if (datagram.kind === "ping" && stamps.push(datagram.stamp) > 1) {
        it.say({ ...datagram, kind: "pong" });
      }
    });
    const client = keep(await connect(server.address, { heartbeat: { intervalMs: 5 } }));
    await until("an answer", () => client.stats().roundTripMs !== undefined);
    expect(stamps.length).toBeGreaterThan(1);
  });

  test("a server that is silent, however often it is asked, is gone", async () => {
    const server = await RawServer.start((datagram, it) => it.welcome(datagram));
    const heartbeat = { intervalMs: 5 };
    const client = keep(await connect(server.address, { heartbeat, retry: false }));
    expect(await within("the end", client.closed)).toMatchObject({
      by: "failure",
      error: { code: "ERR_CONNECTION_LOST" },
    });
    expect(server.count("ping")).toBeGreaterThanOrEqual(3);
  });

  test("a server that was started anew is greeted anew", async () => {
    const old = await RawServer.start((datagram, it) => it.welcome(datagram));
    const client = keep(await connect(old.address, { retry: quickly }));
    const before = client.id;
    await old.vanish();
    const server = keep(await serve(old.address));
    const heard: unknown[] = [];
    server.on("x", (data) => void heard.push(data));
    client.send("x", "lost: nobody knows the client yet");
    await until("the client is known", () => server.peers.size === 1 && client.state === "open");
    expect(client.id).not.toBe(before);
    client.send("x", "heard");
    await until("it is heard", () => heard.length > 0);
    expect(heard).toEqual(["heard"]);
  });

  test("a client that was silent for too long is forgotten, and comes back when it speaks", async () => {
    const server = keep(await serve("udp://127.0.0.1:0", { udp: { peerIdleMs: 30 } }));
    const client = keep(await connect(server.address, { heartbeat: false, retry: quickly }));
    const peer = server.peers.get(client.id) ?? expect.fail();
    expect(await within("the end", peer.closed)).toMatchObject({
      by: "failure",
      error: { code: "ERR_TIMEOUT" },
    });
    const states: string[] = [];
    client.onState((state) => void states.push(state));
    client.send("x");
    await until("it is back", () => states.join() === "connecting,open");
  });

  test.each([
    { udp: { peerIdleMs: 4_000 } },
    { transports: [udp({ peerIdleMs: 4_000 })] },
    { transports: [udp({ peerIdleMs: 4_000 })], udp: { peerIdleMs: 90_000 } },
  ])("how long a silent client is remembered is what it was told", async (options) => {
    const clock = new VirtualClock();
    const server = keep(await serve("udp://127.0.0.1:0", { ...options, clock }));
    const client = await RawClient.of(server.address);
    const { idleMs, peer } = await client.enter();
    expect(idleMs).toBe(4_000);
    const { closed } = server.peers.get(peer.toString("base64url")) ?? expect.fail();
    await clock.advanceAsync(3_900);
    expect(server.peers.size).toBe(1);
    await clock.advanceAsync(2_100);
    expect(await within("the end", closed)).toMatchObject({ error: { code: "ERR_TIMEOUT" } });
  });

  test("the client longest unheard makes room for one more", async () => {
    const server = keep(await serve("udp://127.0.0.1:0", { udp: { maxPeers: 1 } }));
    const first = keep(await connect(server.address, { heartbeat: false, retry: quickly }));
    const peer = server.peers.get(first.id) ?? expect.fail();
    const second = keep(await connect(server.address, { heartbeat: false }));
    expect(await peer.closed).toMatchObject({ error: { code: "ERR_CONNECTION_LOST" } });
    expect([...server.peers.keys()]).toEqual([second.id]);
  });

  test("only who has the token tells a client that it is forgotten, or goodbye", async () => {
    const token = Buffer.from("no token");
    const received: unknown[] = [];
    const server = await RawServer.start((datagram: Datagram, it) => {
      it.welcome(datagram);
      if (datagram.kind !== "events") return;
      it.say({ kind: "unknown", token });
      it.say({ kind: "goodbye", token, retry: "never" });
      it.bytes(Buffer.concat([Buffer.of(0x89, 1, 0x10), it.token, Buffer.of(1, 1, 97, 0, 0)]));
    });
    const client = keep(await connect(server.address));
    client.on("a", () => void received.push(client.state));
    client.send("x");
    await until("the event behind them", () => received.length === 1);
    expect(received).toEqual(["open"]);
  });
});
