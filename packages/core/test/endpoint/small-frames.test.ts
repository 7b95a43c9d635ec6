// Whatever one side writes fits into the frames that the other reads: nothing that users do ends a session.
import { describe, expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { all, pair } from "./pairing.ts";

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const small = { limits: { maxFrameBytes: 1_024 } };
const once = { retry: false } as const;

/** An error with causes, each with as much data as one may have. */
function caused(): Error {
  let error: Error | undefined;
  for (let level = 0; level < 5; level += 1) {
    const data = { rows: "d".repeat(60_000) };
    error = Object.assign(new Error("query failed", { cause: error }), { code: "E_QUERY", data });
  }
  return error as Error;
}

/** Texts of which JSON makes six times as many bytes. */
function escaped(): Error {
  let error: Error | undefined;
  for (let level = 0; level < 5; level += 1) {
    const text = "\0".repeat(8_000);
    error = Object.assign(new Error(text, { cause: error }), { code: "E_ESCAPED" });
  }
  return error as Error;
}

const rethrow = (error: Error): never => {
  throw error;
};

describe.each([
  ["frames as they are by default", {}],
  ["the smallest frames", small],
  ["the smallest frames and messages", { limits: { ...small.limits, maxMessageBytes: 1_024 } }],
])("with %s", (_, reading) => {
  test("an error reaches its caller, with its code and the beginning of its message", async () => {
    const { client, server } = await pair({ client: { ...once, ...reading } });
    server.handle("caused", () => rethrow(caused()));
    server.handle("escaped", () => rethrow(escaped()));
    server.handle("long", () => rethrow(new Error("m".repeat(5_000))));
    server.handle("items", function* () {
      yield 1;
      throw caused();
    });
    server.handle("unwritable", () => ({ toJSON: () => rethrow(new Error("t".repeat(300_000))) }));
    server.handle("slow", () => new Promise((resolve) => setImmediate(resolve, "slow")));
    const innocent = client.call("slow");
    const remote = { code: "E_QUERY", message: "query failed" };
    const thrown = { code: "ERR_REMOTE", ran: "yes" };
    await expect(client.call("caused")).rejects.toMatchObject({ ...thrown, remote });
    await expect(all(client.stream("items"))).rejects.toMatchObject({ ...thrown, remote });
    await expect(client.call("escaped")).rejects.toMatchObject({
      ...thrown,
      remote: { code: "E_ESCAPED" },
    });
    await expect(client.call("long")).rejects.toMatchObject({
      ...thrown,
      message: expect.stringMatching(/^m{500}/),
    });
    await expect(client.call("unwritable")).rejects.toMatchObject({
      ...{ code: "ERR_NOT_SERIALIZABLE", ran: "yes" },
      message: expect.stringContaining("tttt"),
    });
    expect(await innocent).toBe("slow");
    expect(client.state).toBe("open");
  });

  test("what a source throws reaches the handler", async () => {
    const { client, server } = await pair({ client: once, server: reading });
    const heard: unknown[] = [];
    server.handle("read", async (items) => {
      try {
        await all(items as AsyncIterable<unknown>);
      } catch (reason) {
        heard.push(reason);
      }
    });
    server.handle("ok", () => "ok");
    const source = function* () {
      yield 1;
      throw new Error("\0".repeat(8_000));
    };
    await expect(client.upload("read", source())).rejects.toMatchObject({ code: "ERR_SOURCE" });
    await until("the handler is told", () => heard.length === 1);
    expect(heard[0]).toMatchObject({ code: "ERR_REMOTE" });
    expect(await client.call("ok")).toBe("ok");
  });

  test("a trace travels without its state when that is too long", async () => {
    const tracestate = `a=${"x".repeat(2_000)}`;
    const trace = { current: () => ({ traceparent, tracestate }) };
    const { client, server } = await pair({ client: { ...once, trace }, server: reading });
    const heard: unknown[] = [];
    server.on("x", (_data, context) => void heard.push(context.trace?.traceparent));
    server.handle("ok", (_data, context) => context.trace?.traceparent);
    expect(await client.call("ok", "a".repeat(2_000).slice(0, 500))).toBe(traceparent);
    client.send("x");
    client.send("x", new Uint8Array(500));
    await until("both events", () => heard.length === 2);
    expect(heard).toEqual([traceparent, traceparent]);
  });
});

test("a traceparent without end is none", async () => {
  const later = { traceparent: `01${traceparent.slice(2)}-${"x".repeat(10_000)}` };
  const { client, server } = await pair({ client: { ...once, trace: { current: () => later } } });
  server.handle("ok", (_data, { trace }) => trace ?? "none");
  expect(await client.call("ok")).toBe("none");
});

test("long names, long characters and many cancels in one tick fit into small frames", async () => {
  const { client, server } = await pair({ client: once, server: small });
  const names = Array.from({ length: 20 }, (_each, index) => `${"名".repeat(80)}${index}`);
  const heard: unknown[] = [];
  for (const name of names) server.on(name, (data) => void heard.push(data));
  server.handle("wait", () => new Promise(() => {}));
  server.handle("ok", () => "ok");
  const texts = names.map((_name, index) => "字".repeat(3 * index));
  for (const [index, name] of names.entries()) client.send(name, texts[index]);
  await until("all events", () => heard.length === names.length);
  expect(heard).toEqual(texts);
  const controller = new AbortController();
  const { signal } = controller;
  const calls = Array.from({ length: 500 }, () => client.call("wait", 1, { signal }));
  const settled = Promise.allSettled(calls);
  await until("all run", () => server.stats().activeHandlers === 500);
  controller.abort();
  await within("all", settled);
  expect(await client.call("ok")).toBe("ok");
});
