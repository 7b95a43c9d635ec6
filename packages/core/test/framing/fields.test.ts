import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isMyelinError } from "../../src/errors.ts";
import { Fields, maxFields, maxFieldsBytes } from "../../src/framing/fields.ts";

const code = (code: string): unknown => expect.objectContaining({ code });

/** What comes of `fields` on the other side. */
const sent = (fields: Fields): Fields => Fields.read(fields.write());

describe("fields", () => {
  test("carry bytes, text, numbers and lists", () => {
    const fields = sent(
      new Fields()
        .setBytes("bytes", Uint8Array.of(1, 2, 3))
        .setText("text", "grüße")
        .setNumber("number", Number.MAX_SAFE_INTEGER)
        .setTexts("texts", ["one", "", "zwei€".repeat(40)])
        .setTexts("none", []),
    );
    expect(fields.keys).toEqual(["bytes", "text", "number", "texts", "none"]);
    expect(fields.bytes("bytes")).toEqual(Buffer.from([1, 2, 3]));
    expect(fields.text("text")).toBe("grüße");
    expect(fields.number("number")).toBe(Number.MAX_SAFE_INTEGER);
    expect(fields.texts("texts")).toEqual(["one", "", "zwei€".repeat(40)]);
    expect(fields.texts("none")).toEqual([]);
  });

  test("that are not there are undefined, also those that every object has", () => {
    const fields = sent(new Fields().setText("there", ""));
    expect(fields.text("there")).toBe("");
    for (const key of ["constructor", "__proto__", "other"]) {
      expect([fields.bytes(key), fields.text(key), fields.number(key), fields.texts(key)]).toEqual(
        Array.from({ length: 4 }),
      );
    }
  });

  test("are a copy: the frame may go", () => {
    const bytes = new Fields().setText("key", "value").write();
    const fields = Fields.read(bytes);
    bytes.fill(0xdd);
    expect(fields.text("key")).toBe("value");
  });

  test("are read from the middle of other bytes", () => {
    const bytes = new Fields().setText("key", "value").write();
    const block = Buffer.concat([Buffer.alloc(3, 0xff), bytes, Buffer.alloc(3, 0xff)]);
    expect(Fields.read(block, 3, block.length - 3).text("key")).toBe("value");
  });

  test("a critical one that is not known is named", () => {
    const fields = sent(
      new Fields()
        .setText("a", "")
        .setBytes("b", Buffer.alloc(0), { critical: true })
        .setBytes("c", Buffer.alloc(0), { critical: true }),
    );
    expect(fields.unknownCritical(new Set(["b"]))).toBe("c");
    expect(fields.unknownCritical(new Set(["b", "c"]))).toBeUndefined();
  });

  test.each([
    ["text", "a key", Buffer.from([0xc3])],
    ["texts", "a text that is not UTF-8", Buffer.from([1, 0xff])],
    ["texts", "a text that ends early", Buffer.from([2, 0x61])],
    ["number", "nothing", Buffer.alloc(0)],
    ["number", "a number and more", Buffer.from([1, 1])],
    ["number", "a number that could be shorter", Buffer.from([0x80, 0])],
  ] as const)("%s: %s is refused", (getter, _name, value) => {
    const fields = sent(new Fields().setBytes("key", value));
    expect(() => fields[getter]("key")).toThrow(code("ERR_PROTOCOL"));
  });

  test("what could not be read is not written", () => {
    const many = new Fields();
    for (let count = 0; count < maxFields; count += 1) many.setText(`k${count}`, "");
    expect(sent(many).keys).toHaveLength(maxFields);
    expect(() => many.setText("more", "").write()).toThrow(code("ERR_TOO_LARGE"));

    const large = new Fields().setBytes("k", Buffer.alloc(maxFieldsBytes - 5));
    expect(sent(large).bytes("k")).toHaveLength(maxFieldsBytes - 5);
    expect(() => large.setText("l", "").write()).toThrow(code("ERR_TOO_LARGE"));
    expect(() => large.setBytes("k", Buffer.alloc(0x10000))).toThrow(code("ERR_TOO_LARGE"));

    for (const key of ["", "Key", "key ", "ü", "k".repeat(65)]) {
      expect(() => new Fields().setText(key, ""), key).toThrow(code("ERR_CONFIG"));
    }
    expect(sent(new Fields().setText("k".repeat(64), "")).keys).toHaveLength(1);
  });

  test("too many bytes are refused before they are looked at", () => {
    const read = (): Fields => Fields.read(Buffer.alloc(maxFieldsBytes + 1));
    expect(read).toThrow(code("ERR_TOO_LARGE"));
  });

  test("any bytes are fields, written the same again, or an error of ours", () => {
    const record = fc
      .tuple(fc.nat(2), fc.stringMatching(/^[a-c-]{0,2}$/), fc.uint8Array({ maxLength: 4 }))
      .map(([flags, key, value]) =>
        Buffer.concat([
          Buffer.from([flags, key.length]),
          Buffer.from(key),
          Buffer.from([value.length, 0]),
          value,
        ]),
      );
    const likely = fc.array(fc.oneof(record, record, fc.uint8Array({ maxLength: 3 })));
    let good = 0;
    let bad = 0;
    fc.assert(
      fc.property(
        likely.map((parts) => Buffer.concat(parts)),
        (bytes) => {
          try {
            expect(Fields.read(bytes).write()).toEqual(bytes);
            good += 1;
          } catch (error) {
            expect(isMyelinError(error) && error.code).toBe("ERR_PROTOCOL");
            bad += 1;
          }
        },
      ),
      { numRuns: 500 },
    );
    expect(Math.min(good, bad)).toBeGreaterThan(20);
  });
});
