// node-ipc 14's parsers: the classes, the profiles they make, and parsers of the program's own.
import { createRequire } from "node:module";
import { inspect } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { freePort } from "../../../test/support/free-port.ts";
import { certificates } from "./certificates.ts";
import {
  clientOf,
  collect,
  connectTcp,
  failureOf,
  next,
  open,
  pair,
  serveLocal,
  serveTcp,
  socketRoot,
} from "./scenario.ts";
import {
  type Config,
  everyVersion,
  type Ipc,
  type IpcModule,
  loadOurs,
  ours,
  type Parser,
  type ParserClass,
  type Peer,
} from "./versions.ts";
import { dial, frame } from "./wire-peer.ts";

type Coded = Error & { code: string };

const require = createRequire(import.meta.url);
const with14 = everyVersion.filter(({ name }) => !name.includes("9.2.1"));

type Classes = Pick<
  IpcModule,
  "Parser" | "RawParser" | "FastParser" | "GuardedParser" | "AssuredParser" | "IPCProtocolError"
>;
const modules: [string, () => Classes][] = with14.map(({ name }) => [
  name,
  name === "ours" ? loadOurs : () => require("node-ipc-14") as Classes,
]);

const base = ours.create().config;

describe.each(modules)("the parser classes of %s", (_name, load) => {
  test("Parser and FastParser are one: frames of JSON with the delimiter", () => {
    const { Parser, FastParser } = load();
    expect(FastParser).toBe(Parser);
    const parser = new Parser(base);
    expect(parser).toMatchObject({ profile: "fast", raw: false, delimiter: "\f" });
    expect(parser.encode("a", { n: 1 })).toBe('{"type":"a","data":{"n":1}}\f');
    expect(parser.encode("a")).toBe('{"type":"a","data":{}}\f');
    expect(parser.format({ type: "a", data: null })).toBe('{"type":"a","data":null}\f');
    expect(new Parser().encode("a", 1)).toBe('{"type":"a","data":1}\f');
    expect(new Parser({ ...base, delimiter: "\n" }).encode("a", 1)).toBe('{"type":"a","data":1}\n');
  });

  test("read reports whole messages and returns what is left", () => {
    const parser = new (load().Parser)(base);
    const received: unknown[] = [];
    const receive = (message: unknown) => received.push(message);
    const first = parser.read("", '{"type":"a","data":1}\f{"type":"b","da', receive);
    expect(first).toBe('{"type":"b","da');
    expect(parser.read(first, 'ta":2}\f', receive)).toBe("");
    expect(received).toEqual([
      { type: "a", data: 1 },
      { type: "b", data: 2 },
    ]);
  });

  test("push, parse and decode are its parts", () => {
    const parser = new (load().Parser)(base);
    expect(parser.push("x", "y\fz")).toEqual({ events: ["xy"], remainder: "z" });
    expect(parser.parse("1\f2\f3")).toEqual(["1", "2"]);
    expect(parser.decode('{"type":"a","data":[1]}')).toEqual({ type: "a", data: [1] });
  });

  test("decode of no JSON throws an IPCProtocolError with its code, and quotes nothing", () => {
    const { Parser, IPCProtocolError } = load();
    let error: unknown;
    try {
      new Parser(base).decode('{"type":"a","data":hunter2}');
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(IPCProtocolError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "IPCProtocolError", code: "ERR_IPC_INVALID_JSON" });
    expect(inspect(error)).not.toContain("hunter");
  });

  test("RawParser leaves bytes alone", () => {
    const parser = new (load().RawParser)({ ...base, encoding: "hex" });
    expect(parser).toMatchObject({ profile: "raw", raw: true });
    const bytes = Buffer.from([1, 2]);
    expect(parser.encode(bytes)).toBe(bytes);
    expect(parser.encode("00ff")).toEqual(Buffer.from([0, 255]));
    expect(parser.encode([3])).toEqual(Buffer.from([3]));
    const received: unknown[] = [];
    parser.read("", bytes as never, (data) => received.push(data));
    expect(received).toEqual([bytes]);
  });

  const thrownBy = (act: () => unknown): string | undefined => {
    try {
      act();
      return undefined;
    } catch (error) {
      return (error as Coded).code ?? (error as Error).name;
    }
  };

  test("GuardedParser holds both directions to names and sizes", () => {
    const parser = new (load().GuardedParser)({
      ...base,
      maxMessageSize: 100,
      maxEventNameLength: 10,
    });
    expect(parser.profile).toBe("guarded");
    expect(parser.encode("fine", 1)).toBe('{"type":"fine","data":1}\f');
    const names: [unknown, string][] = [
      ["", "ERR_IPC_INVALID_EVENT"],
      [5, "ERR_IPC_INVALID_EVENT"],
      [null, "ERR_IPC_INVALID_EVENT"],
      ["constructor", "ERR_IPC_EVENT_TOO_LARGE"], // Longer than ten.
      ["__proto__", "ERR_IPC_INVALID_EVENT"],
      ["toString", "ERR_IPC_INVALID_EVENT"],
      ["error", "ERR_IPC_RESERVED_EVENT"],
      ["data", "ERR_IPC_RESERVED_EVENT"],
      ["connect", "ERR_IPC_RESERVED_EVENT"],
    ];
    for (const [name, code] of names) {
      expect(thrownBy(() => parser.encode(name))).toBe(code);
      expect(thrownBy(() => parser.decode(JSON.stringify({ type: name })))).toBe(code);
    }
    expect(thrownBy(() => parser.encode("large", "é".repeat(50)))).toBe("ERR_IPC_FRAME_TOO_LARGE");
    expect(thrownBy(() => parser.push("", "x".repeat(101)))).toBe("ERR_IPC_FRAME_TOO_LARGE");
    for (const text of ["null", "5", "[]", '"text"']) {
      expect(thrownBy(() => parser.decode(text))).toBe("ERR_IPC_INVALID_MESSAGE");
    }
  });

  test("allowReservedEvents is for guarded only", () => {
    const { GuardedParser, AssuredParser } = load();
    const config = { ...base, allowReservedEvents: true, allowedEvents: ["error"] };
    expect(thrownBy(() => new GuardedParser(config).encode("error", 1))).toBeUndefined();
    expect(thrownBy(() => new AssuredParser(config).encode("error", 1))).toBe(
      "ERR_IPC_RESERVED_EVENT",
    );
  });

  test("AssuredParser knows only allowedEvents, a list or a Set", () => {
    const { AssuredParser } = load();
    for (const allowedEvents of [["a"], new Set(["a"])]) {
      const parser = new AssuredParser({ ...base, allowedEvents });
      expect(parser.profile).toBe("assured");
      expect(parser.encode("a", 1)).toBe('{"type":"a","data":1}\f');
      expect(thrownBy(() => parser.encode("b"))).toBe("ERR_IPC_EVENT_NOT_ALLOWED");
      expect(thrownBy(() => parser.decode('{"type":"b"}'))).toBe("ERR_IPC_EVENT_NOT_ALLOWED");
    }
    for (const allowedEvents of [false, [], new Set(), "a"]) {
      expect(thrownBy(() => new AssuredParser({ ...base, allowedEvents }))).toBe("TypeError");
    }
  });

  test("limits that are no limits throw TypeError", () => {
    const { GuardedParser } = load();
    for (const bad of [0, -1, 1.5, Number.NaN, "large"]) {
      const config = { ...base, maxMessageSize: bad as number };
      expect(thrownBy(() => new GuardedParser(config))).toBe("TypeError");
    }
    expect(thrownBy(() => new GuardedParser({ ...base, messageTimeout: 0 }))).toBeUndefined();
  });
});

