import { describe, expect, test } from "vitest";
import { turns, until } from "../../../../test/support/within.ts";
import { callType } from "../../src/session/wire.ts";
import { type Side, sessionPair } from "./session-pair.ts";

const coded = (code: string, ran?: string) =>
  expect.objectContaining({ code, ...(ran === undefined ? {} : { ran }) });

function handle(side: Side, name: string, run: (data: never, context: never) => unknown): void {
  side.handlers.handle(name, { type: callType.call, run: run as never });
}

describe("events", () => {
  test("arrive in order, whatever they are", async () => {
    const { client, server, release } = await sessionPair();
    const heard: unknown[] = [];
    server.handlers.on("x", (data) => void heard.push(data));
    release();
    const sent = [
      1,
      "two",
      { three: [3] },
      null,
      undefined,
      false,
      0,
      "",
      [],
      "ünï\f\n",
      new Uint8Array([1, 2]),
    ];
    for (const each of sent) client.session.event("x", each);
    await client.session.flush();
    expect(heard).toEqual(sent);
  });

  test("arrive in order by the thousands, and large ones among them", async () => {
    const { client, server, release } = await sessionPair();
    const heard: number[] = [];
    server.handlers.on("n", (data) => void heard.push((data as { n: number }).n));
    release();
    for (let n = 0; n < 5_000; n++) {
      client.session.event("n", n % 500 === 250 ? { n, pad: "x".repeat(300_000) } : { n });
    }
    await client.session.flush();
    expect(heard).toEqual(Array.from({ length: 5_000 }, (_, n) => n));
  });

  test("a large one does not overtake those before it that have not left yet", async () => {
    const { client, release, server } = await sessionPair();
    const heard: number[] = [];
    server.handlers.on("bytes", (data) => void heard.push((data as Uint8Array).length));
    release();
    // As frames of their own: more of them than leave in one turn.
    const small = Array.from({ length: 10 }, (_, n) => 60_000 + n);
    for (const length of [...small, 70_000, 5])
      client.session.event("bytes", new Uint8Array(length));
    await client.session.flush();
    expect(heard).toEqual([...small, 70_000, 5]);
  });

  test("nobody listens: they are told by name", async () => {
    const { client, server, release } = await sessionPair();
    release();
    client.session.event("nobody", 1);
    await client.session.flush();
    expect(server.unhandled).toEqual(["nobody"]);
  });

  test("async listeners bound the sender: no more are under way than the window admits", async () => {
    const window = { messages: 10, bytes: 1_000_000 };
    const { client, server, release } = await sessionPair({ terms: { window } });
    const waiting: (() => void)[] = [];
    let most = 0;
    const progress = { done: 0 };
    server.handlers.on("slow", () => {
      return new Promise<void>((resolve) => {
        waiting.push(resolve);
        most = Math.max(most, waiting.length);
      }).then(() => void progress.done++);
    });
    release();
    for (let n = 0; n < 100; n++) client.session.event("slow", n);
    const flushed = client.session.flush();
    while (progress.done < 100) {
      waiting.shift()?.();
      await new Promise(setImmediate);
    }
    await flushed;
    expect(most).toBe(10);
  });
});

describe("large messages and the window", () => {
  test("so many are handed on as it admits, however many are under way", async () => {
    const window = { messages: 1_024, bytes: 100_000 };
    const { client, release, server } = await sessionPair({ terms: { window } });
    const running: (() => void)[] = [];
    let most = 0;
    server.handlers.handle("large", {
      type: callType.call,
      run: (data) =>
        new Promise((resolve) => {
          running.push(() => resolve((data as Uint8Array).length));
          most = Math.max(most, running.length);
        }),
    });
    release();
    const lengths = [200_000, 70_000, 300_000, 150_000, 80_000, 90_000];
    const answers = Promise.all(lengths.map((n) => client.call("large", new Uint8Array(n))));
    let settled = 0;
    for (; settled < lengths.length; settled += 1) {
      await until("another one is there", () => running.length > 0);
      await turns();
      running.shift()?.();
    }
    expect(await answers).toEqual(lengths);
    // One that is smaller than the window, and one that overdraws it.
    expect(most).toBeLessThan(3);
  });
});

