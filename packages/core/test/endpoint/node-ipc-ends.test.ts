// What becomes of events on node-ipc's wire that were accepted when the other end had ended: nobody acknowledges
// there, and still none is lost without a word.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type ConnectOptions, connect, type MessageSeen, type Notice, tcp } from "myelin";
import { describe, expect, test } from "vitest";
import { hearChannel } from "../../../../test/support/hear-channel.ts";
import { until, within } from "../../../../test/support/within.ts";
import { frame, Legacy, serveBoth, sockets } from "./legacy-program.ts";
import { keep } from "./pairing.ts";

const coded = (code: string) => expect.objectContaining({ code });
const quickly = { minMs: 1, maxMs: 5 };

/** A server of node-ipc that says when it ends its side, and hears what still comes. */
async function halfOpen() {
  const clients: Legacy[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    clients.push(new Legacy(socket));
    socket.on("end", () => socket.end());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  sockets.push({ destroy: () => server.close() } as unknown as Socket);
  return { address: `tcp://127.0.0.1:${port}`, clients };
}

/** A client, and what is done in the moment when it sees the other's first end: before Node ends its side, or after. */
async function client(address: string, options: ConnectOptions = {}) {
  let dialled = 0;
  const seen: { before?: () => void; after?: () => void } = {};
  const real = tcp();
  const spied: typeof real = {
    ...real,
    async dial(...args) {
      const connection = await real.dial(...args);
      dialled += 1;
      if (dialled === 1) {
        connection.socket.prependListener("end", () => seen.before?.());
        connection.socket.on("end", () => seen.after?.());
      }
      return connection;
    },
  };
  const it = keep(
    await connect(address, {
      ...{ dialect: "node-ipc", retry: quickly, transports: [spied], ...options },
    }),
  );
  const notices: Notice[] = [];
  it.onNotice((notice) => void notices.push(notice));
  return { it, notices, seen };
}

describe("events that were sent when the other end had ended", () => {
  test.each(["before", "after"] as const)(
    "go on the next connection, in order: %s Node ends this side",
    async (when) => {
      const { address, clients } = await halfOpen();
      const { it, notices, seen } = await client(address);
      await until("it is there", () => clients.length === 1);
      const sent = hearChannel<MessageSeen>("myelin:message:sent");
      let flushed: Promise<void> | undefined;
      seen[when] = () => {
        for (let n = 0; n < 100; n++) it.send("x", n);
        process.nextTick(() => {
          flushed = it.flush();
        });
      };
      clients[0]?.socket.end();
      await until("it has come back", () => clients.length === 2 && flushed !== undefined);
      await within("all are taken", flushed as Promise<void>);
      const heard = () => clients.map(({ text }) => text).join("");
      await until("all arrive", () => heard().split("\f").length === 101);
      expect(heard()).toBe(Array.from({ length: 100 }, (_, n) => frame("x", n)).join(""));
      // Tools hear of each once, however often it sets out.
      expect(sent.filter(({ peer }) => peer === it)).toHaveLength(100);
      expect(notices).toEqual([]);
    },
  );

  test("are told as not sent where no connection follows, and flush says so", async () => {
    const { address, clients } = await halfOpen();
    const { it, seen } = await client(address, { retry: false });
    await until("it is there", () => clients.length === 1);
    let flushed: Promise<void> | undefined;
    seen.after = () => {
      for (let n = 0; n < 3; n++) it.send("x", n);
      flushed = it.flush();
      flushed.catch(() => {});
    };
    clients[0]?.socket.end();
    const { undelivered } = await within("the end", it.closed);
    await expect(flushed).rejects.toEqual(coded("ERR_UNDELIVERED"));
    expect(undelivered).toEqual({
      unsent: { events: 3, calls: 0 },
      unacknowledged: { events: 0, calls: 0 },
    });
    expect(clients[0]?.text).toBe("");
  });

  test("are told as a gap where they are not kept", async () => {
    const { address, clients } = await halfOpen();
    const { it, notices, seen } = await client(address, { offline: "drop" });
    await until("it is there", () => clients.length === 1);
    seen.after = () => {
      for (let n = 0; n < 3; n++) it.send("x", n);
    };
    clients[0]?.socket.end();
    await until("it has come back", () => clients.length === 2);
    expect(notices).toEqual([
      { kind: "gap", peer: it, events: 3, calls: 0, mayHaveArrived: false },
    ]);
  });

  test("have close() say so", async () => {
    const { address, clients } = await halfOpen();
    const { it, seen } = await client(address);
    await until("it is there", () => clients.length === 1);
    let closed: Promise<void> | undefined;
    seen.after = () => {
      for (let n = 0; n < 3; n++) it.send("x", n);
      closed = it.close();
      closed.catch(() => {});
    };
    clients[0]?.socket.end();
    const { by, undelivered } = await within("the end", it.closed);
    await expect(closed).rejects.toEqual(coded("ERR_UNDELIVERED"));
    expect({ by, unsent: undelivered.unsent.events }).toEqual({ by: "here", unsent: 3 });
  });

  test("are counted by a server, too", async () => {
    const { server } = await serveBoth();
    const legacy = await Legacy.dial(server.address);
    legacy.socket.allowHalfOpen = true;
    legacy.say("x", 1);
    await until("it is in", () => server.peers.size === 1);
    const [peer] = [...server.peers.values()];
    if (peer === undefined) throw new Error("nobody came in");
    let accepted = 0;
    const send = () => {
      for (let n = 0; n < 3 && peer.state === "open"; n++) {
        accepted += server.broadcast("news", accepted).accepted;
      }
    };
    await until("it is over", () => {
      send();
      process.nextTick(send);
      if (accepted > 30 && !legacy.socket.writableEnded) legacy.socket.end();
      return peer.state === "closed";
    });
    const { undelivered } = await peer.closed;
    await legacy.closed();
    const arrived = legacy.text.split("\f").length - 1;
    expect(accepted - arrived).toBe(undelivered.unsent.events);
    expect(undelivered.unacknowledged.events).toBe(0);
  });
});

test("events that a broken connection held may have arrived: they are a gap, and those behind them are not", async () => {
  const { address, clients } = await halfOpen();
  const { it, notices } = await client(address);
  await until("it is there", () => clients.length === 1);
  clients[0]?.socket.pause();
  const pad = "y".repeat(10_000);
  let total = 0;
  while (total < 2_000) {
    it.send("x", { n: total, pad });
    total += 1;
    if (total % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const flushed = expect(it.flush()).rejects.toEqual(coded("ERR_UNDELIVERED"));
  clients[0]?.socket.resetAndDestroy();
  await flushed;
  await within("what had not left is taken", it.flush());
  const gaps = notices.filter((notice) => notice.kind === "gap");
  expect(gaps).toEqual([expect.objectContaining({ mayHaveArrived: true })]);
  expect(gaps[0]?.events).toBeGreaterThan(0);
  const again = () => clients[1]?.text.split("\f").slice(0, -1) ?? [];
  await until(
    "the last arrives",
    () =>
      again()
        .at(-1)
        ?.includes(`"n":${total - 1},`) === true,
  );
  expect(again()[0]).toContain(`"n":${total - again().length},`);
});
