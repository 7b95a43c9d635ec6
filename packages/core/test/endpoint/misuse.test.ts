// What programs without types may give: refused at once, with a code.
import { getEventListeners } from "node:events";
import {
  type ConnectOptions,
  connect,
  MemoryRegistry,
  memory,
  type ServerPeer,
  serve,
  type Transport,
} from "myelin";
import { describe, expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep, pair } from "./pairing.ts";

const coded = (code: string) => expect.objectContaining({ code });

/** What programs without types pass by mistake. */
const odd: Readonly<Record<string, unknown>> = {
  null: null,
  number: 5,
  text: "x",
  bool: true,
  object: {},
  list: [null],
  empty: [],
  // As querystring.parse() makes them: nothing turns it into text.
  bare: Object.create(null),
  date: new Date(0),
  symbol: Symbol("odd"),
};

describe("odd values", () => {
  const objects = "null number text bool symbol";
  test.each([
    ...["contract", "clock", "trace"].map((key) => [key, Object.keys(odd).join(" ")]),
    ...["transports", "codecs", "use"].map((key) => [key, `${objects} object list date`]),
    ...["resume", "heartbeat", "handlers", "events", "limits"].map((key) => [
      key,
      `${objects} empty`,
    ]),
    ...["unix", "tcp", "tls", "udp"].map((key) => [key, `${objects} empty`]),
    ["signal", Object.keys(odd).join(" ")],
    ["slowPeer", Object.keys(odd).join(" ")],
    ["exposeErrors", Object.keys(odd).join(" ")],
    ["callTimeoutMs", "null text bool object list bare date symbol"],
    ...["insecureTransport", "exposeStacks", "unref"].map((key) => [key, "null number text bare"]),
  ] as [string, string][])("of %s are refused by both ends: %s", async (key, kinds) => {
    const { server } = await pair({ kind: "memory" });
    for (const kind of kinds.split(" ")) {
      const options = { [key]: odd[kind] } as object;
      await expect(serve(freshAddress("memory"), options)).rejects.toEqual(coded("ERR_CONFIG"));
      await expect(connect(server.address, options)).rejects.toEqual(coded("ERR_CONFIG"));
    }
    expect(server.stats().peers).toBe(1);
  });

  test("of authorize let nobody in by mistake", async () => {
    for (const authorize of [...Object.values(odd), { myelyn: () => false }, { myelin: 1 }]) {
      const served = serve(freshAddress("memory"), { authorize } as object);
      await expect(served).rejects.toEqual(coded("ERR_CONFIG"));
    }
  });

  test.each([
    ["secret", "both"],
    ["authorize", "serve"],
    ["tls.ca", "both"],
    ["tls.crl", "both"],
    ["tls.requestCert", "both"],
    ["tls.rejectUnauthorized", "both"],
  ])("of %s that are not set in the environment let nobody in by mistake", async (path, who) => {
    const [key = "", inner = key] = path.split(".");
    const unset = process.env["MYELIN_NOBODY_SETS_THIS"];
    const options = (inner === key ? { [key]: unset } : { [key]: { [inner]: unset } }) as object;
    const refused = {
      code: "ERR_CONFIG",
      message: expect.stringContaining(`\`${inner}\` is given`),
    };
    await expect(serve("tls://127.0.0.1:0", options)).rejects.toMatchObject(refused);
    if (who === "serve") return;
    await expect(connect("tls://127.0.0.1:1", options)).rejects.toMatchObject(refused);
  });

  test.each(["retry", "offline", "meta"])("of connect's %s are refused", async (key) => {
    const { server } = await pair({ kind: "memory" });
    for (const value of [null, 5, "x", true, []]) {
      const wrong = connect(server.address, { [key]: value });
      await expect(wrong).rejects.toEqual(coded("ERR_CONFIG"));
    }
  });

  test.each([null, { retry: { minMs: 500, maxMs: 100 } }, { retry: { maxAttempts: 1.5 } }])(
    "of connect that contradict each other, or are none, are refused: %j",
    async (options) => {
      const { server } = await pair({ kind: "memory" });
      const wrong = connect(server.address, options as ConnectOptions);
      await expect(wrong).rejects.toEqual(coded("ERR_CONFIG"));
    },
  );

  test("options that are undefined are left out", async () => {
    const options: object = {
      retry: { minMs: undefined, maxMs: 1, maxAttempts: Number.POSITIVE_INFINITY },
      offline: { policy: "queue", maxMessages: undefined, maxAgeMs: undefined },
    };
    const client = keep(await connect(freshAddress(), { lazy: true, ...options }));
    for (let n = 0; n < 10_000; n += 1) client.send("news");
    expect(() => client.send("news")).toThrow(coded("ERR_QUEUE_FULL"));
  });

  test("options that a method does not have are refused, and what it has is said", async () => {
    const { client, server, peer } = await pair({ server: { handlers: { ok: () => "ok" } } });
    const options = { timeout: 100 } as object;
    const tried: readonly (readonly [string, () => unknown])[] = [
      ["send", () => client.send("x", 1, options)],
      ["post", () => client.post("x", 1, options)],
      ["call", () => client.call("ok", 1, options)],
      ["upload", () => client.upload("ok", [1], options)],
      ["stream", () => client.stream("ok", 1, options)],
      ["duplex", () => client.duplex("ok", [1], options)],
      ["on", () => client.on("x", () => {}, options)],
      ["onState", () => client.onState(() => {}, options)],
      ["onDrain", () => peer.onDrain(() => {}, options)],
      ["onNotice", () => peer.onNotice(() => {}, options)],
      ["flush", () => client.flush(options)],
      ["close", () => client.close(options)],
      ["onPeer", () => server.onPeer(() => {}, options)],
      ["broadcast", () => server.broadcast("x", 1, options)],
      ["ask", () => server.ask("ok", 1, options)],
    ];
    for (const [method, attempt] of tried) {
      await expect(Promise.resolve().then(attempt)).rejects.toMatchObject({
        code: "ERR_CONFIG",
        message: expect.stringContaining(`${method}() has no option "timeout"; it has `),
      });
    }
    // One that is left undefined is left out; `post` has those of `send` and more.
    expect(await client.call("ok", 1, { timeout: undefined, timeoutMs: 5_000 } as object)).toBe(
      "ok",
    );
    const { signal } = new AbortController();
    await client.post("x", 1, { signal, timeoutMs: 5_000, copy: true, bytes: [new Uint8Array(1)] });
  });

  test("that methods are given are refused, and the session goes on", async () => {
    const { server, client, peer } = await pair({ server: { handlers: { ok: () => "ok" } } });
    // What is odd everywhere: no text, no object, no function.
    for (const value of [null, 5, true, Symbol("odd")] as never[]) {
      const tried: (() => unknown)[] = [
        () => client.send(value),
        () => client.send("x", 1, value),
        () => client.post(value),
        () => client.post("x", 1, value),
        () => client.post("x", 1, { signal: value }),
        () => client.call(value),
        () => client.call("ok", 1, value),
        () => client.call("ok", 1, { signal: value }),
        () => client.stream(value),
        () => client.stream("ok", 1, value),
        () => client.stream("ok", 1, { signal: value }),
        () => client.upload("ok", value),
        () => client.duplex("ok", value),
        () => client.on(value, () => {}),
        () => client.on("x", value),
        () => client.on("x", () => {}, value),
        () => client.on("x", () => {}, { signal: value }),
        () => client.handle("x", value),
        () => client.onState(value),
        () => client.onDrain(value),
        () => client.onNotice(() => {}, value),
        () => client.flush(value),
        () => client.flush({ signal: value }),
        () => client.close(value),
        () => server.onPeer(value),
        () => server.onNotice(value),
        () => server.broadcast(value),
        () => server.broadcast("x", 1, value),
        () => server.broadcast("x", 1, { except: value }),
        () => server.ask(value),
        () => server.ask("ok", 1, value),
        () => server.ask("ok", 1, { signal: value }),
        () => server.close(value),
        () => peer.join(value),
      ];
      for (const attempt of tried) {
        const settled = Promise.resolve().then(attempt);
        await expect(settled, String(attempt)).rejects.toEqual(coded("ERR_CONFIG"));
      }
    }
    expect(await client.call("ok")).toBe("ok");
  });
});

