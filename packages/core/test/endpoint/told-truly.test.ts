// What counters, promises and errors say when all is over, or when only some are there.
import { connect, MemoryRegistry, memory, type Notice, serve } from "myelin";
import { faulty, memoryNetwork } from "myelin/testing";
import { describe, expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep, pair } from "./pairing.ts";

const coded = (code: string) => expect.objectContaining({ code });
const never = () => new Promise<never>(() => {});

describe("ask", () => {
  test("hears from everybody who can answer, though one has failed and one is detached", async () => {
    const registry = new MemoryRegistry();
    const address = freshAddress("memory");
    const resume = { windowMs: 60_000 };
    const server = keep(await serve(address, { transports: [memory({ registry })], resume }));
    const line = faulty(memory({ registry }));
    const client = async (name: string, transport = memory({ registry })) => {
      const handlers = {
        name: async () => {
          await turns(5);
          if (name === "bad") throw new Error("no name");
          return name;
        },
      };
      return keep(await connect(address, { transports: [transport], resume, handlers }));
    };
    await client("bad");
    await client("away", line);
    await client("one");
    await client("two");
    line.faults.refuse();
    line.faults.cutAll();
    await until("it is away", () => server.stats().detached === 1);
    const { answers, failures, missing, ok } = await server.ask("name");
    expect(ok).toBe(false);
    expect(answers.map(({ value }) => value).sort()).toEqual(["one", "two"]);
    expect([failures.length, missing.length]).toEqual([1, 1]);
  });

  test("of more than there are ends at once, and nobody is asked", async () => {
    let asked = 0;
    const name = () => {
      asked += 1;
    };
    const { client, server } = await pair({
      server: { handlers: { ready: () => true } },
      client: { handlers: { name } },
    });
    const outcome = await server.ask("name", undefined, { want: 2 });
    expect(outcome).toMatchObject({ ok: false, answers: [], failures: [] });
    expect(outcome.missing).toHaveLength(1);
    // What the server had sent before is here when its answer is.
    await client.call("ready");
    expect(asked).toBe(0);
  });
});

describe("stats", () => {
  test("of a client that was closed are those of its last session", async () => {
    const { client } = await pair({ server: { events: { news: () => {} } } });
    client.send("news", 1);
    await client.flush();
    const { received, sent } = client.stats();
    await client.close();
    expect(sent.messages).toBe(1);
    expect(client.stats()).toMatchObject({ sent, received, pendingBytes: 0, activeHandlers: 0 });
  });

  test("count each passing of the high-water mark once, broadcasts too", async () => {
    const registry = new MemoryRegistry();
    const address = freshAddress("memory");
    const limits = { highWaterMarkBytes: 100_000 };
    const server = keep(await serve(address, { transports: [memory({ registry })], limits }));
    const line = faulty(memory({ registry }));
    const client = keep(await connect(address, { transports: [line], retry: false }));
    client.on("news", () => {});
    const [peer] = server.peers.values();
    const says = [
      () => peer?.send("news", "x".repeat(50_000)),
      () => server.broadcast("news", "x".repeat(50_000)),
    ];
    for (const say of says) {
      line.faults.stall("down");
      for (let n = 0; n < 40; n++) say();
      line.faults.heal();
      await peer?.flush();
    }
    expect(peer?.stats().slow).toBe(2);
    expect(server.stats().slow).toBe(2);
  });
});

describe("close", () => {
  test("of a client whose connection broke says what may be lost, each time", async () => {
    const registry = new MemoryRegistry();
    const address = freshAddress("memory");
    keep(await serve(address, { transports: [memory({ registry })] }));
    const line = faulty(memory({ registry }));
    const client = await connect(address, { transports: [line], retry: false, resume: false });
    const notices: Notice[] = [];
    client.onNotice((notice) => void notices.push(notice));
    line.faults.stall();
    client.send("news", 1);
    await turns(5);
    line.faults.cutAll();
    const { undelivered } = await within("it is over", client.closed);
    expect(undelivered.unacknowledged).toEqual({ events: 1, calls: 0 });
    for (let time = 0; time < 2; time += 1) {
      await expect(client.close()).rejects.toEqual(coded("ERR_UNDELIVERED"));
    }
    // The gap has told it when it ended: the end of an `await using` has nothing to add.
    await client[Symbol.asyncDispose]();
    expect(notices.map(({ kind }) => kind)).toEqual(["gap"]);
  });

  test("after one that was rejected is rejected, too", async () => {
    const registry = new MemoryRegistry();
    const address = freshAddress("memory");
    keep(await serve(address, { transports: [memory({ registry })] }));
    const line = faulty(memory({ registry }));
    const client = await connect(address, { transports: [line], retry: false });
    line.faults.stall();
    client.send("unheard", 1);
    const options = { drainMs: 0, timeoutMs: 1 };
    await expect(client.close(options)).rejects.toEqual(coded("ERR_UNDELIVERED"));
    await expect(client.close(options)).rejects.toEqual(coded("ERR_UNDELIVERED"));
  });

  test("ends when the last call does, if the server is gone and nothing else is missing", async () => {
    const registry = new MemoryRegistry();
    const address = freshAddress("memory");
    const resume = { windowMs: 600_000 };
    const transports = [memory({ registry })];
    keep(await serve(address, { transports, resume, handlers: { never } }));
    const line = faulty(memory({ registry }));
    const client = await connect(address, { transports: [line], resume });
    const call = client.call("never", 1, { timeoutMs: 100 }).catch((error: unknown) => error);
    await client.flush();
    const closing = client.close({ drainMs: 600_000, timeoutMs: 600_000 });
    line.faults.refuse();
    line.faults.cutAll();
    expect(await call).toEqual(coded("ERR_TIMEOUT"));
    await within("it is closed", closing);
  });
});

