// Handlers and listeners that give or throw what no program should: none of it is the peer's fault.
// oxlint-disable unicorn/no-thenable -- odd things are what is given here
import { describe, expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { all, pair } from "./pairing.ts";

/** Anything that looks at it throws. */
function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** What answers no question whether it has something, but can be read otherwise. */
const unasked = (): object => new Proxy({}, { has: () => rethrow(revoked()) });

type Settle = (value: unknown) => void;

/** A promise that calls back as it likes. */
function withThen(then: (resolve: Settle, reject: Settle) => void): Promise<unknown> {
  return Object.assign(Promise.resolve(0), { then });
}

/** A source whose `return` cannot be read. */
const unending = (): AsyncIterable<unknown> => ({
  [Symbol.asyncIterator]: () => ({
    next: async () => ({ value: "item", done: false }),
    get return(): never {
      throw new Error("bomb");
    },
  }),
});

describe("a source whose return cannot be read", () => {
  const reading = async function* (items: unknown) {
    yield* items as AsyncIterable<unknown>;
  };

  test("ends when its reader leaves, and the session goes on", async () => {
    const { client, server } = await pair({ client: { retry: false } });
    server.handle("items", unending);
    server.handle("ok", () => "ok");
    for await (const item of client.stream("items")) {
      expect(item).toBe("item");
      break;
    }
    expect(await client.call("ok")).toBe("ok");
    await until("the handler's end", () => server.stats().activeHandlers === 0);
    expect(client.state).toBe("open");
  });

  test("ends with the upload that is aborted, timed out or answered early", async () => {
    const { client, server } = await pair({ client: { retry: false } });
    server.handle("read", async (items) => {
      for await (const _ of items as AsyncIterable<unknown>) await new Promise(setImmediate);
    });
    server.handle("one", async (items) => {
      for await (const item of items as AsyncIterable<unknown>) return item;
      return undefined;
    });
    const controller = new AbortController();
    const both = Promise.allSettled([
      client.upload("read", unending(), { signal: controller.signal }),
      client.upload("read", unending(), { timeoutMs: 20 }),
    ]);
    expect(await client.upload("one", unending())).toBe("item");
    controller.abort();
    expect(await within("both", both)).toMatchObject([
      { reason: { code: "ERR_ABORTED" } },
      { reason: { code: "ERR_TIMEOUT" } },
    ]);
    expect(client.state).toBe("open");
  });

  test("ends with the duplex whose reader leaves", async () => {
    const { client, server } = await pair({ client: { retry: false } });
    server.handle("both", reading as () => unknown);
    server.handle("ok", () => "ok");
    for await (const _ of client.duplex("both", unending())) break;
    expect(await client.call("ok")).toBe("ok");
  });
});

describe("a listener", () => {
  test.each<[string, () => unknown]>([
    ["throws", () => rethrow(revoked())],
    ["rejects with", async () => rethrow(revoked())],
    [
      "gives a promise that rejects twice with",
      () =>
        withThen((_, reject) => {
          reject(revoked());
          reject(revoked());
        }),
    ],
  ])("%s what throws when looked at: it is told, and the session goes on", async (_, listener) => {
    const { client, server, notices } = await pair({ client: { retry: false } });
    server.on("x", listener);
    server.handle("ok", () => "ok");
    client.send("x");
    expect(await client.call("ok")).toBe("ok");
    await until("it is told", () => notices.length === 1);
    expect(notices[0]).toMatchObject({ kind: "listener-failed", name: "x" });
    expect(client.state).toBe("open");
  });

  test("whose promise throws in then is told of, and the session goes on", async () => {
    const { client, server, notices } = await pair({ client: { retry: false } });
    server.on("x", () => withThen(() => rethrow(new Error("then"))));
    server.handle("ok", () => "ok");
    client.send("x");
    expect(await client.call("ok")).toBe("ok");
    await until("it is told", () => notices.length === 1);
    expect(notices[0]).toMatchObject({ error: { message: "then" } });
  });

  test("whose promise calls back twice holds one place of the window, and frees it once", async () => {
    const { client, server } = await pair({ server: { limits: { windowMessages: 2 } } });
    let heard = 0;
    server.on("x", () => {
      heard += 1;
      return withThen((resolve) => {
        resolve(1);
        resolve(2);
      });
    });
    for (let n = 0; n < 10; n += 1) client.send("x");
    await client.flush();
    expect(heard).toBe(10);
    expect(client.state).toBe("open");
  });
});

describe("a handler", () => {
  test.each<[string, () => unknown]>([
    ["throws it", () => rethrow(revoked())],
    ["rejects with it", async () => rethrow(revoked())],
    ["gives it", revoked],
    ["resolves with it", async () => unasked()],
    ["gives one that answers nothing", unasked],
    ["gives a promise that throws", () => withThen(() => rethrow(revoked()))],
  ])("%s: what throws when looked at settles its call", async (_, handler) => {
    const { client, server } = await pair({ client: { retry: false } });
    server.handle("x", handler);
    server.handle("ok", () => "ok");
    await client.call("x").catch((error: unknown) => {
      expect(error).toMatchObject({ code: "ERR_REMOTE", ran: "yes" });
    });
    await expect(all(client.stream("x"))).rejects.toMatchObject({ code: "ERR_REMOTE" });
    expect(await client.call("ok")).toBe("ok");
    expect(server.stats().peers).toBe(1);
  });
});

function rethrow(reason: unknown): never {
  throw reason;
}

test("a source that gives no results is an error, and not without end", async () => {
  const { client, server } = await pair();
  server.handle("numbers", () => ({ [Symbol.iterator]: () => ({ next: () => 5 }) as never }));
  server.handle("later", () => ({
    [Symbol.asyncIterator]: () => ({ next: async () => 5 }) as never,
  }));
  for (const name of ["numbers", "later"]) {
    await expect(all(client.stream(name))).rejects.toMatchObject({
      code: "ERR_REMOTE",
      message: expect.stringContaining("next() gave no object"),
    });
  }
});

test.each(["sync", "async"])("a source that stops its own stream is left: %s", async (kind) => {
  const { client, server } = await pair();
  server.handle("take", async (items) => {
    for await (const _ of items as AsyncIterable<unknown>);
  });
  const controller = new AbortController();
  let isLeft = false;
  const sync = function* () {
    try {
      yield 1;
      controller.abort();
      yield 2;
    } finally {
      isLeft = true;
    }
  };
  const source = async function* () {
    yield* sync();
  };
  const items = kind === "sync" ? sync() : source();
  const upload = client.upload("take", items, { signal: controller.signal });
  await expect(upload).rejects.toMatchObject({ code: "ERR_ABORTED" });
  await until("it is left", () => isLeft);
});

test("a promise that a source gives with its last breath is not left alone", async () => {
  const { client, server } = await pair();
  server.handle("take", async (items) => {
    for await (const _ of items as AsyncIterable<unknown>);
  });
  const unhandled: unknown[] = [];
  const listener = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", listener);
  const controller = new AbortController();
  const items = function* () {
    yield 1;
    controller.abort();
    yield Promise.reject(new Error("nobody hears of it"));
  };
  const upload = client.upload("take", items(), { signal: controller.signal });
  await expect(upload).rejects.toMatchObject({ code: "ERR_ABORTED" });
  await turns();
  process.off("unhandledRejection", listener);
  expect(unhandled).toEqual([]);
});
