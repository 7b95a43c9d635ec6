// What a message may carry beside plain JSON: bytes, data of other codecs, a place in a trace.
import {
  type Codec,
  call,
  connect,
  contract,
  event,
  type Notice,
  serve,
  stream,
  upload,
} from "myelin";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { all, freshAddress, keep, pair } from "./pairing.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });

const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => void process.on("unhandledRejection", onUnhandled));
afterEach(() => {
  process.off("unhandledRejection", onUnhandled);
  expect(unhandled.splice(0)).toEqual([]);
});

const filled = (length: number, value: number) => new Uint8Array(length).fill(value);

describe("bytes up to 64 KiB are the sender's again at once", () => {
  // In pieces of half a frame, each sent when its turn comes.
  test.each([1024 * 1024, 32 * 1024])("with frames of at most %s bytes", async (maxFrameBytes) => {
    const { server, client } = await pair({ server: { limits: { maxFrameBytes } } });
    const heard: Uint8Array[] = [];
    server.on("x", (data) => void heard.push(data as Uint8Array));
    server.handle("first", (data) => (data as Uint8Array).every((each) => each === 1));
    client.send("begins the tick");
    const bytes = filled(40_000, 1);
    client.send("x", bytes);
    const call = client.call("first", bytes);
    bytes.fill(2);
    expect(await call).toBe(true);
    async function* reused() {
      for (let item = 1; item <= 20; item++) {
        yield bytes.fill(item);
        bytes.fill(0xdd);
      }
    }
    server.handle("items", async (items) => {
      for await (const item of items as AsyncIterable<Uint8Array>) heard.push(item);
    });
    await client.upload("items", reused());
    await client.flush();
    expect(heard.map((each) => [each.length, new Set(each).size])).toEqual(
      heard.map(() => [40_000, 1]),
    );
    expect(heard.map(([first]) => first)).toEqual([1, ...heard.slice(1).map((_, at) => at + 1)]);
  });
});

describe("bytes beside data", () => {
  test.each(["unix", "tcp", "memory"])(
    "arrive as they were, in memory of their own, over %s",
    async (kind) => {
      const { server, client, peer } = await pair({ kind });
      const heard: [unknown, readonly Uint8Array[]][] = [];
      const listen = (data: unknown, { bytes }: { bytes: readonly Uint8Array[] }) => {
        for (const each of bytes) expect(each.buffer.byteLength).toBe(each.length);
        heard.push([data, bytes]);
      };
      server.on("x", listen);
      client.on("x", listen);
      server.handle("sum", (data, { bytes }) => {
        return [data, bytes.reduce<number>((sum, each) => sum + each.length, 0)];
      });
      const parts = [filled(3, 1), filled(0, 0), filled(70_000, 2), filled(300_000, 3)];
      client.send("x", { n: 1 }, { bytes: parts });
      client.send("x", undefined, { bytes: [filled(1, 9)] });
      client.send("x", "none");
      await client.post("x", [2], { bytes: [filled(5_000, 4)] });
      expect(await client.call("sum", "all", { bytes: parts })).toEqual(["all", 370_003]);
      await client.flush();
      expect(heard).toEqual([
        [{ n: 1 }, parts],
        [undefined, [filled(1, 9)]],
        ["none", []],
        [[2], [filled(5_000, 4)]],
      ]);
      heard.length = 0;
      peer.send("x", "down", { bytes: [filled(2, 5)] });
      expect(server.broadcast("x", "all", { bytes: [filled(2, 6)] })).toMatchObject({
        accepted: 1,
      });
      await peer.flush();
      expect(heard).toEqual([
        ["down", [filled(2, 5)]],
        ["all", [filled(2, 6)]],
      ]);
    },
  );

  test("are the sender's again at once, whatever waits", async () => {
    const { server, client } = await pair({ server: { limits: { windowMessages: 1 } } });
    const heard: number[] = [];
    server.on("x", (_, { bytes }) => void heard.push(bytes[0]?.[0] ?? -1));
    const bytes = filled(100_000, 0);
    for (let n = 1; n <= 20; n++) {
      bytes.fill(n);
      client.send("x", n, { bytes: [bytes] });
    }
    bytes.fill(0xdd);
    await client.flush();
    expect(heard).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  });

  test("copy: true makes large data the library's own, too", async () => {
    const { server, client } = await pair({ server: { limits: { windowMessages: 1 } } });
    const heard: unknown[] = [];
    server.on("x", (data) => void heard.push((data as Uint8Array)[0]));
    server.handle("items", async (items) => {
      for await (const each of items as AsyncIterable<Uint8Array>) heard.push(each[0]);
    });
    const data = filled(100_000, 0);
    for (let n = 1; n <= 5; n++) {
      data.fill(n);
      client.send("x", data, { copy: true });
    }
    data.fill(0xdd);
    await client.flush();
    function* source() {
      for (let n = 6; n <= 10; n++) yield data.fill(n);
    }
    await client.upload("items", source(), { copy: true });
    expect(heard).toEqual(Array.from({ length: 10 }, (_, n) => n + 1));
  });

  test("wait for a connection with their data", async () => {
    const address = freshAddress("memory");
    const client = keep(await connect(address, { lazy: true, retry: { minMs: 1, maxMs: 5 } }));
    client.send("x", 1, { bytes: [filled(2, 1)] });
    const answer = client.call("length", 2, { bytes: [filled(7, 1)] });
    const heard: unknown[] = [];
    keep(
      await serve(address, {
        events: { x: (data, { bytes }) => void heard.push([data, bytes]) },
        handlers: { length: (_, { bytes }) => bytes[0]?.length },
      }),
    );
    expect(await within("the answer", answer)).toBe(7);
    expect(heard).toEqual([[1, [filled(2, 1)]]]);
  });

  test("have the limit of bytes, and their data that of messages", async () => {
    const { client } = await pair({
      server: { limits: { maxBinaryBytes: 200_000, maxMessageBytes: 100_000 } },
    });
    const tooLarge = coded("ERR_TOO_LARGE");
    expect(() => client.send("x", 1, { bytes: [filled(200_001, 1)] })).toThrow(tooLarge);
    expect(() => client.send("x", "y".repeat(100_001), { bytes: [filled(1, 1)] })).toThrow(
      tooLarge,
    );
    client.send("x", "y".repeat(90_000), { bytes: [filled(200_000, 1)] });
    await client.flush();
  });
});