/** JSON text in reverse, a line each: a wire of the program's own. */
class ReversedLines {
  encode(type: unknown, data: unknown): string {
    return `${[...JSON.stringify([type, data])].reverse().join("")}\n`;
  }

  read(remainder: string, chunk: string, receive: (message: unknown) => void): string {
    const lines = (remainder + chunk).split("\n");
    const rest = lines.pop() ?? "";
    for (const line of lines) {
      const [type, data] = JSON.parse([...line].reverse().join("")) as [string, unknown];
      receive({ type, data });
    }
    return rest;
  }
}

describe.each(with14)("config.parser with $name", (version) => {
  test.each<[string, unknown]>([
    ["a class", ReversedLines],
    ["an object", new ReversedLines()],
  ])("%s of the program's own", async (_, parser) => {
    const { client, server, peer } = await pair(version, { parser });
    const atServer = collect(server, "n");
    const atClient = collect(client, "n");
    client.emit("n", { text: "é漢🚀" });
    server.broadcast("n", 1);
    server.emit(peer, "n", 2);
    await atServer.atLeast(1);
    await atClient.atLeast(2);
    expect(atServer.data).toEqual([{ text: "é漢🚀" }]);
    expect(atClient.data).toEqual([1, 2]);
    const wire = await dial(server.path);
    wire.send(']1,"n"[\n');
    await atServer.atLeast(2);
    expect(atServer.data[1]).toBe(1);
  });

  test("a class of the program's own gets the config", () => {
    const seen: unknown[] = [];
    class Watching extends ReversedLines {
      constructor(config: unknown) {
        super();
        seen.push(config);
      }
    }
    const ipc = open(version, { parser: Watching });
    ipc.serve();
    expect(seen[0]).toBe(ipc.config);
  });

  test("a parser that may return Buffers", async () => {
    class Bytes extends ReversedLines {
      override encode(type: unknown, data: unknown): never {
        return Buffer.from(super.encode(type, data)) as never;
      }
    }
    const { client, server } = await pair(version, { parser: Bytes });
    const heard = collect(server, "n");
    client.emit("n", "é漢🚀");
    await heard.atLeast(1);
    expect(heard.data).toEqual(["é漢🚀"]);
  });

  test.each<[string, unknown]>([
    ["an unknown name", "fastest"],
    ["a number", 5],
    ["an object without read", { encode: () => "" }],
    ["an object without encode", { read: () => "" }],
  ])("%s throws TypeError from serve and from connectTo", (_, parser) => {
    const ipc = open(version, { parser });
    expect(() => ipc.serve()).toThrow(TypeError);
    expect(() => ipc.connectTo("world")).toThrow(TypeError);
  });

  test("guarded: emit throws what it would not take itself", async () => {
    const { client, server, peer } = await pair(version, { parser: "guarded" });
    expect(() => client.emit("connect")).toThrow(
      expect.objectContaining({ code: "ERR_IPC_RESERVED_EVENT" }),
    );
    expect(() => server.emit(peer, "")).toThrow(
      expect.objectContaining({ code: "ERR_IPC_INVALID_EVENT" }),
    );
    const heard = collect(server, "n");
    client.emit("n", 1);
    await heard.atLeast(1);
  });

  test.each([
    ["a reserved name", frame("error"), "ERR_IPC_RESERVED_EVENT"],
    ["a name of objects", frame("__proto__"), "ERR_IPC_INVALID_EVENT"],
    ["a long name", frame("n".repeat(257)), "ERR_IPC_EVENT_TOO_LARGE"],
    ["a message over 1 MiB", frame("n", "x".repeat(2 ** 20)), "ERR_IPC_FRAME_TOO_LARGE"],
    ["over 1 MiB without end", "x".repeat(2 ** 20 + 1), "ERR_IPC_FRAME_TOO_LARGE"],
    ["no object", "null\f", "ERR_IPC_INVALID_MESSAGE"],
  ])("finding 13: guarded cuts a peer that sends %s", async (_, bytes, code) => {
    const guarded: Partial<Config> = { parser: "guarded" };
    if (version.name !== "ours") {
      Object.assign(guarded, { maxMessageSize: 2 ** 20, maxEventNameLength: 256 });
    }
    const server = await serveLocal(open(version, guarded));
    const errors = collect<[Coded]>(server, "error");
    const forged = collect(server, "__proto__");
    const wire = await dial(server.path);
    wire.send(bytes);
    await wire.untilClosed();
    expect(errors.calls).toHaveLength(1);
    expect(errors.data[0]).toMatchObject({ name: "IPCProtocolError", code });
    expect(forged.calls).toEqual([]);
  });

  test("guarded keeps the limits that the program sets", async () => {
    const { client, server } = await pair(version, {
      parser: "guarded",
      maxMessageSize: 3 * 2 ** 20,
    });
    const heard = collect<[string]>(server, "n");
    client.emit("n", "x".repeat(2 * 2 ** 20));
    await heard.atLeast(1);
  });

  test("assured: a local server and client with the allowed events", async () => {
    const assured = {
      parser: "assured",
      allowedEvents: ["ask", "answer"],
      secureSocketRoot: true,
    } satisfies Partial<Config>;
    const { client, server } = await pair(version, assured);
    const heard = collect(server, "ask");
    client.emit("ask", 1);
    await heard.atLeast(1);
    expect(() => client.emit("other")).toThrow(
      expect.objectContaining({ code: "ERR_IPC_EVENT_NOT_ALLOWED" }),
    );
    const errors = collect<[Coded]>(server, "error");
    (await dial(server.path)).send(frame("other"));
    await errors.atLeast(1);
    expect(errors.data[0]).toMatchObject({ code: "ERR_IPC_EVENT_NOT_ALLOWED" });
  });

  test("assured without allowedEvents throws TypeError", () => {
    expect(() => open(version, { parser: "assured" }).serve()).toThrow(TypeError);
  });
});