test("a signal that many subscriptions have gets one listener, and ends them all", async () => {
  const { client } = await pair({ kind: "memory" });
  const controller = new AbortController();
  const { signal } = controller;
  const told: string[] = [];
  for (let n = 0; n < 12; n += 1) {
    client.onState((state) => void told.push(state), { signal });
    client.onDrain(() => {}, { signal });
    client.on("x", () => {}, { signal });
  }
  // Node warns of eleven.
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  controller.abort();
  await client.close();
  expect(told).toEqual([]);
});

test("options that are no object are refused", async () => {
  const { server } = await pair({ kind: "memory" });
  for (const options of [5, "x", true, Symbol("odd")] as never[]) {
    await expect(serve(freshAddress("memory"), options)).rejects.toEqual(coded("ERR_CONFIG"));
    await expect(connect(server.address, options)).rejects.toEqual(coded("ERR_CONFIG"));
  }
});

test("options and sources that throw when they are read did not run anything", async () => {
  const { client } = await pair({ kind: "memory", server: { handlers: { ok: () => "ok" } } });
  const cause = new Error("no");
  const thrower = (): never => {
    throw cause;
  };
  const trap = new Proxy({}, { get: thrower, has: thrower }) as never;
  const getter = {
    get signal() {
      return thrower();
    },
  };
  const tried: (() => unknown)[] = [
    () => client.call("ok", 1, trap),
    () => client.call("ok", 1, getter),
    () => client.upload("ok", trap),
    () => client.upload("ok", [], getter),
    () => client.stream("ok", 1, getter),
    () => client.duplex("ok", trap),
  ];
  for (const attempt of tried) {
    const settled = Promise.resolve().then(attempt);
    const error = { code: "ERR_CONFIG", ran: "no", cause };
    await expect(settled, String(attempt)).rejects.toMatchObject(error);
  }
  expect(await client.call("ok")).toBe("ok");
});