/** A codec of a program's own, that shows when it is used. */
const reversed: Codec = {
  id: 20,
  name: "test/reversed",
  encode: (value) => [...JSON.stringify(value)].reverse().join(""),
  decode: (bytes) => JSON.parse([...bytes.toString()].reverse().join("")),
};
const other: Codec = { ...reversed, id: 21, name: "test/other" };

const rich = contract({
  server: {
    echo: call<unknown, unknown>({ codec: "test/reversed" }),
    clone: call<unknown, unknown>({ codec: "structured" }),
    news: event<unknown>({ codec: "test/reversed" }),
    count: stream<number, unknown>({ codec: "structured" }),
    gather: upload<unknown, unknown>({ codec: "test/reversed" }),
  },
  client: { told: event<unknown>({ codec: "test/reversed" }) },
});
const handlers = {
  echo: (data: unknown) => data,
  clone: (data: unknown) => data,
  *count(to: number) {
    for (let n = 0; n < to; n++) yield new Map([[n, new Date(n)]]);
  },
  gather: (items: AsyncIterable<unknown>) => all(items),
};

describe("codecs by agreement", () => {
  test.each(["local", "tcp"])("carry everything both ways, over %s", async (kind) => {
    const address = kind === "tcp" ? "tcp://127.0.0.1:0" : freshAddress("memory");
    const both = { contract: rich, codecs: [other, reversed], structured: true };
    const server = keep(await serve(address, { ...both, handlers }));
    const client = keep(await connect(server.address, { ...both, codecs: [reversed] }));
    const heard: unknown[] = [];
    server.on("news", (data) => void heard.push(data));
    client.on("told", (data) => void heard.push(data));
    expect(await client.call("echo", { a: [1, "ünï"] })).toEqual({ a: [1, "ünï"] });
    const odd = new Map([[new Date(0), new Set([1n])]]);
    expect(await client.call("clone", odd)).toEqual(odd);
    client.send("news", { n: 1 });
    await client.flush();
    server.broadcast("told", [2]);
    await until("all is heard", () => heard.length === 2);
    expect(heard).toEqual([{ n: 1 }, [2]]);
    expect(await all(client.stream("count", 2))).toEqual([
      new Map([[0, new Date(0)]]),
      new Map([[1, new Date(1)]]),
    ]);
    expect(await client.upload("gather", ["x".repeat(100_000), { y: 1 }])).toEqual([
      "x".repeat(100_000),
      { y: 1 },
    ]);
  });

  test("are refused where the peer has not agreed", async () => {
    const server = keep(
      await serve("tcp://127.0.0.1:0", { contract: rich, codecs: [reversed], handlers }),
    );
    const plain = keep(await connect(server.address));
    const client = keep(
      await connect(server.address, { contract: rich, codecs: [reversed], structured: true }),
    );
    // The server does not offer structured clone over tcp by itself.
    await expect(client.call("clone", 1)).rejects.toEqual(coded("ERR_UNSUPPORTED", { ran: "no" }));
    expect(await client.call("echo", 1)).toBe(1);
    // The plain one reads no such answer, and gets no such event.
    await expect(plain.call("echo", 1)).rejects.toEqual(coded("ERR_NOT_SERIALIZABLE"));
    const told = new Promise((resolve) => client.on("told", resolve, { once: true }));
    expect(server.broadcast("told", "x")).toMatchObject({ accepted: 1, refused: 1 });
    expect(await within("the one", told)).toBe("x");
    expect(plain.state).toBe("open");
  });

  test("structured clone is there by itself where only this user can be", async () => {
    const bare = contract({ clone: call<unknown, unknown>({ codec: "structured" }) });
    const server = keep(
      await serve(freshAddress("memory"), { contract: bare, handlers: { clone: (data) => data } }),
    );
    const client = keep(await connect(server.address, { contract: bare }));
    expect(await client.call("clone", new Set([1]))).toEqual(new Set([1]));
    const refusing = keep(await connect(server.address, { contract: bare, structured: false }));
    await expect(refusing.call("clone", 1)).rejects.toEqual(coded("ERR_UNSUPPORTED"));
  });

  test("a contract whose codec is missing is a mistake", async () => {
    const serving = serve(freshAddress(), { contract: rich, handlers, codecs: [other] });
    await expect(serving).rejects.toMatchObject({
      code: "ERR_CONFIG",
      message: expect.stringContaining("test/reversed"),
    });
  });

  test("what had not left a lost session is written anew for the one after it", async () => {
    const settings = { contract: rich, handlers };
    const news: unknown[] = [];
    const never = () => new Promise(() => {});
    const server = keep(
      await serve(freshAddress(), {
        ...settings,
        codecs: [other, reversed],
        limits: { windowMessages: 1 },
        events: { news: never },
      }),
    );
    const { address } = server;
    // In another order: numbers on the wire are those of one session.
    const client = keep(
      await connect(address, {
        contract: rich,
        codecs: [other, reversed],
        retry: { minMs: 1, maxMs: 5 },
      }),
    );
    for (let n = 0; n < 5; n++) client.send("news", { n });
    await turns();
    for (const peer of server.peers.values()) {
      (peer as unknown as { session: { abort(error: Error): void } }).session.abort(
        new Error("dead"),
      );
    }
    await server.close();
    keep(
      await serve(address, {
        ...settings,
        codecs: [reversed],
        events: { news: (data) => void news.push(data) },
      }),
    );
    await until("the rest is heard", () => news.length === 4);
    expect(news).toEqual([1, 2, 3, 4].map((n) => ({ n })));
  });
});

