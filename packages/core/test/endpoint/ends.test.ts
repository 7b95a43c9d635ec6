// Every promise settles, and what one side's code does wrong stays on that side.
// oxlint-disable unicorn/no-thenable, typescript/only-throw-error -- odd things are what is thrown and returned here

import {
  connect,
  MemoryRegistry,
  MyelinError,
  memory,
  type Server,
  type ServerPeer,
  serve,
  type Transport,
} from "myelin";
import { faulty } from "myelin/testing";
import { describe, expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { systemClock } from "../../src/clock.ts";
import { ask } from "../../src/server/ask.ts";
import { all, freshAddress, keep, pair } from "./pairing.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const never = () => new Promise<never>(() => {});

describe("listeners that return odd things", () => {
  /** Thenables as no promise behaves. */
  const odd: Record<string, () => unknown> = {
    settlesThrice: () => ({
      then(resolve: (value: unknown) => void, reject: (reason: unknown) => void) {
        resolve(1);
        resolve(2);
        reject(new Error("three"));
      },
    }),
    throwsInThen: () => ({
      then() {
        throw new Error("in then");
      },
    }),
    throwsOnAccess: () => ({
      get then() {
        throw new Error("on access");
      },
    }),
  };

  test.each(Object.keys(odd))("%s: the connection goes on, and no window is lost", async (name) => {
    const { server, client } = await pair({ server: { limits: { windowMessages: 16 } } });
    server.on("odd", odd[name] as () => unknown as never);
    server.handle("ok", () => "ok");
    // More than the window has: what a listener settles twice or never would show.
    for (let n = 0; n < 100; n++) client.send("odd", n);
    await within("all of them", client.flush());
    expect(await client.call("ok")).toBe("ok");
    expect(client.state).toBe("open");
  });

  test("what they throw is told, whatever it is", async () => {
    const { server, client, notices } = await pair();
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error("get");
        },
        getPrototypeOf: () => {
          throw new Error("prototype");
        },
      },
    );
    server.on("thrown", () => {
      throw hostile;
    });
    server.on("rejected", () => Promise.reject(hostile));
    client.send("thrown");
    client.send("rejected");
    await client.flush();
    await until("both are told", () => notices.length === 2);
    expect(notices.map(({ kind }) => kind)).toEqual(["listener-failed", "listener-failed"]);
    expect(client.state).toBe("open");
  });
});

describe("handlers that return odd things", () => {
  test("a thenable counts as what it gives in the end, once", async () => {
    const { server, client } = await pair();
    const inner = { then: (resolve: (value: unknown) => void) => resolve(42) };
    server.handle("nested", () => ({
      then(resolve: (value: unknown) => void) {
        resolve(inner);
        resolve(1);
        throw new Error("too late");
      },
    }));
    expect(await client.call("nested")).toBe(42);
  });

  test.each([
    ["undefined", undefined],
    ["null", null],
    ["an object without a prototype", Object.create(null)],
  ])("a handler that throws %s answers all the same", async (_, thrown) => {
    const { server, client } = await pair();
    server.handle("throws", () => {
      throw thrown;
    });
    server.handle("rejects", () => Promise.reject(thrown));
    await expect(client.call("throws")).rejects.toEqual(coded("ERR_REMOTE", { ran: "yes" }));
    await expect(client.call("rejects")).rejects.toEqual(coded("ERR_REMOTE", { ran: "yes" }));
  });
});

describe("time limits", () => {
  test.each([Number.NaN, -1, Number.NEGATIVE_INFINITY, "5" as unknown as number])(
    "%s is none: it is refused before anything is sent",
    async (timeoutMs) => {
      const { server, client } = await pair();
      server.handle("x", () => 1);
      const refused = coded("ERR_CONFIG");
      await expect(client.call("x", 1, { timeoutMs })).rejects.toEqual(refused);
      await expect(client.flush({ timeoutMs })).rejects.toEqual(refused);
      await expect(client.post("x", 1, { timeoutMs })).rejects.toEqual(refused);
      await expect(client.close({ timeoutMs })).rejects.toEqual(refused);
      await expect(client.close({ drainMs: timeoutMs })).rejects.toEqual(refused);
      await expect(server.ask("x", 1, { timeoutMs })).rejects.toEqual(refused);
      await expect(connect(server.address, { timeoutMs })).rejects.toEqual(refused);
      expect(() => client.stream("x", 1, { timeoutMs })).toThrow(refused);
      expect(await client.call("x")).toBe(1);
    },
  );

  test.each([0, Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 32 + 1, 2 ** 53, 1e300])(
    "%s leaves time enough",
    async (timeoutMs) => {
      const { server, client } = await pair();
      let answer!: () => void;
      server.handle("x", () => new Promise<void>((resolve) => (answer = resolve)));
      const pending = client.call("x", 1, { timeoutMs });
      await until("the call runs", () => server.stats().activeHandlers === 1);
      await turns(5);
      answer();
      await pending;
    },
  );

  test("part of a millisecond is a short time, not none", async () => {
    const { server, client } = await pair();
    let aborted = 0;
    server.handle("x", (_, { signal }) => {
      signal.addEventListener("abort", () => aborted++);
      return never();
    });
    await expect(client.call("x", 1, { timeoutMs: 0.5 })).rejects.toEqual(coded("ERR_TIMEOUT"));
    await until("the handler knows", () => aborted === 1 || server.stats().activeHandlers === 0);
  });
});

