import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { taggedJsonCodec } from "../../src/codec/tagged-json.ts";
import { fromLittleEndian, toLittleEndian } from "../../src/codec/typed-arrays.ts";

const textOf = (value: unknown): string => taggedJsonCodec.encode(value) as string;
const valueOf = (text: string): unknown => taggedJsonCodec.decode(Buffer.from(text));
const afterTravel = (value: unknown): unknown => valueOf(textOf(value));

const notSerializable = expect.objectContaining({ code: "ERR_NOT_SERIALIZABLE" });
const badFrame = expect.objectContaining({ code: "ERR_BAD_FRAME" });

const bufferOf = (...bytes: number[]) => Uint8Array.from(bytes).buffer;

describe("tagged JSON", () => {
  // Both ways, so that another language can be written from it.
  test.each([
    [null, "null"],
    [{ a: [1, "x", true] }, '{"a":[1,"x",true]}'],
    [undefined, '{"$":"undefined"}'],
    [{ a: undefined }, '{"a":{"$":"undefined"}}'],
    [Number.NaN, '{"$":"NaN"}'],
    [Number.POSITIVE_INFINITY, '{"$":"Infinity"}'],
    [Number.NEGATIVE_INFINITY, '{"$":"-Infinity"}'],
    [-0, '{"$":"-0"}'],
    [0n, '{"$bigint":"0"}'],
    [-31n, '{"$bigint":"-1f"}'],
    [new Date(86_400_000), '{"$date":86400000}'],
    [new Date(Number.NaN), '{"$date":null}'],
    [
      new Map<unknown, unknown>([[{ k: 1 }, new Set([1n])]]),
      '{"$map":[[{"k":1},{"$set":[{"$bigint":"1"}]}]]}',
    ],
    [new Set([undefined]), '{"$set":[{"$":"undefined"}]}'],
    [new Uint8Array([104, 105]), '{"$bytes":"aGk="}'],
    [bufferOf(104, 105), '{"$buffer":"aGk="}'],
    [new Uint16Array([0x0102, 3]), '{"$typed":["Uint16Array","AgEDAA=="]}'],
    [new DataView(bufferOf(1)), '{"$typed":["DataView","AQ=="]}'],
    [{ $date: 5 }, '{"$object":{"$date":5}}'],
    [{ $: 1 }, '{"$object":{"$":1}}'],
    [{ $object: { $object: 1 } }, '{"$object":{"$object":{"$object":{"$object":1}}}}'],
    [{ $date: 5, other: 1 }, '{"$date":5,"other":1}'],
    [{ price$: 1 }, '{"price$":1}'],
  ])("writes and reads %o", (value, text) => {
    expect(textOf(value)).toBe(text);
    expect(valueOf(text)).toStrictEqual(value);
  });

  test("brings back anything, kinds and all", () => {
    const key = fc.oneof(
      fc.string(),
      fc.constantFrom("$", "$date", "$map", "$object", "__proto__", "toJSON", "constructor"),
    );
    const leaf = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.double(),
      fc.bigInt(),
      fc.boolean(),
      fc.constantFrom(null, undefined, -0),
      fc.date({ noInvalidDate: false }),
      fc.uint8Array(),
      fc.int16Array(),
      fc.float64Array(),
      fc.bigUint64Array(),
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        leaf,
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(key, tie("value"), { maxKeys: 3, noNullPrototype: true }),
        fc.array(tie("value"), { maxLength: 3 }).map((each) => new Set(each)),
        fc
          .array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 })
          .map((each) => new Map(each)),
      ),
    }));
    fc.assert(
      fc.property(value, (each) => {
        // Not toStrictEqual, which stumbles over a key "constructor" deep inside.
        assert.deepStrictEqual(afterTravel(each), each);
      }),
      {
        numRuns: 500,
      },
    );
  });

  test("makes an error plain data", () => {
    const cause = new TypeError("why");
    const error = Object.assign(new RangeError("no", { cause }), { code: "E_NO", at: new Date(5) });
    expect(afterTravel({ error })).toStrictEqual({
      error: {
        name: "RangeError",
        message: "no",
        cause: { name: "TypeError", message: "why" },
        code: "E_NO",
        at: new Date(5),
      },
    });
  });

  test("makes an instance what its toJSON gives, or else a plain object", () => {
    class Point {
      x = 1;
      #hidden = 2;
      get sum(): number {
        return this.x + this.#hidden;
      }
    }
    class Money {
      toJSON(): unknown {
        return { amount: 5n };
      }
    }
    expect(afterTravel([new Point(), new Money(), new URL("a:b")])).toStrictEqual([
      { x: 1 },
      { amount: 5n },
      "a:b",
    ]);
    expect(afterTravel(Buffer.from("hi"))).toStrictEqual(new Uint8Array([104, 105]));
    expect(afterTravel(Object.assign(Object.create(null), { a: 1 }))).toStrictEqual({ a: 1 });
  });

  test("knows a kind from another realm", () => {
    const foreign = runInNewContext(
      "({ map: new Map([[1, new Date(5)]]), bytes: new Uint8Array([1]) })",
    );
    expect(afterTravel(foreign)).toStrictEqual({
      map: new Map([[1, new Date(5)]]),
      bytes: new Uint8Array([1]),
    });
  });

  test("writes only the part of a buffer that a view shows", () => {
    const view = new Uint16Array(bufferOf(9, 9, 1, 0, 9, 9), 2, 1);
    expect(afterTravel(view)).toStrictEqual(new Uint16Array([1]));
  });

  test("gives bytes that are the receiver's own", () => {
    const { bytes, buffer, typed } = afterTravel({
      bytes: Buffer.from("hi"),
      buffer: bufferOf(1, 2, 3),
      typed: new Uint16Array(2),
    }) as { bytes: Uint8Array; buffer: ArrayBuffer; typed: Uint16Array };
    // Not a view of Node's pool.
    expect([bytes.buffer.byteLength, buffer.byteLength, typed.buffer.byteLength]).toEqual([
      2, 3, 4,
    ]);
  });

  test("keeps a key __proto__ as a key", () => {
    const value = valueOf('{"__proto__":{"$date":5}}') as object;
    expect(Object.keys(value)).toEqual(["__proto__"]);
    expect(value).not.toBeInstanceOf(Date);
    expect(textOf(value)).toBe('{"__proto__":{"$date":5}}');
  });

  test("may mention one thing twice, but not a circle", () => {
    const shared = { a: 1 };
    expect(afterTravel([shared, shared])).toEqual([{ a: 1 }, { a: 1 }]);
    const array: unknown[] = [];
    array.push(array);
    const map = new Map();
    map.set("self", { map });
    const set = new Set();
    set.add([set]);
    const error = new Error("no");
    error.cause = error;
    for (const circle of [array, map, set, error]) {
      expect(() => textOf(circle)).toThrow(notSerializable);
    }
  });
});