test("what only looks like a signal is refused each time that it is used", async () => {
  const { client } = await pair({ kind: "memory", server: { handlers: { ok: () => "ok" } } });
  const signal = {
    addEventListener() {
      throw new Error("no signal");
    },
    removeEventListener() {},
  } as unknown as AbortSignal;
  for (let n = 0; n < 2; n += 1) {
    await expect(client.call("ok", 1, { signal })).rejects.toEqual(coded("ERR_CONFIG"));
  }
  expect(await client.call("ok")).toBe("ok");
});

test("a function that listens twice is heard twice, and each subscription ends alone", async () => {
  const { server, client } = await pair();
  const heard: unknown[] = [];
  const listener = (data: unknown): void => void heard.push(data);
  const first = server.on("x", listener);
  const second = server.on("x", listener);
  client.send("x", "both");
  await client.flush();
  first.dispose();
  first.dispose();
  client.send("x", "one");
  await client.flush();
  second.dispose();
  client.send("x", "none");
  await client.flush();
  expect(heard).toEqual(["both", "both", "one"]);
});

describe("a secret over tcp beyond this machine", () => {
  const secret = "sixteen bytes at least, at random";
  const far = { scheme: "tcp", host: "192.0.2.1", port: 9 } as const;

  /** Inherited sockets: only they know where they lead. */
  function inherited(listens: object = { address: far }): Transport {
    const inner = memory({ registry: new MemoryRegistry() });
    const at = { scheme: "memory", name: "inherited" } as const;
    const known = <Of extends object>(value: Of, more: object): Of =>
      new Proxy(value, {
        get: (of, key) => {
          const given: unknown = Reflect.get({ ...of, ...more }, key) ?? Reflect.get(of, key, of);
          return typeof given === "function" ? (given.bind(of) as unknown) : given;
        },
      });
    return {
      ...inner,
      scheme: "fd",
      dial: async (_, options) => known(await inner.dial(at, options), { remote: far }),
      listen: async (_, onConnection, options) =>
        known(await inner.listen(at, onConnection, options), listens),
    };
  }

  test("is refused over inherited sockets, too, unless it is wanted", async () => {
    const transports = [inherited()];
    const error = coded("ERR_CONFIG");
    await expect(serve("fd:3", { transports, secret })).rejects.toEqual(error);
    // The refused listener is closed, or this could not listen.
    keep(await serve("fd:3", { transports, secret, insecureTransport: true }));
    await expect(connect("fd:4", { transports, secret })).rejects.toEqual(error);
    keep(await connect("fd:4", { transports, secret, insecureTransport: true }));
  });

  test("is refused when one of several inherited sockets leads there", async () => {
    const near = { ...far, host: "127.0.0.1" };
    const transports = [inherited({ addresses: [near, far] })];
    await expect(serve("fd:3", { transports, secret })).rejects.toEqual(coded("ERR_CONFIG"));
    const server = keep(await serve("fd:3", { transports }));
    expect(server.addresses).toEqual(["tcp://127.0.0.1:9", "tcp://192.0.2.1:9"]);
  });
});