describe("the deadline of a question to many", () => {
  /** Who is asked hears nothing more after the question: its handler has its own clock and nothing else. */
  async function asked(ask: (server: Server, network: Transport) => Promise<unknown>) {
    const network = memory({ registry: new MemoryRegistry() });
    const line = faulty(network);
    const server = keep(await serve(freshAddress("memory"), { transports: [network] }));
    const client = keep(await connect(server.address, { transports: [line] }));
    const told = new Promise((resolve) => {
      client.handle("slow", (_, { signal }) => {
        line.faults.stall("down");
        signal.addEventListener("abort", () => resolve(signal.reason));
        return never();
      });
    });
    const outcome = await within("the outcome", ask(server, network));
    expect(await within("the handler to hear", told)).toEqual(coded("ERR_TIMEOUT"));
    return outcome;
  }

  test("travels to the handlers", async () => {
    const outcome = await asked((server) => server.ask("slow", 1, { timeoutMs: 50 }));
    expect(outcome).toMatchObject({ ok: false, failures: [], missing: [expect.anything()] });
  });

  test("is not over because one who is asked says so", async () => {
    const refused = new MyelinError("ERR_TIMEOUT", "not any more", { ran: "no" });
    let answer!: (value: unknown) => void;
    const late = { state: "open", call: () => new Promise((resolve) => (answer = resolve)) };
    const early = { state: "open", call: () => Promise.reject(refused) };
    const settings = {
      clock: systemClock,
      timeoutMs: 60_000,
      want: 1,
      gone: [],
      signal: undefined,
    };
    const asked = ask([early, late] as unknown as Parameters<typeof ask>[0], "q", 1, settings);
    await turns();
    answer("now");
    expect(await within("the outcome", asked)).toEqual({
      ok: true,
      answers: [{ peer: late, value: "now" }],
      failures: [{ peer: early, error: refused }],
      missing: [],
    });
  });

  test("is what is left of a handler's own time, where that asks", async () => {
    await asked(async (server, network) => {
      let asking: Promise<unknown> | undefined;
      server.handle("outer", (_, { peer, signal }) => {
        const [other] = [...server.peers.values()].filter((each) => each !== peer);
        asking = server.ask("slow", 1, { signal, timeoutMs: 0, to: [other as ServerPeer] });
        return asking;
      });
      const caller = keep(await connect(server.address, { transports: [network] }));
      // Time is up at both ends at once: that of the question may be heard of first.
      const outcome = await caller.call("outer", 1, { timeoutMs: 50 }).catch((error) => error);
      if (outcome instanceof Error) expect(outcome).toEqual(coded("ERR_TIMEOUT"));
      else expect(outcome).toMatchObject({ ok: false, answers: [] });
      await within("the question", Promise.allSettled([asking]));
      expect(asking).toBeDefined();
    });
  });
});

describe("aborts", () => {
  test.each([
    ["at once", (abort: () => void) => abort()],
    ["when it is on its way", (abort: () => void) => void setImmediate(abort)],
  ])("a large call that is aborted %s runs for nobody", async (_, abortWhen) => {
    const { server, client } = await pair({ kind: "tcp" });
    let running = 0;
    server.handle("large", (_input, { signal }) => {
      running += 1;
      return new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          running -= 1;
          resolve();
        });
      });
    });
    server.handle("ok", () => "ok");
    for (let n = 0; n < 8; n++) {
      const controller = new AbortController();
      const pending = client.call("large", new Uint8Array(3_000_000), {
        signal: controller.signal,
      });
      abortWhen(() => controller.abort());
      await expect(pending).rejects.toEqual(coded("ERR_ABORTED"));
    }
    // Each of them takes more than the window: one that were left running would block the rest.
    expect(await within("the window is open", client.call("ok"))).toBe("ok");
    await until("nothing runs any more", () => running === 0);
    expect(server.stats().activeHandlers).toBe(0);
  });

  test("opening and cancelling over and over leaves nothing behind (finding 19)", async () => {
    const { server, client } = await pair();
    server.handle(
      "hold",
      (_, { signal }) =>
        new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
    );
    const outcomes = Array.from({ length: 5_000 }, async (_, n) => {
      const controller = new AbortController();
      const pending = client.call("hold", n, { signal: controller.signal });
      if (n % 2 === 0) controller.abort();
      else setImmediate(() => controller.abort());
      return pending.catch((error: MyelinError) => error.code);
    });
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set(["ERR_ABORTED"]));
    await within("everything arrived", client.flush());
    await until("nothing runs any more", () => server.stats().activeHandlers === 0);
  });

  test("many calls, subscriptions and questions share a signal without a warning", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on("warning", onWarning);
    const { server, client } = await pair();
    server.handle("never", never);
    client.handle("never", never);
    const { signal, abort } = new (class extends AbortController {
      override abort = super.abort.bind(this);
    })();
    const pending = Array.from({ length: 20 }, () => client.call("never", 1, { signal }));
    const asked = Array.from({ length: 20 }, () => server.ask("never", 1, { signal }));
    for (let n = 0; n < 20; n++) server.on(`event ${n}`, () => {}, { signal });
    await turns();
    abort();
    const outcomes = await Promise.allSettled([...pending, ...asked]);
    expect(outcomes.every(({ status }) => status === "rejected")).toBe(true);
    await turns();
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });
});

