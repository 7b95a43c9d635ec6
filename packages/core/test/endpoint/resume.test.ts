// Sessions that outlive their connections: nothing lost, nothing twice, in order, or told.
import {
  type Connection,
  connect,
  MemoryRegistry,
  memory,
  type Notice,
  serve,
  type Transport,
  tcp,
} from "myelin";
import { faulty } from "myelin/testing";
import { afterEach, describe, expect, test } from "vitest";
import { turns, until } from "../../../../test/support/within.ts";

const open: { close(options?: object): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.allSettled(
    open.splice(0).map((each) => each.close({ drainMs: 0, timeoutMs: 500 })),
  );
});

function keep<Each extends { close(): Promise<unknown> }>(each: Each): Each {
  open.push(each);
  return each;
}

const retry = { minMs: 1, maxMs: 10 };

async function pair(kind: "memory" | "tcp", options: { windowMs?: number; seed?: number } = {}) {
  const inner = kind === "tcp" ? tcp() : memory({ registry: new MemoryRegistry() });
  const resume = { windowMs: options.windowMs ?? 10_000 };
  const address = kind === "tcp" ? "tcp://127.0.0.1:0" : "memory:resume";
  const server = keep(await serve(address, { transports: [inner], resume }));
  const unreliable = faulty(inner, { seed: options.seed ?? 1 });
  const client = keep(await connect(server.address, { transports: [unreliable], resume, retry }));
  const [peer] = [...server.peers.values()];
  if (peer === undefined) throw new Error("nobody came in");
  return { server, client, peer, faults: unreliable.faults, inner };
}

/** A source of chance that is the same in each run. */
function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe.each(["memory", "tcp"] as const)("over %s", (kind) => {
  test("events go on where they were, both ways, however often the connection breaks", async () => {
    const { server, client, peer, faults } = await pair(kind);
    const up: number[] = [];
    const down: number[] = [];
    server.on("up", (n) => void up.push(n as number));
    client.on("down", (n) => void down.push(n as number));
    const chance = dice(7);
    const rounds = 20;
    const perRound = 200;
    const count = rounds * perRound;
    for (let round = 0; round < rounds; round++) {
      const cutAt = Math.floor(chance() * perRound);
      for (let n = 0; n < perRound; n++) {
        client.send("up", round * perRound + n);
        peer.send("down", round * perRound + n);
        if (n === cutAt) faults.cutAll();
        if (chance() < 0.2) await new Promise(setImmediate);
      }
      await until("it is back", () => client.stats().resumed > round && client.state === "open");
    }
    await until("all of them", () => up.length >= count && down.length >= count);
    await Promise.all([client.flush(), peer.flush()]);
    expect(up).toEqual(Array.from({ length: count }, (_, n) => n));
    expect(down).toEqual(Array.from({ length: count }, (_, n) => n));
    expect(client.stats().resumed).toBe(rounds);
    expect([...server.peers.keys()]).toEqual([peer.id]);
  });

  test("calls and streams that are under way are answered over the next connection", async () => {
    const { server, client, faults } = await pair(kind);
    let answer!: (value: string) => void;
    let runs = 0;
    server.handle("slow", () => {
      runs += 1;
      return new Promise((resolve) => (answer = resolve));
    });
    server.handle("count", async function* (to) {
      for (let n = 0; n < (to as number); n++) yield n;
    });
    const call = client.call("slow");
    await until("it runs", () => runs === 1);
    const items: unknown[] = [];
    const reading = (async () => {
      for await (const item of client.stream("count", 3_000)) {
        items.push(item);
        if (items.length % 700 === 0) faults.cutAll();
      }
    })();
    faults.cutAll();
    answer("answered");
    expect(await call).toBe("answered");
    await reading;
    expect(items).toEqual(Array.from({ length: 3_000 }, (_, n) => n));
    expect(runs).toBe(1);
  });

  test("large messages are put together from both connections", async () => {
    const { server, client, faults } = await pair(kind);
    server.handle("echo", (data) => data);
    const bytes = Buffer.alloc(3_000_000, "myelin");
    const call = client.call("echo", bytes);
    await new Promise(setImmediate);
    faults.cutAll();
    const back = (await call) as Uint8Array;
    expect(Buffer.compare(back, bytes)).toBe(0);
  });
});

