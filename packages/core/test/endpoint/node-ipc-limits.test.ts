// What a client of node-ipc's may do, and how much of it, where nobody greets and nobody acknowledges.
import { once } from "node:events";
import { createServer, connect as dial } from "node:net";
import { connect, contract, event, serve } from "myelin";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { turns, until } from "../../../../test/support/within.ts";
import { frame, Legacy, serveBoth, sockets } from "./legacy-program.ts";
import { freshAddress, keep } from "./pairing.ts";

const coded = (code: string) => expect.objectContaining({ code });
/** How a preface begins. */
const magic = Uint8Array.of(0x89);

async function onlyPeer(server: Awaited<ReturnType<typeof serveBoth>>["server"]) {
  await until("it is in", () => server.peers.size === 1);
  const [peer] = [...server.peers.values()];
  if (peer === undefined) throw new Error("nobody came in");
  return peer;
}

describe("the door", () => {
  test("lets no more shake hands at once because they were silent before", async () => {
    const limits = { maxPendingHandshakes: 2 };
    const { server } = await serveBoth({ sniffMs: 1, limits });
    const silent: Legacy[] = [];
    for (let n = 1; n <= 5; n++) {
      silent.push(await Legacy.dial(server.address));
      await until("it is taken for one that listens", () => server.peers.size === n);
    }
    for (const each of silent) each.socket.write(magic);
    await until("three are turned away", () => server.stats().refused === 3);
    expect(server.peers.size).toBe(0);
    // Those who began to speak first make room for the others, and go on being silent.
    for (const each of silent.slice(0, 3)) await each.closed();
    expect(silent.slice(3).map((each) => each.isClosed)).toEqual([false, false]);
  });

  test("lets in no more than there is room for when their answers come late", async () => {
    const answers: (() => void)[] = [];
    const { server } = await serveBoth({
      limits: { maxPeers: 1 },
      authorize: { legacy: () => new Promise((resolve) => answers.push(() => resolve(true))) },
    });
    const both = [await Legacy.dial(server.address), await Legacy.dial(server.address)];
    for (const each of both) each.say("x", 1);
    await until("both have asked", () => answers.length === 2);
    for (const answer of answers) answer();
    await until("one is turned away", () => server.stats().refused === 1);
    expect(server.peers.size).toBe(1);
    await until("it is cut", () => both.filter((each) => each.isClosed).length === 1);
  });

  test("takes a preface that comes byte by byte", async () => {
    const { server } = await serveBoth();
    server.handle("ping", () => "pong");
    const slow = createServer((from) => {
      const to = dial(server.address.replace("unix:", ""));
      sockets.push(from, to);
      to.on("data", (bytes) => from.write(bytes)).on("error", () => {});
      from.on("error", () => {});
      let last = once(to, "connect") as Promise<unknown>;
      from.on("data", (bytes) => {
        for (const byte of bytes) {
          last = last.then(() => {
            to.write(Uint8Array.of(byte));
            return turns(1);
          });
        }
      });
    });
    const address = freshAddress();
    await once(slow.listen(address.replace("unix:", "")), "listening");
    const client = keep(await connect(address));
    expect(await client.call("ping")).toBe("pong");
    expect([...server.peers.values()].map(({ dialect }) => dialect)).toEqual(["myelin"]);
    slow.close();
  });

  test("is not passed by a brace where there is a secret", async () => {
    const secret = "sixteen bytes and more";
    const server = keep(await serve(freshAddress(), { secret }));
    const heard: unknown[] = [];
    server.on("x", (data) => void heard.push(data));
    const stranger = await Legacy.dial(server.address);
    stranger.say("x", 1);
    await stranger.closed();
    expect(heard).toEqual([]);
    expect(server.stats()).toMatchObject({ refused: 1, unhandled: 0 });
    const client = keep(await connect(server.address, { secret }));
    expect(client.state).toBe("open");
  });
});