describe("names", () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "then", "é".repeat(128)];

  test.each(names)("%s is a name like any other", async (name) => {
    const { server, client, peer } = await pair({ kind: "memory" });
    await expect(client.call(name)).rejects.toEqual(coded("ERR_NO_HANDLER", { ran: "no" }));
    server.handle(name, (data, context) => [data, context.name]);
    const heard: unknown[] = [];
    server.on(name, (data) => void heard.push(data));
    expect(await client.call(name, { [name]: 1 })).toEqual([{ [name]: 1 }, name]);
    for (let n = 0; n < 5; n++) client.send(name, n);
    await client.flush();
    expect(heard).toEqual([0, 1, 2, 3, 4]);
    expect(server.broadcast("x", 1, { to: name }).accepted).toBe(0);
    peer.join(name);
    expect([...peer.rooms]).toEqual([name]);
    expect(server.broadcast("x", 1, { to: name }).accepted).toBe(1);
  });

  test("keys of data pollute nothing", async () => {
    const { server, client } = await pair({ kind: "memory" });
    server.handle("echo", (data) => data);
    const text = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const echoed = await client.call("echo", JSON.parse(text));
    expect(JSON.stringify(echoed)).toBe(text);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test.each([
    ["empty", ""],
    ["too long", "a".repeat(257)],
    ["too long in UTF-8", "é".repeat(129)],
    ["half a character", "\ud800"],
    ["no text", undefined as unknown as string],
    ["a number", 5 as unknown as string],
    ["a bigint", 5n as unknown as string],
    ["a symbol", Symbol("x") as unknown as string],
  ])("one that is %s is refused by whoever uses it", async (_, name) => {
    const { server, client } = await pair({ kind: "memory" });
    const refused = coded("ERR_CONFIG");
    expect(() => client.send(name, 1)).toThrow(refused);
    await expect(client.call(name)).rejects.toEqual(refused);
    expect(() => client.stream(name)).toThrow(refused);
    expect(() => server.handle(name, () => 1)).toThrow(refused);
    expect(() => server.on(name, () => {})).toThrow(refused);
    const lazy = keep(await connect(freshAddress(), { lazy: true }));
    expect(() => lazy.send(name, 1)).toThrow(refused);
    await expect(lazy.call(name)).rejects.toEqual(refused);
  });
});

test("methods that return promises reject, they do not throw", async () => {
  const { client } = await pair({ kind: "memory" });
  const noSource = 5 as unknown as Iterable<unknown>;
  await expect(client.upload("x", noSource)).rejects.toEqual(coded("ERR_CONFIG"));
  for (const bytes of [
    [],
    [1],
    new Uint8Array(1),
    Array.from({ length: 2_000 }, () => new Uint8Array(1)),
  ]) {
    const options = { bytes: bytes as never };
    await expect(client.call("x", 1, options)).rejects.toEqual(coded("ERR_CONFIG"));
    await expect(client.post("x", 1, options)).rejects.toEqual(coded("ERR_CONFIG"));
  }
});

test("methods work taken off their object", async () => {
  const { server, client, peer } = await pair({ kind: "memory" });
  const { handle, on, broadcast, stats } = server;
  const { send, post, call, stream, flush, close } = client;
  handle("echo", (data) => data);
  handle("items", () => [1, 2]);
  const heard: unknown[] = [];
  on("x", (data) => void heard.push(data));
  send("x", 1);
  await post("x", 2);
  await flush();
  expect(heard).toEqual([1, 2]);
  expect(await call("echo", 3)).toBe(3);
  expect(await all(stream("items"))).toEqual([1, 2]);
  expect(broadcast("y", 1).accepted).toBe(1);
  expect(stats().peers).toBe(1);
  const { join, leave } = peer;
  join("room");
  leave("room");
  await close();
  expect(client.state).toBe("closed");
});

test("a thousand handlers that call back at once, at full window, all end (finding 6)", async () => {
  const limits = { windowMessages: 8 };
  const { server, client } = await pair({ server: { limits }, client: { limits } });
  server.handle("there", async (n: unknown, { peer }) => peer.call("back", n));
  client.handle("back", (n: unknown) => n);
  const calls = Array.from({ length: 1_000 }, (_, n) => client.call("there", n));
  expect(await within("all answers", Promise.all(calls))).toHaveLength(1_000);
});

test("what is no function is refused as a handler", async () => {
  await expect(serve(freshAddress(), { handlers: { x: 1 as never } })).rejects.toEqual(
    coded("ERR_CONFIG"),
  );
});