describe("a session that cannot go on", () => {
  test("says what may be lost, when the server has been started anew, and sends what had not left (finding 14)", async () => {
    const registry = new MemoryRegistry();
    const transports = [memory({ registry })];
    const resume = { windowMs: 10_000 };
    const first = await serve("memory:x", { transports, resume });
    const unreliable = faulty(memory({ registry }));
    const client = keep(await connect("memory:x", { transports: [unreliable], resume, retry }));
    const notices: Notice[] = [];
    client.onNotice((notice) => void notices.push(notice));
    first.handle("never", () => new Promise(() => {}));
    const call = client.call("never");
    const failed = expect(call).rejects.toMatchObject({
      code: "ERR_CONNECTION_LOST",
      ran: "maybe",
    });
    await until("it runs", () => first.stats().activeHandlers === 1);
    unreliable.faults.refuse();
    unreliable.faults.cutAll();
    await until("it is known", () => client.state === "detached");
    client.send("late", 1);
    await first.close({ drainMs: 0, timeoutMs: 100 }).catch(() => {});
    const late: unknown[] = [];
    const events = { late: (data: unknown) => void late.push(data) };
    const second = keep(await serve("memory:x", { transports, resume, events }));
    unreliable.faults.heal();
    await until("it is back", () => client.state === "open");
    await failed;
    expect(notices).toEqual([
      expect.objectContaining({ kind: "gap", events: 0, calls: 1, mayHaveArrived: true }),
    ]);
    expect(second.peers.size).toBe(1);
    await client.flush();
    expect(late).toEqual([1]);
  });

  test("ends at both sides when the window is over", async () => {
    const { server, client, peer, faults } = await pair("memory", { windowMs: 30 });
    const states: string[] = [];
    client.onState((state) => void states.push(state));
    server.handle("never", () => new Promise(() => {}));
    const call = client.call("never");
    const failed = expect(call).rejects.toMatchObject({ code: "ERR_CONNECTION_LOST" });
    await until("it runs", () => server.stats().activeHandlers === 1);
    faults.refuse();
    faults.cutAll();
    await failed;
    await until("the server gives up, too", () => server.peers.size === 0);
    expect(await peer.closed).toMatchObject({ by: "failure" });
    expect(states.slice(0, 2)).toEqual(["detached", "connecting"]);
  });

  test("ends for its client while the server takes it back: a new one begins, and nothing is mixed up", async () => {
    const registry = new MemoryRegistry();
    const heard: unknown[] = [];
    let goOn!: () => void;
    const decided = new Promise<void>((resolve) => (goOn = resolve));
    let asked = 0;
    keep(
      await serve("memory:late", {
        transports: [memory({ registry })],
        resume: { windowMs: 30 },
        events: { number: (n) => void heard.push(n) },
        async authorize() {
          asked += 1;
          if (asked === 2) await decided;
          return true;
        },
      }),
    );
    const unreliable = faulty(memory({ registry }));
    const options = { transports: [unreliable], resume: { windowMs: 30 }, retry };
    const client = keep(await connect("memory:late", options));
    client.send("number", 1);
    await client.flush();
    const { id } = client;
    // The server believes that it has a connection, and keeps the session for it.
    unreliable.faults.cutAll("dialler");
    await until("it asks for its session", () => asked === 2);
    client.send("number", 2);
    await until("it gives up", () => client.state === "connecting");
    client.send("number", 3);
    goOn();
    await until("it is back", () => client.state === "open");
    await client.flush();
    expect(heard.at(-1)).toBe(3);
    expect(client.stats().resumed).toBe(0);
    expect(client.id).not.toBe(id);
  });

  test("stays where it is when whoever asked for it is gone before anybody decided", async () => {
    const registry = new MemoryRegistry();
    let decide!: () => void;
    const decided = new Promise<void>((resolve) => (decide = resolve));
    let asked = 0;
    const server = keep(
      await serve("memory:gone", {
        transports: [memory({ registry })],
        resume: { windowMs: 10_000 },
        async authorize() {
          asked += 1;
          if (asked === 2) await decided;
          return true;
        },
      }),
    );
    const unreliable = faulty(memory({ registry }));
    let newest: Connection | undefined;
    const noting: Transport = {
      ...unreliable,
      dial: async (...where) => (newest = await unreliable.dial(...where)),
    };
    const options = { transports: [noting], resume: { windowMs: 10_000 }, retry };
    keep(await connect("memory:gone", options));
    const [peer] = [...server.peers.values()];
    // The server believes that it has a connection, and keeps the session on it.
    unreliable.faults.cutAll("dialler");
    await until("its client asks for it", () => asked === 2);
    unreliable.faults.refuse();
    newest?.abort();
    await until("the server knows", () => server.stats().refused === 1);
    decide();
    await turns(5);
    expect(peer?.state).toBe("open");
  });

  test("ends when the shorter of both windows is over", async () => {
    const registry = new MemoryRegistry();
    const long = { windowMs: 600_000 };
    keep(await serve("memory:short", { transports: [memory({ registry })], resume: long }));
    const unreliable = faulty(memory({ registry }));
    const options = { transports: [unreliable], resume: { windowMs: 20 }, retry };
    const client = keep(await connect("memory:short", options));
    unreliable.faults.refuse();
    unreliable.faults.cutAll();
    const failed = expect(client.call("x")).rejects.toMatchObject({ code: "ERR_CONNECTION_LOST" });
    await until("it gives up", () => client.state === "connecting");
    await failed;
  });

  test("may go on for parts of a millisecond, which the wire does not know", async () => {
    const { client, faults } = await pair("memory", { windowMs: 4_095.5 });
    faults.cutAll();
    await until("it is back", () => client.stats().resumed === 1);
    const odd = { resume: { windowMs: 127.5 } };
    const server = keep(await serve("memory:parts", odd));
    keep(await connect(server.address, odd));
  });

  test.each([
    ["the client's", { client: 20, server: 600_000 }],
    ["the server's", { client: 600_000, server: 20 }],
  ])("ends at the server, too, when the shorter window is over: %s", async (_, windows) => {
    const registry = new MemoryRegistry();
    const server = keep(
      await serve("memory:short", {
        transports: [memory({ registry })],
        resume: { windowMs: windows.server },
      }),
    );
    const unreliable = faulty(memory({ registry }));
    const resume = { windowMs: windows.client };
    keep(await connect("memory:short", { transports: [unreliable], resume, retry }));
    const [peer] = [...server.peers.values()];
    unreliable.faults.refuse();
    unreliable.faults.cutAll();
    await until("the server gives up", () => server.peers.size === 0);
    expect(await peer?.closed).toMatchObject({ by: "failure" });
  });

  test("a stranger with another token gets a session of his own", async () => {
    const { server, client, inner, peer } = await pair("memory");
    const other = keep(await connect(server.address, { transports: [inner], resume: {} }));
    expect(other.id).not.toBe(client.id);
    expect(peer.state).toBe("open");
    expect(server.peers.size).toBe(2);
  });
});