describe("assured, and what it does not do without", () => {
  const made = certificates("server", "client");
  afterAll(made.remove);
  const assured = {
    parser: "assured",
    allowedEvents: ["n"],
    secureSocketRoot: true,
  } satisfies Partial<Config>;

  const startFailure = (ipc: Ipc) =>
    failureOf(
      () => ipc.server,
      () => ipc.server.start(),
    );

  describe.each(with14)("with $name", (version) => {
    test.each(["tcp", "udp4"] as const)("a server on plain %s is refused", async (kind) => {
      const ipc = open(version, assured);
      ipc.serveNet("127.0.0.1", await freePort(kind), ...(kind === "udp4" ? [kind] : []));
      expect(await startFailure(ipc)).toMatchObject({ code: "ERR_IPC_ASSURED_TRANSPORT" });
    });

    test("a client on plain TCP is refused", async () => {
      const ipc = open(version, { ...assured, maxRetries: 0 });
      const port = await freePort();
      const error = await failureOf(
        () => ipc.of["world"],
        () => ipc.connectToNet("world", "127.0.0.1", port),
      );
      expect(error).toMatchObject({ code: "ERR_IPC_ASSURED_TRANSPORT" });
    });

    test("a local path outside of socketRoot is refused", async () => {
      const ipc = open(version, assured);
      ipc.serve(`${socketRoot()}elsewhere`);
      expect(await startFailure(ipc)).toMatchObject({ code: "ERR_IPC_ASSURED_TRANSPORT" });
    });

    test("TLS that is not mutual is refused, on both sides", async () => {
      const oneSided = { private: made.server.private, public: made.server.public };
      const ipc = open(version, { ...assured, tls: oneSided, maxRetries: 0 });
      ipc.serveNet("127.0.0.1", await freePort());
      expect(await startFailure(ipc)).toMatchObject({ code: "ERR_IPC_ASSURED_TLS" });
      const error = await failureOf(
        () => ipc.of["world"],
        () => ipc.connectToNet("world", "127.0.0.1", 9),
      );
      expect(error).toMatchObject({ code: "ERR_IPC_ASSURED_TLS" });
    });

    test("mutual TLS works", async () => {
      const serving = open(version, {
        ...assured,
        tls: {
          private: made.server.private,
          public: made.server.public,
          trustedConnections: [made.client.public],
          requestCert: true,
          rejectUnauthorized: true,
        },
      });
      const server = await serveTcp(serving);
      const heard = collect(server, "n");
      const connecting = open(version, {
        ...assured,
        tls: {
          private: made.client.private,
          public: made.client.public,
          trustedConnections: [made.server.public],
          rejectUnauthorized: true,
        },
      });
      const client = await connectTcp(connecting, server.port as number);
      client.emit("n", 1);
      await heard.atLeast(1);
    });
  });
});