describe("keys __proto__", () => {
  test("are own keys, as a rule", async () => {
    const { server, client } = await pair();
    server.handle("keys", (data) => Object.keys(data as object));
    const data: unknown = JSON.parse('{"__proto__":{"polluted":true}}');
    expect(await client.call("keys", data)).toEqual(["__proto__"]);
    expect(({} as { polluted?: true }).polluted).toBeUndefined();
  });

  test.each([
    ["in a batch", (data: unknown) => data],
    ["in a message of its own", (data: unknown) => [data, "x".repeat(100_000)]],
  ])("end the connection where that is asked for, %s", async (_, wrap) => {
    const { server, client } = await pair({
      server: { rejectProtoKeys: true },
      client: { retry: false },
    });
    let heard = 0;
    server.on("x", () => void heard++);
    client.send("x", wrap({ text: "__proto__ and \u0001 in text are fine" }));
    await client.flush();
    client.send("x", wrap({ deep: [JSON.parse('{"__proto__":1}')] }));
    expect(await within("the end", client.closed)).toMatchObject({ error: coded("ERR_BAD_FRAME") });
    expect(heard).toBe(1);
  });
});

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

describe("a place in a trace", () => {
  test("travels with events, calls, streams and what waits", async () => {
    let current: unknown = { traceparent, tracestate: "vendor=1" };
    const heard: unknown[] = [];
    const tell = (_: unknown, { trace }: { trace: unknown }) => void heard.push(trace);
    const server = keep(
      await serve(freshAddress(), {
        events: { x: tell },
        handlers: { x: tell, items: (_, { trace }) => [trace] },
      }),
    );
    const client = keep(
      await connect(server.address, { lazy: true, trace: { current: () => current as never } }),
    );
    client.send("x"); // waits for the connection
    current = { traceparent };
    await client.call("x");
    expect(await all(client.stream("items"))).toEqual([{ traceparent }]);
    current = undefined;
    client.send("x");
    await client.call("x", "large".repeat(100_000));
    expect(heard).toEqual([
      { traceparent, tracestate: "vendor=1" },
      { traceparent },
      undefined,
      undefined,
    ]);
  });

  test.each([
    undefined,
    null,
    "text",
    {},
    { traceparent: "00-0" },
    { traceparent: traceparent.toUpperCase() },
    { traceparent: traceparent.replace(/^00/, "ff") },
    { traceparent: traceparent.replace("0af7651916cd43dd8448eb211c80319c", "0".repeat(32)) },
    { traceparent: `${traceparent}-more` },
  ])("that is none is not sent: %j", async (given) => {
    const { server, client } = await pair({ client: { trace: { current: () => given as never } } });
    server.handle("x", (_, { trace }) => trace ?? "none");
    expect(await client.call("x")).toBe("none");
  });

  test("a propagator that throws harms nobody, and a state that is broken is left out", async () => {
    const given = [
      () => {
        throw new Error("no");
      },
      () => ({ traceparent, tracestate: "ünï" }),
      () => ({ traceparent, tracestate: "x".repeat(9_000) }),
    ];
    const { server, client } = await pair({
      client: { trace: { current: () => (given.shift() as () => never)() } },
    });
    server.handle("x", (_, { trace }) => trace ?? "none");
    expect(await client.call("x")).toBe("none");
    expect(await client.call("x")).toEqual({ traceparent });
    expect(await client.call("x")).toEqual({ traceparent });
  });

  test("headers over the limit end the connection of who sent them", async () => {
    const { server, client } = await pair({
      server: { limits: { maxHeaderBytes: 60 } },
      client: { retry: false, trace: { current: () => ({ traceparent, tracestate: "x=1" }) } },
    });
    const notices: Notice[] = [];
    server.onNotice((notice) => void notices.push(notice));
    client.send("x");
    expect(await within("the end", client.closed)).toMatchObject({ error: coded("ERR_PROTOCOL") });
  });
});