test("a detached peer stays in its rooms, and gets what was said meanwhile", async () => {
  const { server, client, peer, faults } = await pair("memory");
  peer.join("room");
  const heard: unknown[] = [];
  client.on("news", (data) => void heard.push(data));
  faults.refuse();
  faults.cutAll();
  await until("it is known", () => peer.state === "detached");
  expect(server.stats()).toMatchObject({ peers: 0, detached: 1 });
  expect(server.broadcast("news", 1, { to: "room" }).accepted).toBe(1);
  expect(await server.ask("x", 1, { timeoutMs: 1_000 })).toMatchObject({
    ok: false,
    missing: [peer],
  });
  faults.heal();
  await until("it hears", () => heard.length === 1);
  expect(heard).toEqual([1]);
});

test("too many that wait: the oldest expire", async () => {
  const registry = new MemoryRegistry();
  const transports = [memory({ registry })];
  const server = keep(
    await serve("memory:many", { transports, resume: {}, limits: { maxDetachedSessions: 2 } }),
  );
  for (let n = 0; n < 5; n++) {
    const unreliable = faulty(memory({ registry }));
    const options = { transports: [unreliable], resume: {}, retry };
    keep(await connect("memory:many", options));
    unreliable.faults.refuse();
    unreliable.faults.cutAll();
  }
  await until("all are known", () => server.stats().peers === 0 && server.stats().detached > 0);
  expect(server.stats().detached).toBe(2);
});

test("a server that is full takes back whom it has, and nobody else", async () => {
  const registry = new MemoryRegistry();
  const transports = [memory({ registry })];
  const server = keep(
    await serve("memory:full", { transports, resume: {}, limits: { maxPeers: 1 } }),
  );
  const unreliable = faulty(memory({ registry }));
  const client = keep(
    await connect("memory:full", { transports: [unreliable], resume: {}, retry }),
  );
  const { id } = client;
  unreliable.faults.cutAll();
  await until("it is back", () => client.stats().resumed === 1);
  expect([...server.peers.keys()]).toEqual([id]);
  const stranger = connect("memory:full", { transports, resume: {}, retry: false });
  await expect(stranger).rejects.toMatchObject({ code: "ERR_BUSY" });
  expect(server.stats().refused).toBe(1);
});

test.each([
  ["the same user goes on", 1_000, true],
  ["another user who has its token does not", 1_001, false],
])("who is known to be a user: %s", async (_, uid, goesOn) => {
  const inner = memory({ registry: new MemoryRegistry() });
  const users = [1_000, uid];
  /** A transport whose system says who dials. */
  const knowing: Transport = {
    ...inner,
    listen: (where, onConnection, options) => {
      const named = (connection: Connection) => {
        const id = users.shift() as number;
        const peer = { credentials: { pid: 7, uid: id, gid: 100 } };
        onConnection(Object.defineProperty(connection, "peer", { value: peer }));
      };
      return inner.listen(where, named, options);
    },
  };
  const server = keep(await serve("memory:users", { transports: [knowing], resume: {} }));
  const unreliable = faulty(inner);
  const client = keep(
    await connect("memory:users", { transports: [unreliable], resume: {}, retry }),
  );
  const { id } = client;
  unreliable.faults.cutAll();
  await until("it is away", () => client.state !== "open");
  await until("it is back", () => client.state === "open");
  expect(client.id === id).toBe(goesOn);
  expect(server.peers.has(client.id)).toBe(true);
});

test("a peer that is closed when it is told to be detached leaves no place behind", async () => {
  const { server, client, peer, faults } = await pair("memory");
  peer.onState((state) => {
    if (state === "detached") peer.close({ drainMs: 0, timeoutMs: 0 }).catch(() => {});
  });
  faults.refuse();
  faults.cutAll();
  await until("it is gone", () => server.peers.size === 0);
  expect(server.stats()).toMatchObject({ peers: 0, detached: 0 });
  faults.heal();
  await until("its client is back, in a new session", () => client.state === "open");
  expect(server.stats()).toMatchObject({ peers: 1, detached: 0 });
});