describe("limits that the other end is told", () => {
  test.each(["maxMessageBytes", "maxFrameBytes", "windowBytes", "streamWindowBytes"])(
    "%s: what the wire cannot say is refused at once",
    async (key) => {
      const { server } = await pair({ kind: "memory" });
      for (const value of [0, 1_023, 5_000.5, Number.POSITIVE_INFINITY, 2 ** 54]) {
        const limits = { [key]: value };
        await expect(serve(freshAddress(), { limits })).rejects.toEqual(coded("ERR_CONFIG"));
        await expect(connect(server.address, { limits })).rejects.toEqual(coded("ERR_CONFIG"));
      }
      const limits = { [key]: 1_024 };
      const served = keep(await serve(freshAddress(), { limits }));
      keep(await connect(served.address, { limits }));
    },
  );

  test.each(["windowMessages", "maxBinaryBytes", "maxOpenMessages"])(
    "%s: the same",
    async (key) => {
      const { server } = await pair({ kind: "memory" });
      for (const value of [0, 1.5, Number.POSITIVE_INFINITY]) {
        const limits = { [key]: value };
        await expect(serve(freshAddress(), { limits })).rejects.toEqual(coded("ERR_CONFIG"));
        await expect(connect(server.address, { limits })).rejects.toEqual(coded("ERR_CONFIG"));
      }
    },
  );
});

describe("options", () => {
  test.each([
    ["a number", { a: 5 }],
    ["nothing", { a: undefined }],
    ["too much", { a: "x".repeat(20_000) }],
  ])(
    "a client that cannot say what it is to say of itself learns it at once: %s",
    async (_, meta) => {
      const server = keep(await serve(freshAddress("memory")));
      const wrong = connect(server.address, { meta: meta as never, timeoutMs: 0 });
      await expect(within("an error", wrong)).rejects.toEqual(coded("ERR_CONFIG"));
      await until("it is gone", () => server.stats().peers === 0);
    },
  );

  test.each([undefined, null, 5, {}])("%j is no address", async (given) => {
    const none = coded("ERR_INVALID_ADDRESS");
    await expect(serve(given as never)).rejects.toEqual(none);
    await expect(connect(given as never)).rejects.toEqual(none);
  });

  test.each([null, 5])("%j is none for a call", async (given) => {
    const { client } = await pair();
    await expect(client.call("x", 1, given as never)).rejects.toEqual(coded("ERR_CONFIG"));
    expect(() => client.stream("x", 1, given as never)).toThrow(coded("ERR_CONFIG"));
  });
});

