import { call, contract, duplex, event, type StandardSchema, stream, upload } from "myelin";
import { describe, expect, test } from "vitest";
import { isContract } from "../../src/contract/contract.ts";

const refused = (what: string) =>
  expect.objectContaining({ code: "ERR_CONFIG", message: expect.stringContaining(what) });

const schema: StandardSchema<string> = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as string }) },
};

describe("a contract", () => {
  test("in its flat form says what the server handles", () => {
    const world = contract({ greet: call<string, string>(), progress: event<number>() });
    expect([...world.server.keys()]).toEqual(["greet", "progress"]);
    expect(world.client.size).toBe(0);
    expect(world.name).toBeUndefined();
    expect(world.version).toBeUndefined();
  });

  test("says what each side handles", () => {
    const world = contract({ server: { greet: call() }, client: { notice: event() } });
    expect([...world.server.keys()]).toEqual(["greet"]);
    expect([...world.client.keys()]).toEqual(["notice"]);
    expect(contract({ client: { notice: event() } }).server.size).toBe(0);
  });

  test("takes server and client for names where they are entries", () => {
    const flat = contract({ server: call(), client: event() });
    expect([...flat.server.keys()]).toEqual(["server", "client"]);
  });

  test("has a name, a version and errors that callers may see", () => {
    const world = contract({}, { name: "world", version: "1.2", errors: ["NO_SUCH_ROOM"] });
    expect(world).toMatchObject({ name: "world", version: "1.2" });
    expect(world.errors.has("NO_SUCH_ROOM")).toBe(true);
  });

  test("does not change any more", () => {
    const entries = { greet: call() };
    const world = contract(entries);
    Object.assign(entries, { later: call() });
    expect([...world.server.keys()]).toEqual(["greet"]);
    expect(Object.isFrozen(world)).toBe(true);
    expect(Object.isFrozen(world.server.get("greet"))).toBe(true);
  });

  test("is told from other things, also one of another copy of the library", () => {
    expect(isContract(contract({}))).toBe(true);
    expect(isContract({ [Symbol.for("myelin.contract")]: true })).toBe(true);
    for (const other of [{}, { server: {} }, null, undefined, "contract", contract]) {
      expect(isContract(other)).toBe(false);
    }
  });
});

describe("an entry", () => {
  test("knows its kind, its schemas and its codec", () => {
    expect(call({ input: schema, output: schema, codec: "tagged", validateOutput: false })).toEqual(
      expect.objectContaining({
        kind: "call",
        input: schema,
        output: schema,
        codec: "tagged",
        validateOutput: false,
      }),
    );
    const plain = { input: undefined, output: undefined, codec: "json", validateOutput: true };
    expect(event()).toMatchObject({ kind: "event", ...plain });
    expect(stream()).toMatchObject({ kind: "stream", ...plain });
    expect(upload()).toMatchObject({ kind: "upload", ...plain });
    expect(duplex({ codec: "acme/msgpack" })).toMatchObject({ codec: "acme/msgpack" });
  });

  test("takes a schema that is a function", () => {
    const callable = Object.assign(() => {}, schema);
    expect(event({ input: callable }).input).toBe(callable);
  });

  test.each<[string, () => unknown]>([
    [
      'call(): there is no option "ouput"; there is input, codec',
      () => call({ ouput: 1 } as never),
    ],
    ['event(): there is no option "output"', () => event({ output: schema } as never)],
    ["call(): the options must be an object", () => call(null as never)],
    ["call(): the options must be an object, such as { input", () => call(schema as never)],
    ["input must be a schema that follows Standard Schema", () => event({ input: {} } as never)],
    ["output must be a schema", () => call({ output: { "~standard": { version: 2 } } } as never)],
    ["codec must be json, tagged, structured", () => event({ codec: "msgpack" } as never)],
    ["codec must be", () => event({ codec: 1 } as never)],
    ["validateOutput must be a boolean", () => call({ validateOutput: 1 } as never)],
  ])("with a mistake is refused: %s", (message, make) => {
    expect(make).toThrow(refused(message));
  });
});

describe("names", () => {
  test("may be those of every object's properties", () => {
    const odd = ["constructor", "toString", "hasOwnProperty", "then", "__proto__"];
    const world = contract(Object.fromEntries(odd.map((name) => [name, event()])));
    expect([...world.server.keys()]).toEqual(odd);
    expect(world.server.get("valueOf")).toBeUndefined();
  });

  test("may have 256 bytes of UTF-8, and no more", () => {
    expect(contract({ ["é".repeat(128)]: event() }).server.size).toBe(1);
    expect(() => contract({ [`${"é".repeat(128)}x`]: event() })).toThrow(
      refused("has 257 bytes, the limit is 256"),
    );
  });

  test.each<[string, () => unknown]>([
    ["the name of an entry is empty", () => contract({ "": event() })],
    ["no valid Unicode", () => contract({ "\ud800": event() })],
    ["must be text, not Symbol(x)", () => contract({ [Symbol("x")]: event() } as never)],
    ["its name is empty", () => contract({}, { name: "" })],
    ["its version must be text, not number", () => contract({}, { version: 1 as never })],
    ["the name or code of an error must be text", () => contract({}, { errors: [1 as never] })],
    ['said about it as "nmae"', () => contract({}, { nmae: "world" } as never)],
    // What `{ __proto__: event() }` is: an object without entries and with another prototype.
    ["must be a plain object", () => contract({ __proto__: event() } as never)],
    ["what the client handles must be a plain object", () => contract({ client: [] } as never)],
    ["the entries must be a plain object", () => contract([event()] as never)],
    ["the entries must be a plain object", () => contract(undefined as never)],
    ["what it says about itself must be a plain object", () => contract({}, "world" as never)],
    ['"greet" is not made by event(), call()', () => contract({ greet: {} } as never)],
    ["the parentheses may be missing", () => contract({ greet: call } as never)],
    [
      'beside what the server handles stands "notice"',
      () => contract({ server: {}, notice: event() } as never),
    ],
    [
      'beside what the server handles stands "client"',
      () => contract({ server: {}, client: event() } as never),
    ],
  ])("and shapes that cannot be are refused: %s", (message, make) => {
    expect(make).toThrow(refused(message));
  });
});
