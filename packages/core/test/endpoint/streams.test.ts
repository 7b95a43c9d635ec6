// Streams end on both sides, however their sources and consumers behave, and slow nobody else down.
import { once } from "node:events";
import { connect, contract, duplex, MyelinError, serve, stream, upload } from "myelin";
import { describe, expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { all, freshAddress, keep, pair } from "./pairing.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const never = () => new Promise<never>(() => {});

/** Nothing of a stream is left on either side. */
async function expectQuiet(
  server: { stats(): { activeHandlers: number } },
  client: { stats(): { pendingCalls: number } },
) {
  await until("no handler is left", () => server.stats().activeHandlers === 0);
  expect(client.stats().pendingCalls).toBe(0);
}

describe("sources that fail", () => {
  const iterator = (next: () => unknown) => ({ [Symbol.asyncIterator]: () => ({ next }) });
  test.each<[string, () => unknown, string?]>([
    [
      "throws",
      async function* () {
        yield 1;
        throw new Error("source");
      },
    ],
    ["gives no iterator", () => ({ [Symbol.asyncIterator]: () => undefined })],
    [
      "throws when asked for an iterator",
      () => ({
        [Symbol.iterator]: () => {
          throw new Error("iterator");
        },
      }),
    ],
    ["gives no step", () => iterator(() => undefined)],
    ["promises no step", () => iterator(() => Promise.resolve(undefined))],
    [
      "gives a step that throws",
      () =>
        iterator(() => ({
          get done() {
            throw new Error("done");
          },
        })),
    ],
    ["gives what cannot be sent", () => [1, 10n], "ERR_NOT_SERIALIZABLE"],
    ["is none", () => 5, "ERR_NO_HANDLER"],
  ])("one that %s ends its stream with an error, at both ends", async (_, source, code) => {
    const { server, client } = await pair();
    server.handle("items", source as () => never);
    server.handle("sum", (items) => all(items as AsyncIterable<number>));
    await expect(within("the stream ends", all(client.stream("items")))).rejects.toEqual(
      coded(code ?? "ERR_REMOTE"),
    );
    const given = source();
    if (typeof given === "object") {
      const sent = client.upload("sum", given as Iterable<unknown>);
      const code = Array.isArray(given) ? "ERR_NOT_SERIALIZABLE" : "ERR_SOURCE";
      await expect(within("the upload ends", sent)).rejects.toEqual(coded(code, { ran: "maybe" }));
    }
    await expectQuiet(server, client);
  });

  describe.each(["unix", "tcp"])("the caller's own, over %s", (kind) => {
    const broken = Object.assign(new Error("no such file"), { code: "ENOENT" });
    async function* breaking() {
      yield 1;
      yield 2;
      throw broken;
    }
    const itsOwn = coded("ERR_SOURCE", {
      message: expect.stringContaining("no such file"),
      cause: broken,
      ran: "maybe",
    });

    /** A server that tells what its handlers read, and how that ended for them. */
    async function listening() {
      const ends = await pair({ kind });
      const read: unknown[] = [];
      const failures: unknown[] = [];
      async function* hear(items: AsyncIterable<unknown>) {
        try {
          for await (const item of items) {
            read.push(item);
            yield item;
          }
        } catch (error) {
          failures.push(error);
          throw error;
        }
      }
      ends.server.handle("echo", (items) => hear(items as AsyncIterable<unknown>));
      ends.server.handle("count", async (items) => {
        const heard = all(hear(items as AsyncIterable<unknown>));
        return (await heard.catch(() => [])).length;
      });
      return { ...ends, read, failures };
    }

    test("rejects its upload with what it threw, and reaches the handler", async () => {
      const { server, client, read, failures } = await listening();
      // The handler answers all the same: that comes too late.
      const sent = client.upload("count", breaking());
      await expect(within("the upload ends", sent)).rejects.toEqual(itsOwn);
      await until("the handler has heard", () => failures.length === 1);
      expect(read).toEqual([1, 2]);
      expect(failures).toEqual([
        coded("ERR_REMOTE", {
          remote: { name: "Error", message: "no such file", code: "ENOENT" },
        }),
      ]);
      await expectQuiet(server, client);
    });

    test("ends its duplex with what it threw, and reaches the handler", async () => {
      const { server, client, read, failures } = await listening();
      const items = all(client.duplex("echo", breaking()));
      await expect(within("the duplex ends", items)).rejects.toEqual(itsOwn);
      await until("the handler has heard", () => failures.length === 1);
      expect(read).toEqual([1, 2]);
      await expectQuiet(server, client);
    });

    test("reaches a handler that is at work on what came before", async () => {
      const { server, client, read, failures } = await listening();
      // All of it is there at once.
      async function* breakingAtOnce() {
        yield 1;
        throw broken;
      }
      const items = all(client.duplex("echo", breakingAtOnce()));
      await expect(within("the duplex ends", items)).rejects.toEqual(itsOwn);
      await until("the handler has heard", () => failures.length === 1);
      await expectQuiet(server, client);
      expect(read).toEqual([1]);
      expect(failures).toEqual([coded("ERR_REMOTE")]);
    });

    test("leaves a handler time to end by itself", async () => {
      const { server, client } = await pair({ kind, client: { cancelGraceMs: 3_600_000 } });
      let cleanUp = () => {};
      const cleaning = new Promise<void>((resolve) => {
        cleanUp = resolve;
      });
      let isAborted: boolean | undefined;
      server.handle("items", async (items, { signal }) => {
        await all(items as AsyncIterable<unknown>).catch(() => cleaning);
        isAborted = signal.aborted;
      });
      server.handle("ping", () => "pong");
      await expect(within("the upload", client.upload("items", breaking()))).rejects.toEqual(
        itsOwn,
      );
      // Whatever goes before it has come with it.
      expect(await client.call("ping")).toBe("pong");
      cleanUp();
      await expectQuiet(server, client);
      expect(isAborted).toBe(false);
    });

    test("ends a handler that does not read", async () => {
      const { server, client } = await pair({ kind, client: { cancelGraceMs: 20 } });
      let reason: unknown;
      server.handle("deaf", async function* (_, { signal }) {
        signal.addEventListener("abort", () => {
          reason = signal.reason;
        });
        for (;;) {
          yield "x".repeat(1_000);
          await turns();
        }
      });
      const items = all(client.duplex("deaf", breaking()));
      await expect(within("the duplex ends", items)).rejects.toEqual(itsOwn);
      await until("the handler is told", () => reason !== undefined);
      expect(reason).toEqual(coded("ERR_ABORTED"));
      await expectQuiet(server, client);
    });

    test("is not mistaken for a failure of the library that it passes on", async () => {
      const { client } = await listening();
      const lost = new MyelinError("ERR_CONNECTION_LOST", "another connection", { ran: "no" });
      // oxlint-disable-next-line require-yield -- it has nothing to give
      async function* passing(): AsyncGenerator<number> {
        throw lost;
      }
      await expect(within("the upload", client.upload("count", passing()))).rejects.toEqual(
        coded("ERR_SOURCE", { cause: lost, ran: "maybe" }),
      );
    });
  });

  test("promises among the items of a plain source are waited for, as for await does", async () => {
    const { client, server } = await pair();
    server.handle("take", async (items) => all(items as AsyncIterable<unknown>));
    server.handle("give", function* () {
      yield Promise.resolve(1);
      yield 2;
      yield Promise.resolve([3]);
    });
    expect(await client.upload("take", [Promise.resolve(1), 2, Promise.resolve([3])])).toEqual([
      1,
      2,
      [3],
    ]);
    expect(await all(client.stream("give"))).toEqual([1, 2, [3]]);
    let isClean = false;
    const failing = function* () {
      try {
        yield 1;
        yield Promise.reject(new Error("no"));
        yield 3;
      } finally {
        isClean = true;
      }
    };
    await expect(client.upload("take", failing())).rejects.toMatchObject({ code: "ERR_SOURCE" });
    expect(isClean).toBe(true);
  });

  test("steps that are thenables count once", async () => {
    const { server, client } = await pair();
    let n = 0;
    const next = () => ({
      // oxlint-disable-next-line unicorn/no-thenable -- that is the point
      then(resolve: (step: unknown) => void) {
        const step = { done: n === 3, value: n++ };
        resolve(step);
        resolve(step);
        throw new Error("too late");
      },
    });
    server.handle("items", (() => ({ [Symbol.asyncIterator]: () => ({ next }) })) as never);
    expect(await all(client.stream("items"))).toEqual([0, 1, 2]);
  });
});

describe("consumers that leave", () => {
  const endless = (cleaned: () => void) =>
    async function* () {
      try {
        for (let n = 0; ; n++) yield n;
      } finally {
        cleaned();
      }
    };

  test("a break, a throw and a return end the handler", async () => {
    const { server, client } = await pair();
    let cleaned = 0;
    server.handle(
      "endless",
      endless(() => cleaned++),
    );
    for await (const n of client.stream("endless")) if (n === 5) break;
    const consuming = (async () => {
      for await (const n of client.stream("endless")) if (n === 5) throw new Error("enough");
    })();
    await expect(consuming).rejects.toThrow("enough");
    const items = client.stream("endless")[Symbol.asyncIterator]();
    await items.next();
    await items.return?.();
    expect(await items.next()).toEqual({ done: true, value: undefined });
    await until("all are cleaned up", () => cleaned === 3);
    await expectQuiet(server, client);
  });

  test("a return settles steps that are still awaited, also of a generator that is stuck", async () => {
    const { server, client } = await pair();
    server.handle("stuck", async function* () {
      yield 0;
      await never();
    });
    const items = client.stream("stuck")[Symbol.asyncIterator]();
    await items.next();
    const waiting = items.next();
    await within("return", items.return?.() as Promise<unknown>);
    expect(await within("the step", waiting)).toEqual({ done: true, value: undefined });
    await expectQuiet(server, client);
  });

  test("a stream that waits for a connection can be left", async () => {
    const client = keep(await connect(freshAddress(), { lazy: true }));
    const items = client.stream("x")[Symbol.asyncIterator]();
    const waiting = items.next();
    await turns();
    await within("return", items.return?.() as Promise<unknown>);
    expect(await within("the step", waiting)).toEqual({ done: true, value: undefined });
  });

  test("a handler that returns early stops the source of an upload", async () => {
    const { server, client } = await pair();
    let cleaned = 0;
    server.handle("first", async (items) => {
      for await (const item of items as AsyncIterable<unknown>) return item;
      return undefined;
    });
    server.handle("none", () => "none");
    expect(await client.upload("first", endless(() => cleaned++)())).toBe(0);
    expect(await client.upload("none", endless(() => cleaned++)())).toBe("none");
    await until("both sources are cleaned up", () => cleaned === 2);
    await expectQuiet(server, client);
  });

  test("an item that breaks the contract ends the stream for its producer, too", async () => {
    const number = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: (value: unknown) =>
          typeof value === "number" ? { value } : { issues: [{ message: "no number" }] },
      },
    };
    const checked = contract({
      items: stream({ output: number, validateOutput: true }),
      echo: duplex({ input: number, output: number, validateOutput: true }),
      sum: upload({ input: number, output: number }),
    });
    let cleaned = 0;
    const items = async function* () {
      try {
        for (let n = 0; ; n++) yield (n === 3 ? "three" : n) as number;
      } finally {
        cleaned += 1;
      }
    };
    const server = keep(
      await serve(freshAddress(), {
        contract: checked,
        handlers: {
          items,
          echo: () => items(),
          sum: async (numbers) => (await all(numbers).catch(() => [])).length,
        },
      }),
    );
    const client = keep(await connect(server.address, { contract: checked }));
    await expect(all(client.stream("items"))).rejects.toEqual(coded("ERR_INVALID_DATA"));
    await expect(all(client.duplex("echo", [1]))).rejects.toEqual(coded("ERR_INVALID_DATA"));
    await until("both sources are cleaned up", () => cleaned === 2);
    expect(await client.upload("sum", items())).toBe(0);
    await until("that one, too", () => cleaned === 3);
    await expectQuiet(server, client);
  });

  test("steps that are asked for at once come in order, connected or not yet", async () => {
    const address = freshAddress();
    const client = keep(await connect(address, { lazy: true, retry: { minMs: 1, maxMs: 5 } }));
    const ask = () => {
      const items = client.stream("items")[Symbol.asyncIterator]();
      return Promise.all(Array.from({ length: 4 }, async () => (await items.next()).value));
    };
    const early = ask();
    const server = keep(await serve(address));
    server.handle("items", () => [1, 2, 3]);
    expect(await early).toEqual([1, 2, 3, undefined]);
    expect(await ask()).toEqual([1, 2, 3, undefined]);
  });

  test("a stream is read once", async () => {
    const { server, client } = await pair({ kind: "memory" });
    server.handle("items", () => [1, 2]);
    const items = client.stream("items");
    expect(await all(items)).toEqual([1, 2]);
    await expect(all(items)).rejects.toEqual(coded("ERR_CONFIG"));
    const disposed = client.stream("items");
    await disposed[Symbol.asyncDispose]();
    expect(await all(disposed)).toEqual([]);
  });
});

