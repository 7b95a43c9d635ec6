import fc from "fast-check";
import { isMyelinError, MyelinError } from "myelin";
import { describe, expect, test } from "vitest";
import type { RemoteError } from "../../../src/errors.ts";
import {
  decodeRemoteError,
  type EncodeErrorOptions,
  type ErrorIdentity,
  encodeRemoteError,
  remoteError,
} from "../../../src/session/calls/remote-error.ts";

const full: EncodeErrorOptions = { expose: "full", stacks: false };

/** What the other end makes of it, through JSON as the wire has it. */
function afterTravel(thrown: unknown, options: EncodeErrorOptions = full): RemoteError {
  return decodeRemoteError(JSON.parse(JSON.stringify(encodeRemoteError(thrown, options))));
}

function causesOf(record: RemoteError): RemoteError[] {
  return record.cause === undefined ? [record] : [record, ...causesOf(record.cause)];
}

describe("an error that a handler threw", () => {
  test("keeps name, code, message, data and cause", () => {
    const cause = Object.assign(new TypeError("not so"), { code: "E_TYPE" });
    const error = Object.assign(new RangeError("too much", { cause }), {
      code: "E_RANGE",
      data: { limit: 5, names: ["a", null], at: new Date(0) },
    });
    expect(afterTravel(error)).toEqual({
      name: "RangeError",
      code: "E_RANGE",
      message: "too much",
      data: { limit: 5, names: ["a", null], at: "1970-01-01T00:00:00.000Z" },
      cause: { name: "TypeError", code: "E_TYPE", message: "not so" },
    });
  });

  test("shows its stack only when asked to", () => {
    const error = new Error("no", { cause: new Error("why") });
    expect(afterTravel(error)).not.toHaveProperty("stack");
    const withStack = afterTravel(error, { expose: "full", stacks: true });
    expect(withStack.stack).toContain("remote-error.test.ts");
    expect(withStack.cause?.stack).toContain("remote-error.test.ts");
  });

  test("may be one of the platform's, which have only getters", () => {
    const abort = AbortSignal.abort().reason as unknown;
    expect(afterTravel(abort)).toEqual({
      name: "AbortError",
      message: "This operation was aborted",
    });
  });

  test.each([
    ["text", { name: "Error", message: "text" }],
    [undefined, { name: "Error", message: "undefined" }],
    [null, { name: "Error", message: "null" }],
    [5n, { name: "Error", message: "5" }],
    [Symbol("s"), { name: "Error", message: "Symbol(s)" }],
    [() => "source", { name: "Error", message: "a value was thrown that is no error" }],
    [{ odd: 1 }, { name: "Error", message: "a value was thrown that is no error" }],
    [
      { message: "plain", code: 404 },
      { name: "Error", message: "plain", code: "404" },
    ],
    [
      { name: 5, message: {}, code: {} },
      { name: "Error", message: expect.any(String) },
    ],
  ])("may be anything: %s", (thrown, record) => {
    expect(afterTravel(thrown)).toEqual(record);
  });

  test("brings at most 4 causes, and none twice", () => {
    const chain = Array.from({ length: 10 }).reduce<Error | undefined>(
      (cause, _, index) => new Error(`${9 - index}`, { cause }),
      undefined,
    );
    expect(causesOf(afterTravel(chain)).map(({ message }) => message)).toEqual([
      "0",
      "1",
      "2",
      "3",
      "4",
    ]);
    const one = new Error("one");
    const other = new Error("other", { cause: one });
    one.cause = other;
    expect(causesOf(afterTravel(one)).map(({ message }) => message)).toEqual(["one", "other"]);
  });

  test("takes no more of them along than arrive, however many there are", () => {
    let chain = new Error("root");
    for (let n = 0; n < 20_000; n++) chain = new Error(`${n}`, { cause: chain });
    const sent = encodeRemoteError(chain, full);
    expect(causesOf(sent)).toHaveLength(5);
    expect(sent.message).toBe("19999");
  });

  test("brings at most 8 KiB of each text, and no half character", () => {
    const long = `x${"😀".repeat(10_000)}`;
    const error = Object.assign(new Error(long), { code: long, name: long, stack: long });
    const record = afterTravel(error, { expose: "full", stacks: true });
    for (const text of [record.name, record.message, record.code, record.stack]) {
      expect(Buffer.byteLength(text ?? "")).toBe(8 * 1024 - 3);
      expect(text).toMatch(/^x(😀)+$/u);
    }
    expect(afterTravel(new Error("x".repeat(8 * 1024))).message).toHaveLength(8 * 1024);
  });
});