test("a function that behaves like a promise is waited for", async () => {
  const thenable = (): void => {};
  // oxlint-disable-next-line unicorn/no-thenable -- that is what it is about
  Object.assign(thenable, { then: (resolve: (value: number) => void) => resolve(42) });
  const { client } = await pair({ server: { handlers: { answer: () => thenable } } });
  expect(await client.call("answer")).toBe(42);
});

test("any number of memory networks have one listener at the process", async () => {
  const before = process.listenerCount("exit");
  const ends: (() => Promise<unknown>)[] = [];
  for (let n = 0; n < 12; n++) {
    const { clock, transport } = memoryNetwork({ seed: n + 1 });
    const server = await clock.until(serve("memory:many", { clock, transports: [transport] }));
    const client = await clock.until(connect("memory:many", { clock, transports: [transport] }));
    ends.push(() => clock.until(Promise.all([client.close(), server.close()])));
  }
  expect(process.listenerCount("exit") - before).toBeLessThanOrEqual(1);
  for (const end of ends) await end();
});

test("an event grows old in sessions that come and do not take it", async () => {
  const { clock, faults, transport } = memoryNetwork({ seed: 3 });
  const base = { clock, transports: [transport], heartbeat: false as const };
  const heard: unknown[] = [];
  const stuck = { limits: { windowMessages: 1 }, events: { news: never } };
  const open = { events: { news: (data: unknown) => void heard.push(data) } };
  const begin = (options: object) => clock.until(serve("memory:old", { ...base, ...options }));
  const retry = { minMs: 5, maxMs: 20 };
  const offline = { policy: "queue" as const, maxAgeMs: 1_000 };
  const options = { ...base, lazy: true, retry, offline };
  const client = await clock.until(connect("memory:old", options));
  for (let n = 0; n < 10; n++) client.send("news", n);
  for (let n = 0; n < 4; n++) {
    await clock.advanceAsync(400);
    const server = await begin(stuck);
    await clock.advanceAsync(60);
    faults.refuse();
    faults.cutAll();
    const closing = server.close({ drainMs: 0, timeoutMs: 1 }).catch(() => {});
    await clock.advanceAsync(5);
    await clock.until(closing);
    faults.heal();
  }
  const server = await begin(open);
  await clock.advanceAsync(1_000);
  expect(heard).toEqual([]);
  // The stuck servers have each had one, and may have lost it.
  expect(client.stats().dropped).toBeGreaterThanOrEqual(6);
  await clock.until(Promise.all([client.close(), server.close()]));
});

describe("a flush of a session that ends", () => {
  /** A server's peer whose client does not get to acknowledge anything from now on. */
  async function unheard() {
    const registry = new MemoryRegistry();
    const address = freshAddress("memory");
    const server = keep(await serve(address, { transports: [memory({ registry })] }));
    const line = faulty(memory({ registry }));
    const handlers = { echo: (data: unknown) => data };
    const options = { transports: [line], handlers, retry: false } as const;
    keep(await connect(address, options));
    const [peer] = [...server.peers.values()];
    if (peer === undefined) throw new Error("nobody came in");
    expect(await peer.call("echo", 1)).toBe(1);
    line.faults.stall("up");
    return { line, peer };
  }

  test("resolves when nothing is missing: what was answered has arrived", async () => {
    const { line, peer } = await unheard();
    const flushed = peer.flush();
    await turns(5);
    line.faults.cutAll();
    await within("the flush", flushed);
    const nothing = { events: 0, calls: 0 };
    const { undelivered } = await peer.closed;
    expect(undelivered).toEqual({ unsent: nothing, unacknowledged: nothing });
  });

  test("rejects with what is", async () => {
    const { line, peer } = await unheard();
    peer.send("news", 1);
    const flushed = peer.flush();
    const failed = expect(flushed).rejects.toThrow("sent and not acknowledged: 1");
    await turns(5);
    line.faults.cutAll();
    await failed;
    expect((await peer.closed).undelivered.unacknowledged).toEqual({ events: 1, calls: 0 });
  });
});
