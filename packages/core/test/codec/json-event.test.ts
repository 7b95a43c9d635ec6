import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeJsonEvent, JsonEventDecoder } from "../../src/codec/json-event.ts";

describe("encodeJsonEvent", () => {
  test.each([
    ["no data", undefined, '{"type":"none","data":{}}'],
    ["null", null, '{"type":"none","data":null}'],
    ["an empty text", "", '{"type":"none","data":""}'],
    ["a number that JSON lacks", Number.NaN, '{"type":"none","data":null}'],
    ["a function", () => {}, '{"type":"none"}'],
    ["a symbol", Symbol("s"), '{"type":"none"}'],
    ["a date", new Date(0), '{"type":"none","data":"1970-01-01T00:00:00.000Z"}'],
  ])("%s", (_what, data, expected) => {
    expect(encodeJsonEvent("none", data)).toBe(expected);
  });

  test("is what JSON.stringify gives, byte for byte", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.jsonValue(), (type, data) => {
        expect(encodeJsonEvent(type, data)).toBe(JSON.stringify({ type, data }));
      }),
    );
  });

  test("toJSON is told that it is the data", () => {
    const data = { toJSON: (key: string) => `as ${key}` };
    expect(encodeJsonEvent("t", data)).toBe('{"type":"t","data":"as data"}');
  });

  test("throws JSON's own error for what has no JSON", () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    expect(() => encodeJsonEvent("t", circular)).toThrow(TypeError);
    expect(() => encodeJsonEvent("t", 1n)).toThrow(TypeError);
  });
});

describe("JsonEventDecoder", () => {
  test("reads what JSON.parse reads, after any event, and refuses what it refuses", () => {
    const parts = fc.constantFrom(
      '{"type":"a","data":',
      '{"type":"b","data":',
      "1",
      '"x"',
      "{}",
      '{"type":"a","data":2}',
      "}",
      ',"type":"b"',
      ',"extra":2',
      ',"data":3',
      " ",
      "]",
      "[",
      "null",
      '"__proto__":{"x":1}',
      "{",
      ",",
    );
    const text = fc.array(parts, { maxLength: 6 }).map((pieces) => pieces.join(""));
    const read = (decode: () => unknown): unknown => {
      try {
        return decode();
      } catch (error) {
        return error instanceof SyntaxError ? "SyntaxError" : error;
      }
    };
    fc.assert(
      fc.property(fc.array(text, { maxLength: 8 }), (texts) => {
        const decoder = new JsonEventDecoder();
        decoder.decode('{"type":"a","data":1}');
        for (const each of texts) {
          expect(read(() => decoder.decode(each))).toEqual(read(() => JSON.parse(each)));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("an event of the same name is read from its data alone", () => {
    const decoder = new JsonEventDecoder();
    const first = decoder.decode('{"type":"t","data":{"n":1}}');
    const second = decoder.decode('{"type":"t","data":{"n":2}}');
    expect([first, second]).toEqual([
      { type: "t", data: { n: 1 } },
      { type: "t", data: { n: 2 } },
    ]);
  });

  test("names with escapes, long names and names that are no text are read as well", () => {
    const decoder = new JsonEventDecoder();
    for (const type of ['\f\n"\\', "é", "x".repeat(5_000), 5, null, { deep: [] }]) {
      for (let round = 0; round < 3; round += 1) {
        const event = { type, data: round };
        expect(decoder.decode(JSON.stringify(event))).toEqual(event);
      }
    }
  });
});
