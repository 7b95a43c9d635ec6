// Clients and servers of node-ipc's dialect beside those of the myelin wire, over bytes of our own.
import { once } from "node:events";
import { createServer, connect as dial } from "node:net";
import { connect, serve } from "myelin";
import { describe, expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { both, frame, Legacy, longSilence, serveBoth, sockets } from "./legacy-program.ts";
import { freshAddress, keep } from "./pairing.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const quickly = { minMs: 1, maxMs: 5 };

describe("a server that accepts both", () => {
  test("has peers of both, with events both ways, rooms and broadcasts", async () => {
    const { server } = await serveBoth();
    const heard: unknown[] = [];
    server.on("hello", (data, { peer }) => {
      heard.push([peer.dialect, data]);
      peer.join("hall");
      peer.send("welcome", { to: peer.dialect });
    });
    const legacy = await Legacy.dial(server.address);
    const client = keep(await connect(server.address));
    const news: unknown[] = [];
    client.on("news", (data) => void news.push(data));
    const welcomed = new Promise((resolve) => client.on("welcome", resolve, { once: true }));
    legacy.say("hello", { from: "old" });
    client.send("hello", { from: "new" });
    await legacy.heard("welcome", { to: "node-ipc" });
    expect(await within("the other", welcomed)).toEqual({ to: "myelin" });
    expect(heard).toHaveLength(2);
    expect(heard).toContainEqual(["node-ipc", { from: "old" }]);
    expect(server.broadcast("news", "for all", { to: "hall" })).toMatchObject({ accepted: 2 });
    await legacy.heard("news", "for all");
    await until("the other hears it", () => news.length === 1);
    legacy.socket.end();
    await until("it is gone", () => server.peers.size === 1);
  });

  test("hears a client that speaks byte by byte, of either kind", async () => {
    const { server } = await serveBoth();
    const heard: unknown[] = [];
    server.on("x", (data) => void heard.push(data));
    const legacy = await Legacy.dial(server.address);
    for (const byte of Buffer.from(frame("x", "ünï"))) {
      legacy.socket.write(Uint8Array.of(byte));
      await turns(1);
    }
    await until("it is heard", () => heard.length === 1);
    expect(heard).toEqual(["ünï"]);
  });

  // One of the myelin wire says nothing before its welcome; this one may have said it before it is let in.
  test("hands what came with a client to a listener that is attached after an await (finding 7)", async () => {
    const { server } = await serveBoth();
    const early = new Promise((resolve) => {
      server.onPeer(async (peer) => {
        // Looks something up, which takes some turns of the queue of promises.
        for (let n = 0; n < 10; n++) await Promise.resolve();
        peer.on("early", resolve);
      });
    });
    const legacy = await Legacy.dial(server.address);
    legacy.say("early", 1);
    expect(await within("what came first", early)).toBe(1);
  });

  test("takes one that is silent for one that only listens", async () => {
    const { server } = await serveBoth({ sniffMs: 20 });
    const legacy = await Legacy.dial(server.address);
    await until("it is let in", () => server.peers.size === 1);
    server.broadcast("news", 1);
    await legacy.heard("news", 1);
    const heard = new Promise((resolve) => server.on("late", resolve, { once: true }));
    legacy.say("late", 2);
    expect(await within("what it says later", heard)).toBe(2);
    expect(server.peers.size).toBe(1);
  });

  test("lets one that was silent be of the myelin wire still", async () => {
    const { server } = await serveBoth({ sniffMs: 20 });
    const late = createServer((from) => {
      // The way to the server is slow at first.
      const to = dial(server.address.replace("unix:", ""));
      sockets.push(from, to);
      to.on("data", (bytes) => from.write(bytes)).on("error", () => {});
      from.on("error", () => {});
      void until("it is taken for another", () => server.peers.size === 1).then(() => {
        from.on("data", (bytes) => to.write(bytes));
      });
    });
    const address = freshAddress();
    await once(late.listen(address.replace("unix:", "")), "listening");
    server.handle("ping", () => "pong");
    const client = keep(await connect(address));
    expect(await client.call("ping")).toBe("pong");
    expect([...server.peers.values()].map(({ dialect }) => dialect)).toEqual(["myelin"]);
    late.close();
  });

  test.each([
    ["HTTP", "GET / HTTP/1.1\r\n\r\n"],
    ["TLS", Uint8Array.of(0x16, 3, 1, 0, 0)],
    ["a blank before the brace", ' {"type":"x"}\f'],
    ["a byte order mark", Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b)],
    ["half a preface and then something else", Uint8Array.of(0x89, 0x4d, 0x59, 0x7b)],
  ])("cuts %s, and nobody else", async (_, bytes) => {
    const { server } = await serveBoth();
    const other = keep(await connect(server.address));
    const stranger = await Legacy.dial(server.address);
    stranger.socket.write(bytes);
    await stranger.closed();
    expect(stranger.text).toBe("");
    expect(server.stats()).toMatchObject({ refused: 1, peers: 1 });
    expect(other.state).toBe("open");
  });

  test.each([
    ["no JSON", "{nonsense}\f", "ERR_BAD_FRAME"],
    ["no name", '{"data":1}\f', "ERR_PROTOCOL"],
    ["a name that is none", '{"type":null}\f', "ERR_PROTOCOL"],
    ["a name without end", frame("x".repeat(300), 1), "ERR_TOO_LARGE"],
    ["a message without end", `{"type":"x","data":"${"y".repeat(2_000)}`, "ERR_TOO_LARGE"],
  ])("cuts one that says %s, with a code", async (_, text, code) => {
    const { server } = await serveBoth({ limits: { maxMessageBytes: 1_024 } });
    const heard: unknown[] = [];
    server.on("fine", (data) => void heard.push(data));
    const closed = new Promise((resolve) => {
      server.onPeer((peer) => void peer.closed.then(resolve));
    });
    const legacy = await Legacy.dial(server.address);
    legacy.say("fine", 1);
    await until("the first is heard", () => heard.length === 1);
    legacy.socket.write(text);
    expect(await within("the end", closed)).toMatchObject({ by: "failure", error: coded(code) });
    await legacy.closed();
    expect(heard).toEqual([1]);
  });

  test("fires nothing of its own for names from the wire, and counts what nobody hears", async () => {
    const { server, notices } = await serveBoth();
    const legacy = await Legacy.dial(server.address);
    for (const name of ["connect", "disconnect", "close", "state", "__proto__", "constructor"]) {
      legacy.say(name, 1);
    }
    await until("all have come", () => server.stats().unhandled === 6);
    expect(notices.map((notice) => notice.kind)).toEqual(Array(6).fill("unhandled"));
    expect(server.stats()).toMatchObject({ peers: 1, received: { messages: 6 } });
  });

  test("refuses keys that change what objects inherit, where it is told to", async () => {
    const { server } = await serveBoth({ rejectProtoKeys: true });
    const good = await Legacy.dial(server.address);
    const bad = await Legacy.dial(server.address);
    good.say("x", { proto: 1 });
    bad.socket.write('{"type":"x","data":{"in":[{"__pro\\u0074o__":1}]}}\f');
    await bad.closed();
    await until("the other one stays", () => server.stats().received.messages === 1);
    expect(good.isClosed).toBe(false);
    expect(server.stats().peers).toBe(1);
  });

  test("has events only: calls and streams say so at once", async () => {
    const { server } = await serveBoth();
    const legacy = await Legacy.dial(server.address);
    legacy.say("x", 1);
    await until("it is in", () => server.peers.size === 1);
    const [peer] = [...server.peers.values()];
    if (peer === undefined) throw new Error("nobody came in");
    const unsupported = coded("ERR_UNSUPPORTED", { ran: "no" });
    await expect(peer.call("x")).rejects.toEqual(unsupported);
    await expect(peer.upload("x", [1])).rejects.toEqual(unsupported);
    await expect(peer.stream("x")[Symbol.asyncIterator]().next()).rejects.toEqual(unsupported);
    expect(() => peer.send("x", new Uint8Array(3))).toThrow(coded("ERR_NOT_SERIALIZABLE"));
    const { answers, failures } = await server.ask("x");
    expect({ answers, failures }).toEqual({
      answers: [],
      failures: [{ peer, error: unsupported }],
    });
  });

  test("bounds what asynchronous listeners have not finished", async () => {
    const { server } = await serveBoth({ limits: { windowMessages: 10 } });
    let started = 0;
    const open: (() => void)[] = [];
    server.on("x", () => {
      started += 1;
      return new Promise<void>((resolve) => open.push(resolve));
    });
    const legacy = await Legacy.dial(server.address);
    const data = "y".repeat(60_000);
    for (let n = 0; n < 100; n++) legacy.say("x", data);
    await until("some are at work", () => started >= 10);
    await turns(20);
    // A piece of the stream may bring one or two more.
    expect(started).toBeLessThan(20);
    expect(server.stats().activeHandlers).toBe(started);
    await until("all are done", () => {
      for (const finish of open.splice(0)) finish();
      return started === 100;
    });
  });

  test.each(["wait", "drop-oldest", "drop-newest", "disconnect"] as const)(
    "bounds what waits for one that does not read: %s",
    async (slowPeer) => {
      const limits = { maxQueuedBytes: 300_000, highWaterMarkBytes: 100_000 };
      const { server, notices } = await serveBoth({ slowPeer, limits });
      const legacy = await Legacy.dial(server.address);
      legacy.say("x", 1);
      await until("it is in", () => server.peers.size === 1);
      const [peer] = [...server.peers.values()];
      if (peer === undefined) throw new Error("nobody came in");
      legacy.socket.pause();
      const pad = "y".repeat(1_000);
      let refused: unknown;
      let n = 0;
      for (; n < 3_000 && refused === undefined; n++) {
        try {
          peer.send("news", { n, pad });
        } catch (error) {
          refused = error;
        }
        if (n % 100 === 0) await turns(1);
      }
      expect(peer.stats().pendingBytes).toBeLessThan(600_000);
      if (slowPeer === "wait") {
        expect(refused).toEqual(coded("ERR_QUEUE_FULL"));
        const posted = peer.post("news", "posted");
        legacy.socket.resume();
        await within("there is room", posted);
        await legacy.heard("news", "posted");
        await within("it is flushed", peer.flush());
      } else if (slowPeer === "disconnect") {
        expect(refused).toEqual(coded("ERR_SLOW_PEER"));
        expect(server.peers.size).toBe(0);
      } else {
        await turns();
        expect(n).toBe(3_000);
        expect(peer.stats().dropped).toBeGreaterThan(1_000);
        const last = notices.at(-1);
        if (last?.kind !== "dropped") throw new Error("nobody was told");
        expect(last.reason).toBe("slow-peer");
        expect(last.bytes / last.events).toBeGreaterThan(pad.length);
        expect(last.bytes / last.events).toBeLessThan(pad.length + 200);
        legacy.socket.resume();
        await within("it is flushed", peer.flush());
      }
    },
  );

  test("parts in order: what was sent arrives", async () => {
    const { server } = await serveBoth();
    const legacy = await Legacy.dial(server.address);
    legacy.say("x", 1);
    await until("it is in", () => server.peers.size === 1);
    for (let n = 0; n < 5_000; n++) server.broadcast("news", { n });
    const closing = server.close();
    await legacy.closed();
    await within("it is closed", closing);
    expect(legacy.text.endsWith(frame("news", { n: 4_999 }))).toBe(true);
    expect(legacy.text.split("\f")).toHaveLength(5_001);
  });
});