describe("many, large and slow ones", () => {
  test("two hundred streams at once, of different lengths", async () => {
    const { server, client } = await pair();
    server.handle("count", function* (to: number) {
      for (let n = 0; n < to; n++) yield n;
    } as never);
    const lengths = Array.from({ length: 200 }, (_, n) => 100 + n);
    const streams = lengths.map((length) => all(client.stream("count", length)));
    expect((await Promise.all(streams)).map((items) => items.length)).toEqual(lengths);
    await expectQuiet(server, client);
  });

  test("items larger than the window arrive, in order", async () => {
    const { server, client } = await pair({ kind: "tcp" });
    const sizes = [5, 3_000_000, 10, 1_000_000, 200_000];
    server.handle("text", () => sizes.map((size) => "x".repeat(size)));
    server.handle("bytes", () => sizes.map((size) => new Uint8Array(size)));
    server.handle("sizes", async (items) =>
      (await all(items as AsyncIterable<Uint8Array>)).map(({ length }) => length),
    );
    const text = (await all(client.stream("text"))) as string[];
    expect(text.map(({ length }) => length)).toEqual(sizes);
    const bytes = (await all(client.stream("bytes"))) as Uint8Array[];
    expect(bytes.map(({ length }) => length)).toEqual(sizes);
    const source = sizes.map((size) => new Uint8Array(size));
    expect(await client.upload("sizes", source)).toEqual(sizes);
  });

  test("a consumer that does not read holds up its producer, and no calls beside it", async () => {
    const { server, client } = await pair();
    let made = 0;
    server.handle("endless", function* () {
      for (;;) {
        made += 1;
        yield "x".repeat(1_000);
      }
    });
    server.handle("echo", (data) => data);
    const items = client.stream("endless")[Symbol.asyncIterator]();
    await items.next();
    for (let n = 0; n < 200; n++) expect(await client.call("echo", n)).toBe(n);
    // The first window and what is being collected; not what the consumer never asked for.
    expect(made).toBeLessThan(500);
    const before = made;
    for (let n = 0; n < 200; n++) await client.call("echo", n);
    expect(made).toBe(before);
    for (let n = 0; n < 5_000; n++) await items.next();
    expect(made).toBeGreaterThan(5_000);
    await items.return?.();
    await expectQuiet(server, client);
  });

  test("a peer that closes ends streams in both directions", async () => {
    const { server, client } = await pair();
    server.handle("stuck", () => ({ [Symbol.asyncIterator]: () => ({ next: never }) }));
    server.handle("taking", never);
    const outcomes = Promise.allSettled([
      all(client.stream("stuck")),
      client.upload("taking", { [Symbol.asyncIterator]: () => ({ next: never }) }),
      all(client.duplex("stuck", [1])),
    ]);
    await until("they run", () => server.stats().activeHandlers === 3);
    await server.close({ drainMs: 0 });
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "ERR_CLOSED" } });
    }
  });
});