describe("the MessageParser of parsers/message", () => {
  const load = () =>
    (require("../parsers/message.js") as { MessageParser: ParserClass }).MessageParser;

  test("makes an `error` event of what is no JSON, and the connection stays", async () => {
    const ipc = open(ours, { parser: load() });
    const server = await serveLocal(ipc);
    const errors = collect<[{ message: string; err: Error; response: string }, Peer]>(
      server,
      "error",
    );
    const heard = collect(server, "n");
    const accepted = next<[Peer]>(server, "connect");
    const wire = await dial(server.path);
    const [peer] = await accepted;
    wire.send(`garbage\f${frame("n", 1)}`);
    await heard.atLeast(1);
    expect(errors.data).toHaveLength(1);
    expect(errors.data[0]).toMatchObject({
      message: "Invalid JSON response format",
      response: "garbage",
    });
    expect(errors.data[0]?.err).toBeInstanceOf(Error);
    expect(errors.calls[0]?.[1]).toBe(peer);
    expect(wire.closed).toBe(false);
  });

  test("otherwise does as the fast one", async () => {
    const { client, server } = await pair(ours, { parser: load() });
    const heard = collect(server, "n");
    client.emit("n", { a: 1 });
    client.emit("n");
    await heard.atLeast(2);
    expect(heard.data).toEqual([{ a: 1 }, {}]);
    const parser: Parser = new (load())(base);
    expect(parser.encode("n", null)).toBe('{"type":"n","data":null}\f');
  });
});