describe("who may come in", () => {
  test("is asked of authorize.legacy, and a no is the default", async () => {
    const asked: unknown[] = [];
    let answer: unknown = false;
    const { server } = await serveBoth({
      authorize: {
        myelin: () => true,
        legacy: (applicant) => {
          asked.push(applicant.dialect);
          if (answer === "throw") throw new Error("no");
          return answer as boolean;
        },
      },
    });
    const heard: unknown[] = [];
    server.on("x", (data) => void heard.push(data));
    for (const each of [false, "throw", "yes"]) {
      answer = each;
      const stranger = await Legacy.dial(server.address);
      stranger.say("x", each);
      await stranger.closed();
    }
    answer = true;
    (await Legacy.dial(server.address)).say("x", "in");
    await until("it is heard", () => heard.length > 0);
    expect(heard).toEqual(["in"]);
    expect(asked).toEqual(Array(4).fill("node-ipc"));
    keep(await connect(server.address));
    expect(server.stats()).toMatchObject({ refused: 3, peers: 2 });
  });

  test("holds within the limits of handshakes and of peers", async () => {
    const { server } = await serveBoth({
      limits: { maxPeers: 1, maxPendingHandshakes: 2 },
      sniffMs: longSilence,
    });
    const [first, second] = [await Legacy.dial(server.address), await Legacy.dial(server.address)];
    // It makes room for the third, having been silent longest.
    const third = await Legacy.dial(server.address);
    await first.closed();
    third.say("x", 1);
    await until("one is in", () => server.peers.size === 1);
    second?.say("x", 1);
    await second?.closed();
    expect(server.stats()).toMatchObject({ refused: 2, peers: 1 });
  });

  test.each([
    [{ ...both, secret: "sixteen bytes and more" }, "know no secret"],
    [{ ...both, authorize: () => true }, "pass by authorize"],
    [{ ...both, delimiter: "}" }, "delimiter"],
    [{ accept: [] }, "accept"],
    [{ accept: ["mqtt"] }, "accept"],
    [{ sniffMs: 5 }, "sniffMs"],
    [{ delimiter: "\n" }, "delimiter"],
    [{ authorize: { legacy: () => true } }, "authorize.legacy"],
  ])("and %o is a mistake", async (options, message) => {
    await expect(serve(freshAddress(), options as never)).rejects.toMatchObject({
      code: "ERR_CONFIG",
      message: expect.stringContaining(message),
    });
  });
});