describe("the data of an error", () => {
  const withData = (data: unknown) => afterTravel(Object.assign(new Error("no"), { data }));
  const bare = { name: "Error", message: "no" };
  const cycle: Record<string, unknown> = {};
  cycle["self"] = { deep: [cycle] };
  let deep: unknown = "end";
  for (let n = 0; n < 100_000; n++) deep = [deep];

  test.each([
    ["circular", cycle],
    ["deep", deep],
    ["a BigInt", { n: 1n }],
    ["a Map", { map: new Map() }],
    ["bytes", { bytes: new Uint8Array(5) }],
    ["large", { text: "x".repeat(65 * 1024) }],
    ["large once it is JSON", { text: "\u0001".repeat(20 * 1024) }],
    ["many", Array.from({ length: 100_000 }, () => 0)],
    ["an array that only claims to be long", Object.assign([], { length: 2 ** 32 - 1 })],
    [
      "a Proxy that throws",
      new Proxy(
        {},
        {
          ownKeys() {
            throw new Error("from a trap");
          },
        },
      ),
    ],
  ])("is left out when it is %s", (_, data) => {
    expect(withData(data)).toEqual(bare);
  });

  test("is read no further than it could be sent: a few shared lists are a million values", () => {
    let reads = 0;
    const leaf = new Proxy(
      { n: 1 },
      {
        ownKeys(target) {
          reads++;
          return Reflect.ownKeys(target);
        },
      },
    );
    let data: unknown = leaf;
    for (let n = 0; n < 20; n++) data = [data, data];
    expect(withData(data)).toEqual(bare);
    expect(reads).toBeGreaterThan(0);
    expect(reads).toBeLessThan(64 * 1024);
  });

  test("never runs a getter or a toJSON", () => {
    let count = 0;
    const data = {
      plain: 1,
      get computed() {
        count++;
        return 1;
      },
      toJSON() {
        count++;
        return 1;
      },
    };
    const error = Object.assign(new Error("no"), { data });
    for (const key of ["name", "code", "cause", "stack"]) {
      Object.defineProperty(error, key, {
        get() {
          count++;
          return "computed";
        },
      });
    }
    // V8 itself has read the name meanwhile, to write the stack that was taken from it.
    count = 0;
    expect(afterTravel(error, { expose: "full", stacks: true })).toEqual({
      ...bare,
      data: { plain: 1 },
    });
    expect(count).toBe(0);
  });

  test("may mention one thing twice", () => {
    const shared = { a: 1 };
    expect(withData([shared, shared]).data).toEqual([{ a: 1 }, { a: 1 }]);
  });

  test("keeps a key __proto__ as a key", () => {
    const { data } = withData(JSON.parse('{"__proto__":{"admin":true}}'));
    expect(Object.keys(data as object)).toEqual(["__proto__"]);
    expect((data as { admin?: unknown }).admin).toBeUndefined();
  });

  test("is otherwise what JSON makes of it", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (data) => {
        expect(withData(data).data).toEqual(JSON.parse(JSON.stringify(data)));
      }),
    );
  });
});