describe("profiles of our own rules", () => {
  test("finding 20: GuardedParser refuses names that every object has; the default takes them", async () => {
    const { client, server } = await pair();
    const heard = collect(server, "toString");
    client.emit("toString", 1);
    await heard.atLeast(1);
    const guarded = await pair(ours, { parser: "guarded" });
    expect(() => guarded.client.emit("toString")).toThrow(
      expect.objectContaining({ code: "ERR_IPC_INVALID_EVENT" }),
    );
  });

  test("finding 13: guarded's own limits are for what the program left at its default", async () => {
    const parser = new (loadOurs().GuardedParser)(base) as Parser & Record<string, unknown>;
    expect(parser).toMatchObject({
      maxMessageSize: 2 ** 20,
      maxPendingBytes: 8 * 2 ** 20,
      maxEventNameLength: 256,
      messageTimeout: 30_000,
    });
    const own = { maxMessageSize: 5, maxPendingBytes: 6, maxEventNameLength: 7, messageTimeout: 8 };
    expect(new (loadOurs().GuardedParser)({ ...base, ...own })).toMatchObject(own);
  });

  test("a guarded client cuts a server that breaks its rules and does not come back", async () => {
    const { client, server, peer, connecting } = await pair(ours, {}, { parser: "guarded" });
    const errors = collect<[Coded]>(client, "error");
    const destroyed = next(client, "destroy");
    server.emit(peer, "error", "not for a guarded client");
    await destroyed;
    expect(errors.data).toHaveLength(1);
    expect(errors.data[0]).toMatchObject({ code: "ERR_IPC_RESERVED_EVENT" });
    expect(clientOf(connecting)).toBe(client);
  });
});