describe("a server of node-ipc's clients only", () => {
  test("needs no silence, and turns others away", async () => {
    const server = keep(
      await serve(freshAddress(), { accept: ["node-ipc"], delimiter: "\n", sniffMs: longSilence }),
    );
    const legacy = await Legacy.dial(server.address);
    await until("it is in", () => server.peers.size === 1);
    server.broadcast("x", "line\nbreak");
    await until("it is heard", () => legacy.text.endsWith("\n"));
    expect(legacy.text).toBe('{"type":"x","data":"line\\nbreak"}\n');
    await expect(connect(server.address, { retry: false })).rejects.toMatchObject({
      name: "MyelinError",
    });
  });
});

describe("a client of a server of node-ipc", () => {
  async function legacyServer(address: string) {
    const clients: Legacy[] = [];
    const server = createServer((socket) => void clients.push(new Legacy(socket)));
    await once(server.listen(address.replace("unix:", "")), "listening");
    const close = async () => {
      for (const { socket } of clients) socket.destroy();
      server.close();
      await once(server, "close");
    };
    return { clients, close };
  }

  test("sends and hears events, and is welcome when it is connected", async () => {
    const address = freshAddress();
    const { clients, close } = await legacyServer(address);
    const client = keep(await connect(address, { dialect: "node-ipc" }));
    expect(client).toMatchObject({ dialect: "node-ipc", state: "open" });
    expect(client.id).not.toBe("");
    client.send("hello", { n: 1 });
    client.send("nothing");
    await until("it is heard", () => clients[0]?.text.endsWith("{}}\f") === true);
    expect(clients[0]?.text).toBe(`${frame("hello", { n: 1 })}${frame("nothing", {})}`);
    const heard = new Promise((resolve) => client.on("answer", resolve));
    clients[0]?.say("answer", [1, 2]);
    expect(await within("the answer", heard)).toEqual([1, 2]);
    await client.flush();
    await expect(client.call("x")).rejects.toEqual(coded("ERR_UNSUPPORTED", { ran: "no" }));
    await client.close();
    await clients[0]?.closed();
    await close();
  });

  test("comes back, and what it sent meanwhile arrives once, in order", async () => {
    const address = freshAddress();
    const client = keep(
      await connect(address, { dialect: "node-ipc", lazy: true, retry: quickly }),
    );
    for (let n = 0; n < 100; n++) client.send("x", n);
    const first = await legacyServer(address);
    await within("all are taken", client.flush());
    await until("all arrive", () => first.clients[0]?.text.split("\f").length === 101);
    await first.close();
    await until("it is known", () => client.state === "connecting");
    for (let n = 100; n < 200; n++) client.send("x", n);
    const second = await legacyServer(address);
    await within("all are taken", client.flush());
    await until("all arrive", () => second.clients[0]?.text.split("\f").length === 101);
    expect(second.clients[0]?.text.startsWith(frame("x", 100))).toBe(true);
    await client.close();
    await second.close();
  });

  test.each([
    { secret: "sixteen bytes and more" },
    { meta: {} },
    { resume: { windowMs: 5 } },
    { heartbeat: {} },
    { delimiter: "" },
  ])("takes no %o", async (options) => {
    const connecting = connect(freshAddress(), { dialect: "node-ipc", lazy: true, ...options });
    await expect(connecting).rejects.toEqual(coded("ERR_CONFIG"));
  });
});
