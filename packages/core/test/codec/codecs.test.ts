import fc from "fast-check";
import { MyelinError } from "myelin";
import { describe, expect, test } from "vitest";
import { bytesCodec } from "../../src/codec/bytes.ts";
import type { Codec } from "../../src/codec/codec.ts";
import { CodecRegistry } from "../../src/codec/codec-registry.ts";
import { jsonCodec } from "../../src/codec/json.ts";
import { structuredCodec } from "../../src/codec/structured.ts";
import { taggedJsonCodec } from "../../src/codec/tagged-json.ts";

/** Encodes and decodes, from memory that is filled with rubbish as soon as decode has returned. */
function afterTravel(codec: Codec, value: unknown): unknown {
  const encoded = codec.encode(value);
  const pool = Buffer.alloc(70_000, 0xaa);
  const length =
    typeof encoded === "string" ? pool.write(encoded, 3) : (pool.set(encoded, 3), encoded.length);
  const decoded = codec.decode(pool.subarray(3, 3 + length));
  pool.fill(0xdd);
  return decoded;
}

const notSerializable = expect.objectContaining({ code: "ERR_NOT_SERIALIZABLE" });
const badFrame = expect.objectContaining({ code: "ERR_BAD_FRAME" });

function deepArray(levels: number): unknown {
  let value: unknown = 0;
  for (let n = 0; n < levels; n++) value = [value];
  return value;
}

function circle(): unknown {
  const value: unknown[] = [];
  value.push({ value });
  return value;
}

describe("json", () => {
  test("brings back what JSON can say", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(afterTravel(jsonCodec, value)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test.each([
    ["a circle", circle()],
    ["a BigInt", { n: 1n }],
    ["a function", () => 1],
    ["a symbol", Symbol("s")],
    ["undefined alone", undefined],
    [
      "what throws when it is read",
      {
        get broken() {
          throw new Error("from a getter");
        },
      },
    ],
  ])("refuses %s", (_, value) => {
    expect(() => jsonCodec.encode(value)).toThrow(notSerializable);
  });

  test("writes what is very deep, or refuses it: V8 until 13 runs out of stack", () => {
    const levels = 100_000;
    try {
      expect(jsonCodec.encode(deepArray(levels))).toHaveLength(2 * levels + 1);
    } catch (reason) {
      expect(reason).toMatchObject({ code: "ERR_NOT_SERIALIZABLE", cause: expect.any(RangeError) });
    }
  });

  test("refuses what throws something that cannot be looked at", () => {
    const { proxy, revoke } = Proxy.revocable(new Error("any"), {});
    revoke();
    const value = {
      toJSON() {
        throw proxy;
      },
    };
    expect(() => jsonCodec.encode(value)).toThrow(notSerializable);
  });

  test("says why in one line, and keeps the reason", () => {
    const failure = (() => {
      try {
        return jsonCodec.encode(circle());
      } catch (reason) {
        return reason as MyelinError;
      }
    })();
    expect(failure).toMatchObject({
      message: expect.stringMatching(/^the data cannot be written as json: .*circular.*$/),
      cause: expect.any(TypeError),
    });
  });

  test.each(["", "{", "[1,]", "NaN", '{"a":1}}', "\u{feff}1"])("cannot read %j", (text) => {
    expect(() => jsonCodec.decode(Buffer.from(text))).toThrow(badFrame);
  });

  test("cannot read what is no UTF-8", () => {
    expect(() => jsonCodec.decode(Buffer.from("22ff22", "hex"))).toThrow(badFrame);
    expect(() => jsonCodec.decode(Buffer.from("22eda08022", "hex"))).toThrow(badFrame);
  });

  test("keeps a key __proto__ as a key", () => {
    const value = jsonCodec.decode(Buffer.from('{"__proto__":{"admin":true}}')) as object;
    expect(Object.keys(value)).toEqual(["__proto__"]);
    expect("admin" in value).toBe(false);
  });
});

describe("bytes", () => {
  test("leave as they are, and arrive as the receiver's own", () => {
    const bytes = Buffer.from("hello");
    expect(bytesCodec.encode(bytes)).toBe(bytes);
    const decoded = afterTravel(bytesCodec, bytes) as Uint8Array;
    expect(Buffer.from(decoded).toString()).toBe("hello");
    // Neither a view of the pool nor of anything larger.
    expect(decoded.constructor).toBe(Uint8Array);
    expect(decoded.buffer.byteLength).toBe(5);
    expect(afterTravel(bytesCodec, new Uint8Array(0))).toHaveLength(0);
  });

  test("that are the message's own are not copied again", () => {
    const message = Buffer.allocUnsafeSlow(10);
    const decoded = bytesCodec.decode(message.subarray(2, 5), true) as Uint8Array;
    expect(decoded.buffer).toBe(message.buffer);
    expect([decoded.byteOffset, decoded.length]).toEqual([2, 3]);
  });

  test.each([["text"], [undefined], [new ArrayBuffer(1)], [new Uint16Array(1)], [[1, 2]]])(
    "are not %j",
    (value) => {
      expect(() => bytesCodec.encode(value)).toThrow(notSerializable);
    },
  );
});

describe("structured clone", () => {
  test("brings back what structuredClone knows", () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
    });
    fc.assert(
      fc.property(anything, (value) => {
        expect(afterTravel(structuredCodec, value)).toEqual(structuredClone(value));
      }),
    );
  });

  test("brings back circles and errors", () => {
    expect(afterTravel(structuredCodec, new RangeError("no"))).toBeInstanceOf(RangeError);
    const [inner] = afterTravel(structuredCodec, circle()) as [{ value: unknown[] }];
    expect(inner.value[0]).toBe(inner);
  });

  test("gives buffers that are the receiver's own", () => {
    const value = { bytes: Buffer.from("hello"), floats: new Float64Array([1.5]) };
    const { bytes, floats } = afterTravel(structuredCodec, value) as typeof value;
    expect([bytes.toString(), ...floats]).toEqual(["hello", 1.5]);
    // What else lies in their memory is the same message, and no pool of other people's.
    expect(bytes.buffer.byteLength).toBe(structuredCodec.encode(value).length);
    expect(floats.buffer.byteLength).toBeLessThanOrEqual(bytes.buffer.byteLength);
  });

  test("is known by its engine and the version of its format", () => {
    expect(structuredCodec.name).toBe("v8/15");
  });

  test.each([[() => 1], [Symbol("s")], [Promise.resolve()], [new WeakMap()]])(
    "refuses %s",
    (value) => {
      expect(() => structuredCodec.encode(value)).toThrow(notSerializable);
    },
  );

  test("answers any bytes with a value or ERR_BAD_FRAME", () => {
    const samples = [{ a: [1, "x", new Map([[1, new Date(0)]])] }, Buffer.from("hello"), circle()];
    const mutated = fc
      .tuple(
        fc.constantFrom(
          ...samples.map((each) => Buffer.from(structuredCodec.encode(each) as Buffer)),
        ),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
        fc.nat(),
      )
      .map(([sample, changes, end]) => {
        const bytes = Buffer.from(sample);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        return bytes.subarray(0, end % 3 === 0 ? end % bytes.length : undefined);
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array().map(Buffer.from)), (bytes) => {
        try {
          structuredCodec.decode(bytes);
        } catch (reason) {
          expect(reason).toBeInstanceOf(MyelinError);
          expect(reason).toMatchObject({ code: "ERR_BAD_FRAME" });
        }
      }),
      { numRuns: 2_000 },
    );
  });

  // Why it is for trusted peers only; docs and docstring say so. None of these may take down the process.
  test.each([
    ["a resizable buffer that may grow to 4 GiB", "ff0f7e0080808010", "ArrayBuffer"],
    ["an array of length 2^32 - 1", "ff0f61ffffffff0f4000ffffffff0f", "Array"],
    ["a regular expression", `ff0f52${Buffer.from('"\u0005(a+)+').toString("hex")}00`, "RegExp"],
  ])("makes much of few bytes: %s", (_, hex, kind) => {
    const value = structuredCodec.decode(Buffer.from(hex, "hex"));
    expect(Object.prototype.toString.call(value)).toBe(`[object ${kind}]`);
  });
});