describe("what comes in", () => {
  test("is handed on as far as the window goes, though it came in one piece", async () => {
    const { server } = await serveBoth({ limits: { windowMessages: 10 } });
    const started: unknown[] = [];
    const open: (() => void)[] = [];
    server.on("x", (data) => {
      started.push(data);
      return new Promise<void>((resolve) => open.push(resolve));
    });
    const legacy = await Legacy.dial(server.address);
    const all = Array.from({ length: 1_000 }, (_, n) => n);
    legacy.socket.write(all.map((n) => frame("x", n)).join(""));
    await until("some are at work", () => started.length >= 10);
    await turns(20);
    expect(started).toHaveLength(10);
    expect(server.stats().activeHandlers).toBe(10);
    let most = 0;
    await until("all are done", () => {
      most = Math.max(most, open.length);
      for (const finish of open.splice(0)) finish();
      return started.length === all.length;
    });
    expect(started).toEqual(all);
    expect(most).toBe(10);
  });

  test("is handed on to the last, though its sender is gone", async () => {
    const { server } = await serveBoth({ limits: { windowMessages: 10 } });
    const started: unknown[] = [];
    server.on("x", (data) => {
      started.push(data);
      return new Promise<void>(() => {});
    });
    const legacy = await Legacy.dial(server.address);
    legacy.socket.write(Array.from({ length: 100 }, (_, n) => frame("x", n)).join(""));
    await until("some are at work", () => started.length === 10);
    const peer = await onlyPeer(server);
    legacy.socket.destroy();
    await legacy.closed();
    // Nobody reads the end of one whose window is full; writing finds out.
    await until("it is noticed", () => {
      if (peer.state === "open") peer.send("y");
      return peer.state === "closed";
    });
    expect(started).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });

  test("is handed on up to what breaks a rule, though handlers are busy", async () => {
    const { server } = await serveBoth({ limits: { windowMessages: 10, maxMessageBytes: 1_024 } });
    const started: unknown[] = [];
    server.on("x", (data) => {
      started.push(data);
      return new Promise<void>(() => {});
    });
    for (const breach of ["{nonsense}\f", "y".repeat(2_000)]) {
      const legacy = await Legacy.dial(server.address);
      const before = Array.from({ length: 20 }, (_, n) => n);
      legacy.socket.write(before.map((n) => frame("x", n)).join("") + breach + frame("x", "after"));
      await until("some are at work", () => started.length >= 10);
      legacy.socket.destroy();
      await until("it is over", () => {
        server.broadcast("y");
        return server.peers.size === 0;
      });
      expect(started.splice(0)).toEqual(before);
    }
  });

  test("keeps the contract, and goes through middleware", async () => {
    const cell = contract({ sum: event({ input: z.object({ n: z.number() }) }) });
    const seen: unknown[] = [];
    const server = keep(
      await serve(freshAddress(), {
        ...{ contract: cell, accept: ["myelin", "node-ipc"] },
        use: [
          ({ name, peer }, next) => {
            seen.push([name, peer.dialect]);
            return next();
          },
        ],
      }),
    );
    const heard: unknown[] = [];
    server.on("sum", (data, { peer }) => void heard.push([peer.dialect, data]));
    const notices: unknown[] = [];
    server.onNotice((notice) => void notices.push(notice));
    const legacy = await Legacy.dial(server.address);
    legacy.say("sum", { n: "no number" });
    legacy.say("sum", { n: 2 });
    await until("the good one is heard", () => heard.length === 1);
    expect(heard).toEqual([["node-ipc", { n: 2 }]]);
    expect(seen).toContainEqual(["sum", "node-ipc"]);
    expect(notices).toEqual([expect.objectContaining({ kind: "invalid", name: "sum" })]);
  });

  test("may be a flood: others are served meanwhile", async () => {
    const { server } = await serveBoth();
    let events = 0;
    server.on("x", () => {
      events += 1;
    });
    server.handle("ping", () => "pong");
    const client = keep(await connect(server.address));
    const legacy = await Legacy.dial(server.address);
    const piece = frame("x", "y".repeat(100)).repeat(500);
    for (let n = 0; n < 100; n++) legacy.socket.write(piece);
    await until("it has begun", () => events > 0);
    expect(await client.call("ping")).toBe("pong");
    expect(events).toBeLessThan(50_000);
    await until("all are heard", () => events === 50_000);
  });
});

describe("what goes out", () => {
  test("is measured in bytes, not in characters", async () => {
    const { server } = await serveBoth({ limits: { maxMessageBytes: 1_024 } });
    const legacy = await Legacy.dial(server.address);
    legacy.say("x", 1);
    const peer = await onlyPeer(server);
    expect(() => peer.send("x", "ü".repeat(600))).toThrow(coded("ERR_TOO_LARGE"));
    expect(peer.send("x", "u".repeat(600))).toBe(true);
  });

  test("is flushed, though more and more follows", async () => {
    const { server } = await serveBoth();
    const legacy = await Legacy.dial(server.address);
    legacy.say("x", 1);
    const peer = await onlyPeer(server);
    const pad = "y".repeat(10_000);
    const ahead = 2_000_000;
    legacy.socket.removeAllListeners("data").resume();
    let isFlushed = false;
    const send = () => {
      while (peer.stats().pendingBytes < ahead) peer.send("news", pad);
    };
    send();
    void peer.flush().then(() => {
      isFlushed = true;
    });
    peer.send("after", 1);
    // Not until it is flushed: that may never be.
    for (let turn = 0; turn < 500; turn++) {
      if (isFlushed) break;
      send();
      await turns(1);
    }
    // Far more has followed by now than waited then.
    expect(isFlushed).toBe(true);
    expect(peer.stats().pendingBytes).toBeGreaterThanOrEqual(ahead / 2);
  });
});