describe("what leaves the process", () => {
  const secret = new Error("select * from /var/db");
  const error = Object.assign(new Error("no", { cause: secret }), { code: "E_NO", data: 1 });

  test("is name, code and message under `message`", () => {
    expect(afterTravel(error, { expose: "message", stacks: true })).toEqual({
      name: "Error",
      code: "E_NO",
      message: "no",
    });
  });

  test("is nothing of an error that nobody declared under `declared`", () => {
    const hidden = { name: "Error", message: "the handler failed" };
    const options = { expose: "declared", stacks: true } as const;
    for (const thrown of [error, "text", undefined, AbortSignal.abort().reason as unknown]) {
      expect(afterTravel(thrown, options)).toEqual(hidden);
    }
    const isDeclared = (): boolean => {
      throw new Error("from a predicate");
    };
    expect(afterTravel(error, { ...options, isDeclared })).toEqual(hidden);
  });

  test("is all of a declared error under `declared`, but no cause that is not", () => {
    const asked: ErrorIdentity[] = [];
    const record = afterTravel(error, {
      expose: "declared",
      stacks: false,
      isDeclared(identity) {
        asked.push(identity);
        return identity.code === "E_NO";
      },
    });
    expect(record).toEqual({ name: "Error", code: "E_NO", message: "no", data: 1 });
    expect(asked).toEqual([
      { name: "Error", code: "E_NO" },
      { name: "Error", code: undefined },
    ]);
  });

  test("is a MyelinError under `declared`, unless it only repeats what another peer threw", () => {
    const options = { expose: "declared", stacks: false } as const;
    const own = new MyelinError("ERR_TIMEOUT", "late", { cause: secret });
    expect(afterTravel(own, options)).toEqual({
      name: "MyelinError",
      code: "ERR_TIMEOUT",
      message: "late",
    });
    const repeated = remoteError({ name: "Error", code: "E_INNER", message: "inner secret" });
    expect(afterTravel(repeated, options).message).toBe("the handler failed");
    const isDeclared = ({ code }: ErrorIdentity) => code === "E_INNER";
    expect(afterTravel(repeated, { ...options, isDeclared })).toMatchObject({
      code: "ERR_REMOTE",
      cause: { code: "E_INNER", message: "inner secret" },
    });
  });
});

describe("what a peer says was thrown", () => {
  test("is read field by field", () => {
    const record = decodeRemoteError(
      JSON.parse(
        `{"name":5,"code":["ERR_TIMEOUT"],"message":{},"stack":1,"cause":"text","ran":"no","data":null,"__proto__":{"code":"ERR_TIMEOUT"}}`,
      ),
    );
    expect(record).toEqual({ name: "Error", message: "", data: null });
    expect(record.code).toBeUndefined();
    for (const value of [undefined, null, 5, "text", []]) {
      expect(decodeRemoteError(value)).toEqual({ name: "Error", message: "" });
    }
  });

  test("is clipped to what we would have sent", () => {
    let value: unknown = {};
    for (let n = 0; n < 50; n++) value = { message: "x".repeat(10_000), cause: value };
    const records = causesOf(decodeRemoteError(value));
    expect(records).toHaveLength(5);
    expect(records[0]?.message).toHaveLength(8 * 1024);
  });

  test("is never taken for a failure of the library", () => {
    const thrown = Object.assign(new Error("late"), { name: "MyelinError", code: "ERR_TIMEOUT" });
    const error = remoteError(afterTravel(thrown));
    expect(isMyelinError(error)).toBe(true);
    expect(error).toMatchObject({
      code: "ERR_REMOTE",
      ran: "yes",
      message: "MyelinError: late",
      remote: { name: "MyelinError", code: "ERR_TIMEOUT", message: "late" },
    });
  });

  test("can be anything that JSON can be", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const record = decodeRemoteError(value);
        expect(record).toMatchObject({ name: expect.any(String), message: expect.any(String) });
        expect(remoteError(record).code).toBe("ERR_REMOTE");
      }),
    );
  });
});