test("middleware is given all that a handler is, and the data", async () => {
  const seen: unknown[] = [];
  const { server, client, peer } = await pair({
    client: { trace: { current: () => ({ traceparent }) } },
    server: {
      use: [
        async ({ bytes, data, kind, name, peer: from, signal, trace }, next) => {
          seen.push({ bytes, data, kind, name, from, trace, isAborted: signal.aborted });
          const answer = next();
          if (name === "slow") {
            await new Promise((resolve) => signal.addEventListener("abort", resolve));
            seen.push(signal.reason);
          }
          return answer;
        },
      ],
    },
  });
  server.handle("x", () => "answered");
  server.handle("slow", () => {});
  expect(await client.call("x", 1, { bytes: [filled(2, 7)] })).toBe("answered");
  const more = { kind: "call", from: peer, trace: { traceparent }, isAborted: false };
  expect(seen).toEqual([{ ...more, bytes: [filled(2, 7)], data: 1, name: "x" }]);
  const slow = client.call("slow", 2, { timeoutMs: 20 });
  await expect(slow).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
  await until("the handler's end", () => seen.length === 3);
  expect(seen[2]).toMatchObject({ code: "ERR_TIMEOUT" });
});

test("a propagator that is asynchronous, and rejects, is of no use and does no harm", async () => {
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): void => void rejections.push(reason);
  process.on("unhandledRejection", onRejection);
  const current = async (): Promise<never> => Promise.reject(new Error("no context"));
  const { server, client } = await pair({
    client: { trace: { current: current as unknown as () => undefined } },
  });
  server.handle("x", (_data, { trace }) => trace ?? "none");
  expect(await client.call("x")).toBe("none");
  await new Promise(setImmediate);
  process.off("unhandledRejection", onRejection);
  expect(rejections).toEqual([]);
});