describe("calls", () => {
  test("are answered, each with its own answer", async () => {
    const { client, server, release } = await sessionPair();
    handle(server, "double", (n: number) => n * 2);
    handle(server, "later", async (n: number) => {
      await new Promise(setImmediate);
      return n + 1;
    });
    release();
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => client.call(n % 2 === 0 ? "double" : "later", n)),
    );
    expect(answers).toEqual(Array.from({ length: 100 }, (_, n) => (n % 2 === 0 ? n * 2 : n + 1)));
  });

  test("go both ways, nested, with a window of one (finding 6)", async () => {
    const window = { messages: 1, bytes: 1_000_000 };
    const { client, server, release } = await sessionPair({ terms: { window } });
    handle(client, "down", (n: number) => (n === 0 ? "bottom" : client.call("up", n - 1)));
    handle(server, "up", (n: number) => (n === 0 ? "bottom" : server.call("down", n - 1)));
    release();
    // A window of one lets each side have one call under way: deeper nesting needs as much window.
    expect(await client.call("up", 1)).toBe("bottom");
  });

  test("fail with what the handler threw", async () => {
    const { client, server, release } = await sessionPair();
    handle(server, "bad", () => {
      throw Object.assign(new TypeError("no good"), { code: "E_BAD", data: { why: 1 } });
    });
    release();
    await expect(client.call("bad")).rejects.toMatchObject({
      code: "ERR_REMOTE",
      ran: "yes",
      remote: { name: "TypeError", message: "no good", code: "E_BAD", data: { why: 1 } },
    });
  });

  test("fail without a handler, and did not run", async () => {
    const { client, release } = await sessionPair();
    release();
    await expect(client.call("nobody")).rejects.toEqual(coded("ERR_NO_HANDLER", "no"));
  });

  test("time out at both ends, and the late answer is dropped and counted", async () => {
    const { client, server, release } = await sessionPair();
    let aborted!: (reason: unknown) => void;
    const signalled = new Promise((resolve) => {
      aborted = resolve;
    });
    let answer!: () => void;
    handle(server, "slow", (_: unknown, { signal }: { signal: AbortSignal }) => {
      signal.addEventListener("abort", () => aborted(signal.reason));
      return new Promise<void>((resolve) => {
        answer = resolve;
      });
    });
    release();
    await expect(client.call("slow", 1, { timeoutMs: 20 })).rejects.toEqual(
      coded("ERR_TIMEOUT", "maybe"),
    );
    expect(await signalled).toEqual(coded("ERR_TIMEOUT"));
    answer();
    handle(server, "echo", (x: unknown) => x);
    expect(await client.call("echo", 1)).toBe(1);
    expect(client.session.stats().pendingCalls).toBe(0);
    expect(server.session.stats().activeHandlers).toBe(0);
  });

  test("that are aborted before they leave never run", async () => {
    const { client, server, release } = await sessionPair();
    let runs = 0;
    handle(server, "x", () => void runs++);
    handle(server, "echo", (x: unknown) => x);
    release();
    await client.call("echo", 1);
    const controller = new AbortController();
    client.session.event("first of the tick", 1);
    const call = client.call("x", 1, { signal: controller.signal });
    controller.abort(new Error("changed my mind"));
    await expect(call).rejects.toEqual(coded("ERR_ABORTED", "no"));
    await client.call("echo", 1);
    expect(runs).toBe(0);
  });

  test("fail when the connection breaks, and say that they may have run", async () => {
    const { client, server, release } = await sessionPair();
    handle(server, "never", () => new Promise(() => {}));
    release();
    const call = client.call("never");
    await new Promise(setImmediate);
    server.connection.abort();
    await expect(call).rejects.toEqual(coded("ERR_CONNECTION_LOST", "maybe"));
    expect((await client.end).error).toEqual(coded("ERR_CONNECTION_LOST"));
  });

  test("take and give large data", async () => {
    const { client, server, release } = await sessionPair();
    handle(server, "echo", (x: unknown) => x);
    release();
    const bytes = Buffer.alloc(1_000_000, 7);
    const text = "ü".repeat(500_000);
    const [bytesBack, textBack] = await Promise.all([
      client.call("echo", bytes),
      client.call("echo", text),
    ]);
    expect(Buffer.from(bytesBack as Uint8Array).equals(bytes)).toBe(true);
    expect(textBack === text).toBe(true);
  });
});