describe("what has arrived of an upload", () => {
  test.each([
    ["is cancelled", "more is coming", (controller: AbortController) => controller.abort()],
    ["is over", "all is there", (_: unknown, client: { close(): unknown }) => client.close()],
  ])("is dropped when its call %s, though %s", async (_, coming, end) => {
    const { server, client } = await pair();
    let read: unknown;
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    server.handle("take", async (items, { signal }) => {
      begin();
      await once(signal, "abort");
      // A handler that is late: nobody waits for it, and it holds no memory for that.
      const held = server.stats().bufferedBytes;
      read = await all(items as AsyncIterable<unknown>).catch(({ code }) => ({ code, held }));
    });
    const source = async function* () {
      yield* ["one", "x".repeat(10_000)];
      if (coming === "more is coming") await never();
    };
    const controller = new AbortController();
    const call = client.upload("take", source(), { signal: controller.signal });
    const failed = call.catch((error: unknown) => error);
    await begun;
    await until("it has arrived", () => server.stats().bufferedBytes > 10_000);
    void end(controller, client);
    await failed;
    await until("the handler is done", () => read !== undefined);
    expect(read).toEqual({ code: expect.stringMatching(/^ERR_(ABORTED|CLOSED)$/), held: 0 });
  });
});

describe("the place of a cancelled stream", () => {
  const endless = async function* (_: unknown, { signal }: { signal: AbortSignal }) {
    await once(signal, "abort");
    yield 1;
  };
  const stuck = async function* () {
    await never();
    yield 1;
  };
  const busy = coded("ERR_BUSY");

  /** Opens a stream, leaves it, and asks for something else as long as there is no place for it. */
  async function refusals(handler: typeof endless, cancelGraceMs: number): Promise<number> {
    const { server, client } = await pair({
      server: { cancelGraceMs, limits: { maxInboundCalls: 1 } },
    });
    server.handle("items", handler);
    server.handle("ping", () => "pong");
    const items = client.stream("items").start();
    await until("it runs", () => server.stats().activeHandlers === 1);
    await items[Symbol.asyncDispose]();
    let refused = 0;
    for (;;) {
      const answer: unknown = await client.call("ping").catch((error: unknown) => error);
      if (answer === "pong") return refused;
      expect(answer).toEqual(busy);
      refused += 1;
    }
  }

  test("is free when its generator has come to its end", async () => {
    // The cancel goes before the call, and the generator ends at once.
    expect(await within("a place", refusals(endless, 3_600_000))).toBeLessThan(10);
  });

  test("is free after a while when it never does", async () => {
    expect(await within("a place", refusals(stuck, 50))).toBeGreaterThan(0);
  });
});

test("a call of a handler that streams is refused, not answered with an empty object", async () => {
  const { server, client } = await pair();
  let ended = 0;
  server.handle("sync", function* () {
    yield 1;
  });
  server.handle("async", async function* () {
    yield 1;
  });
  server.handle("own", () => ({
    [Symbol.iterator]: () => [][Symbol.iterator](),
    next: () => ({ done: true, value: undefined }),
    return: () => ({ done: true, value: void ended++ }),
  }));
  server.handle("list", () => new Set([1]).values().next());
  for (const name of ["sync", "async", "own"]) {
    await expect(client.call(name)).rejects.toEqual(coded("ERR_NO_HANDLER"));
  }
  expect(ended).toBe(1);
  expect(await client.call("list")).toEqual({ done: false, value: 1 });
});