describe("the codecs of an endpoint", () => {
  const upperCase: Codec = {
    id: 16,
    name: "upper-case/1",
    encode: (value) => String(value).toUpperCase(),
    decode: (bytes) => bytes,
  };

  test("are found by number and by name", () => {
    const codecs = new CodecRegistry([upperCase]);
    expect([...codecs].map(({ id, name }) => [id, name])).toEqual([
      [1, "json"],
      [2, "bytes"],
      [4, "tagged"],
      [5, "v8/15"],
      [16, "upper-case/1"],
    ]);
    expect(codecs.byId(4)).toBe(taggedJsonCodec);
    expect(codecs.byName("json")).toBe(jsonCodec);
    expect(codecs.byId(16)?.encode("a")).toBe("A");
    for (const id of [0, 3, 17, 255, 256, -1, 1.5, Number.NaN]) {
      expect(codecs.byId(id)).toBeUndefined();
    }
    for (const name of ["", "toString", "__proto__"]) expect(codecs.byName(name)).toBeUndefined();
  });

  test("give a program's own codec bytes that it may keep", () => {
    const [codec] = [new CodecRegistry([upperCase]).byId(16) as Codec];
    expect(String(afterTravel(codec, "abc"))).toBe("ABC");
  });

  test("fail with codes, whatever a program's own codec does", () => {
    const broken: Codec = {
      id: 255,
      name: "broken/1",
      encode: (value) => {
        if (value === "throw") throw new Error("from encode");
        return value as string;
      },
      decode: () => {
        throw new Error("from decode");
      },
    };
    const codec = new CodecRegistry([broken]).byName("broken/1") as Codec;
    for (const value of ["throw", 5, undefined, {}]) {
      expect(() => codec.encode(value)).toThrow(notSerializable);
    }
    expect(() => codec.decode(Buffer.alloc(1))).toThrow(badFrame);
  });

  test("keep a code that a program's own codec chose", () => {
    const own = new MyelinError("ERR_TOO_LARGE", "more than we take");
    const codec = new CodecRegistry([
      {
        ...upperCase,
        encode: () => {
          throw own;
        },
      },
    ]).byId(16);
    expect(() => codec?.encode(1)).toThrow(own);
  });

  test.each([
    ["an id of the library", { id: 15 }],
    ["an id that does not fit", { id: 256 }],
    ["an id that is no number", { id: 16.5 }],
    ["a name of the library", { name: "json" }],
    ["an empty name", { name: "" }],
    ["a long name", { name: `x/${"x".repeat(63)}` }],
    ["a name without a slash", { name: "msgpack" }],
    ["a name that means structured clone", { name: "structured" }],
    ["a name of an engine", { name: "v8/99" }],
    ["a name with other characters", { name: "Upper Case" }],
  ])("refuse %s", (_, change) => {
    expect(() => new CodecRegistry([{ ...upperCase, ...change }])).toThrow(
      expect.objectContaining({ code: "ERR_CONFIG" }),
    );
  });

  test("refuse two of one number", () => {
    const other = { ...upperCase, name: "other/1" };
    expect(() => new CodecRegistry([upperCase, other])).toThrow(/16 "upper-case\/1"/);
  });
});