describe("streams", () => {
  test("give each item once, in order, and end", async () => {
    const { client, server, release } = await sessionPair();
    server.handlers.handle("count", {
      type: callType.stream,
      run: async function* (to) {
        for (let n = 0; n < (to as number); n++) yield n;
      },
    });
    release();
    const items: unknown[] = [];
    for await (const item of client.stream("count", 20_000)) items.push(item);
    expect(items).toEqual(Array.from({ length: 20_000 }, (_, n) => n));
  });

  test("stop their producer when the consumer has had enough", async () => {
    const { client, server, release } = await sessionPair();
    let produced = 0;
    let cleanedUp!: (value: unknown) => void;
    const clean = new Promise((resolve) => {
      cleanedUp = resolve;
    });
    server.handlers.handle("endless", {
      type: callType.stream,
      run: async function* () {
        try {
          for (;;) yield { n: produced++, pad: "x".repeat(100) };
        } finally {
          cleanedUp(undefined);
        }
      },
    });
    release();
    for await (const item of client.stream("endless")) if ((item as { n: number }).n === 10) break;
    await clean;
    expect(produced).toBeLessThan(2_000);
  });

  test("a consumer that does not read holds its producer", async () => {
    const { client, server, release } = await sessionPair();
    let produced = 0;
    server.handlers.handle("endless", {
      type: callType.stream,
      run: function* () {
        for (;;) yield { n: produced++, pad: "x".repeat(1_000) };
      },
    });
    handle(server, "echo", (x: unknown) => x);
    release();
    const items = client.stream("endless")[Symbol.asyncIterator]();
    await items.next();
    for (let n = 0; n < 50; n++) await client.call("echo", n);
    expect(produced).toBeLessThan(300);
  });

  test("hand out what arrived before the error", async () => {
    const { client, server, release } = await sessionPair();
    server.handlers.handle("breaks", {
      type: callType.stream,
      run: async function* () {
        yield 1;
        yield 2;
        throw new Error("broken");
      },
    });
    release();
    const items: unknown[] = [];
    const reading = (async () => {
      for await (const item of client.stream("breaks")) items.push(item);
    })();
    await expect(reading).rejects.toMatchObject({
      code: "ERR_REMOTE",
      remote: { message: "broken" },
    });
    expect(items).toEqual([1, 2]);
  });

  test("uploads and duplexes take what the caller sends, large items too", async () => {
    const { client, server, release } = await sessionPair();
    server.handlers.handle("size", {
      type: callType.upload,
      run: async (items) => {
        let size = 0;
        for await (const item of items as AsyncIterable<Uint8Array>) size += item.length;
        return size;
      },
    });
    release();
    const source = [Buffer.alloc(10), Buffer.alloc(1_000_000), Buffer.alloc(100_000)];
    expect(await client.call("size", undefined, { type: callType.upload, source })).toBe(1_100_010);
  });
});

test("a peer that breaks a rule is told which, and cut", async () => {
  const { client, server, release } = await sessionPair();
  release();
  // A frame of a kind that nobody knows.
  client.connection.send(Buffer.from([1, 0, 0, 0, 0x7f]));
  expect((await server.end).error).toEqual(coded("ERR_PROTOCOL"));
  const { error, retry } = await client.end;
  expect(error).toEqual(coded("ERR_PROTOCOL"));
  expect(error?.message).toContain("the peer ended the connection: a frame of unknown kind 127");
  expect(retry).toBe("never");
});

describe("closing", () => {
  test("delivers everything, then ends both sides", async () => {
    const { client, server, release } = await sessionPair();
    let heard = 0;
    server.handlers.on("x", () => void heard++);
    release();
    for (let n = 0; n < 5_000; n++) client.session.event("x", n);
    await client.session.close({ drainMs: 1_000, timeoutMs: 5_000, retry: "now" });
    expect(heard).toBe(5_000);
    expect((await server.end).error).toBeUndefined();
    expect(() => client.session.event("x", 1)).toThrow(coded("ERR_CLOSED"));
  });

  test("from both sides at once loses nothing", async () => {
    const { client, server, release } = await sessionPair();
    const heard = { client: 0, server: 0 };
    client.handlers.on("x", () => void heard.client++);
    server.handlers.on("x", () => void heard.server++);
    release();
    for (let n = 0; n < 1_000; n++) {
      client.session.event("x", n);
      server.session.event("x", n);
    }
    const how = { drainMs: 1_000, timeoutMs: 5_000, retry: "now" } as const;
    await Promise.all([client.session.close(how), server.session.close(how)]);
    expect(heard).toEqual({ client: 1_000, server: 1_000 });
  });

  test("waits for the calls that are under way", async () => {
    const { client, server, release } = await sessionPair();
    let answer!: (value: string) => void;
    handle(server, "slow", () => new Promise((resolve) => (answer = resolve)));
    release();
    const call = client.call("slow");
    while (server.session.stats().activeHandlers === 0) await new Promise(setImmediate);
    const closing = client.session.close({ drainMs: 5_000, timeoutMs: 5_000, retry: "now" });
    answer("in time");
    expect(await call).toBe("in time");
    await closing;
  });

  test("says what was not delivered when the peer does not answer", async () => {
    const { client, server, release } = await sessionPair();
    release();
    server.connection.pause();
    client.session.event("x", 1);
    await expect(client.session.close({ drainMs: 0, timeoutMs: 50, retry: "now" })).rejects.toEqual(
      coded("ERR_UNDELIVERED"),
    );
  });
});