test("an audience that throws when looked at is refused with a code", async () => {
  const { server } = await pair();
  const fail = (): never => {
    throw new Error("bomb");
  };
  const to = new Proxy([], { get: fail }) as unknown as string;
  expect(() => server.broadcast("x", 1, { to })).toThrow(coded("ERR_CONFIG"));
  await expect(server.ask("x", 1, { to })).rejects.toEqual(coded("ERR_CONFIG"));
});

test("options that nobody knows, or a `to` that is undefined, do not reach everybody", async () => {
  const { client, server } = await pair();
  for (const options of [{ too: "room" }, { to: undefined }, { drainMS: 5 }] as object[]) {
    expect(() => server.broadcast("x", 1, options)).toThrow(coded("ERR_CONFIG"));
    await expect(server.ask("x", 1, options)).rejects.toEqual(coded("ERR_CONFIG"));
  }
  const mistyped = { drainMS: 5 } as object;
  await expect(server.close(mistyped)).rejects.toEqual(coded("ERR_CONFIG"));
  await expect(client.close(mistyped)).rejects.toEqual(coded("ERR_CONFIG"));
  expect(client.state).toBe("open");
  expect(server.broadcast("x", 1, { except: undefined }).accepted).toBe(1);
});

test("a text in place of a number is shown as a text", async () => {
  const options = { limits: { maxPeers: "1" } } as object;
  await expect(serve(freshAddress("memory"), options)).rejects.toThrow('not "1"');
});

test("handlers and listeners that are methods of a class are refused, and not left out", async () => {
  class Service {
    subtract(): number {
      return -1;
    }
  }
  class Bound extends Service {
    readonly add = (): number => -this.subtract();
  }
  const refused = {
    code: "ERR_CONFIG",
    message: expect.stringContaining('"subtract" is inherited'),
  };
  for (const option of ["handlers", "events"]) {
    const options = { [option]: new Service() } as object;
    await expect(serve(freshAddress(), options)).rejects.toMatchObject(refused);
    await expect(connect(freshAddress(), { lazy: true, ...options })).rejects.toMatchObject(
      refused,
    );
  }
  const { add } = new Bound();
  for (const handlers of [new Bound() as object, Object.assign(Object.create(null), { add })]) {
    const server = keep(await serve(freshAddress(), { handlers }));
    const client = keep(await connect(server.address));
    expect(await client.call("add")).toBe(1);
  }
});

test("a server that is closed, or closes, asks nobody", async () => {
  const server = keep(await serve(freshAddress()));
  const closed = server.close();
  await expect(server.ask("anything")).rejects.toMatchObject({ code: "ERR_CLOSED" });
  await closed;
  await expect(server.ask("anything")).rejects.toMatchObject({ code: "ERR_CLOSED" });
});

test("a peer that has left is missing where it is asked, and refuses what is broadcast to it", async () => {
  const server = keep(await serve(freshAddress()));
  const handlers = { name: () => "here" };
  const one = keep(await connect(server.address, { handlers }));
  const [gone] = [...server.peers.values()] as [ServerPeer];
  await one.close();
  await gone.closed;
  keep(await connect(server.address, { handlers }));
  const [there] = [...server.peers.values()] as [ServerPeer];
  const answers = [{ peer: there, value: "here" }];
  expect(await server.ask("name", undefined, { to: gone })).toEqual({
    ...{ ok: false, answers: [], failures: [], missing: [gone] },
  });
  expect(await server.ask("name", undefined, { to: { id: gone.id } })).toMatchObject({
    ...{ ok: false, missing: [{ id: gone.id }] },
  });
  expect(await server.ask("name", undefined, { to: [there, gone] })).toEqual({
    ...{ ok: false, answers, failures: [], missing: [gone] },
  });
  expect(await server.ask("name", undefined, { to: [there, gone], want: 1 })).toMatchObject({
    ...{ ok: true, answers, missing: [gone] },
  });
  expect(await server.ask("name", undefined, { except: gone })).toMatchObject({
    ok: true,
    answers,
  });
  const counts = server.broadcast("event", 1, { to: [there, gone] });
  expect(counts).toEqual({ accepted: 1, dropped: 0, refused: 1 });
});