function nested(levels: number): unknown {
  let value: unknown = 0;
  for (let n = 0; n < levels; n++) value = n % 2 === 0 ? [value] : { value };
  return value;
}

describe("what tagged JSON refuses to write", () => {
  test.each([
    ["a function", () => 1],
    ["a symbol", Symbol("s")],
    ["a regular expression", /x/],
    ["a promise", Promise.resolve()],
    ["a WeakMap", new WeakMap()],
    ["shared memory", new SharedArrayBuffer(1)],
    ["a number in an object", Object(1)],
    ["what is too deep", nested(513)],
    ["an array that only claims to be long", Object.assign([], { length: 2 ** 32 - 1 })],
    [
      "objects without end",
      {
        toJSON() {
          return { ...this };
        },
      },
    ],
    [
      "what throws when it is read",
      {
        get broken() {
          throw new Error("from a getter");
        },
      },
    ],
  ])("%s", (_, value) => {
    expect(() => textOf({ value })).toThrow(notSerializable);
  });

  test("more values than fit, however few they seem", () => {
    let value: unknown = 0;
    for (let n = 0; n < 30; n++) value = [value, value];
    expect(() => textOf(value)).toThrow(notSerializable);
  });

  test("but not what is nearly too deep", () => {
    expect(afterTravel(nested(512))).toEqual(nested(512));
  });
});

describe("what tagged JSON cannot read", () => {
  test.each([
    '{"$":"constructor"}',
    '{"$":null}',
    '{"$unknown":1}',
    '{"$__proto__":1}',
    '{"$bigint":5}',
    '{"$bigint":""}',
    '{"$bigint":"0x5"}',
    '{"$bigint":"-"}',
    '{"$bigint":"5 "}',
    '{"$date":"2020"}',
    '{"$date":9e15}',
    '{"$map":{}}',
    '{"$map":[[1]]}',
    '{"$map":[[1,2,3]]}',
    '{"$map":[5]}',
    '{"$set":null}',
    '{"$bytes":"a"}',
    '{"$bytes":"a\\n=="}',
    '{"$bytes":[104]}',
    '{"$buffer":5}',
    '{"$typed":["Uint16Array","AQ=="]}',
    '{"$typed":["Function","AQ=="]}',
    '{"$typed":["constructor","AQ=="]}',
    '{"$typed":["Int8Array"]}',
    '{"$object":5}',
    '{"$object":null}',
    '{"$object":[]}',
    '{"$object":{"a":1}}',
    '{"$object":{"$a":1,"b":1}}',
    "{",
  ])("%s", (text) => {
    expect(() => valueOf(text)).toThrow(badFrame);
    expect(() => valueOf(`[${text}]`)).toThrow(badFrame);
  });

  test("what is too deep", () => {
    for (const [before, after] of [
      ["[", "]"],
      ['{"a":', "}"],
      ['{"$set":[', "]}"],
      ['{"$map":[[1,', "]]}"],
      ['{"$object":{"$a":', "}}"],
    ] as const) {
      const text = `${before.repeat(50_000)}1${after.repeat(50_000)}`;
      expect(() => valueOf(text)).toThrow(badFrame);
    }
  });

  test("and reads anything else that is JSON, or says so", () => {
    const tag = fc.constantFrom(
      "$",
      "$bigint",
      "$date",
      "$map",
      "$set",
      "$bytes",
      "$typed",
      "$object",
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.jsonValue({ maxDepth: 0 }),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(tag, tie("tree"), { maxKeys: 2 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (each) => {
        try {
          valueOf(JSON.stringify(each));
        } catch (reason) {
          expect(reason).toMatchObject({ code: "ERR_BAD_FRAME" });
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("and reads a BigInt of a million digits as quickly as its bytes", () => {
    const digits = "f".repeat(1_000_000);
    expect(valueOf(`{"$bigint":"${digits}"}`)).toBe(BigInt(`0x${digits}`));
  });
});

describe("typed arrays on a machine with the other order of bytes", () => {
  test("are the same on the wire", () => {
    const array = new Uint32Array([0x01020304, 5]);
    const swapped = toLittleEndian(array, true);
    expect([...swapped]).toEqual([1, 2, 3, 4, 0, 0, 0, 5]);
    expect(fromLittleEndian("Uint32Array", Uint8Array.from(swapped), true)).toEqual(array);
    const view = new DataView(bufferOf(1, 2));
    expect([...toLittleEndian(view, true)]).toEqual([1, 2]);
  });
});
