import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader } from "../../src/bytes/byte-reader.ts";
import { MyelinError } from "../../src/errors.ts";

const bytes = Buffer.from("01 0203 04050607 ac02 c3a9 e282ac ff 0809".replaceAll(" ", ""), "hex");

describe("a reader of bytes", () => {
  test("reads what is there, in order", () => {
    const reader = new ByteReader().reset(bytes);
    expect(reader.u8()).toBe(1);
    expect(reader.u16()).toBe(0x0302);
    expect(reader.u32()).toBe(0x07060504);
    expect(reader.varint()).toBe(300);
    expect(reader.text(5)).toBe("é€");
    expect(reader.position).toBe(14);
    expect(reader.remaining).toBe(3);
    expect(reader.text(1)).toBe("\ufffd");
    expect(reader.skip(1)).toBe(15);
    expect(reader.view(1)).toEqual(Buffer.from([9]));
    expect(reader.remaining).toBe(0);
  });

  test("numbers have no sign", () => {
    const reader = new ByteReader().reset(Buffer.alloc(7, 0xff));
    expect(reader.u8()).toBe(0xff);
    expect(reader.u16()).toBe(0xffff);
    expect(reader.u32()).toBe(0xffff_ffff);
  });

  test("a view shares its bytes", () => {
    const own = Buffer.from([1, 2, 3]);
    const view = new ByteReader().reset(own, 1).view(1);
    own.fill(7);
    expect(view).toEqual(Buffer.from([7]));
  });

  test("sees no byte outside of its range, whatever it is asked for", () => {
    const step = fc.oneof(
      fc.constantFrom("u8", "u16", "u32", "varint").map((kind) => [kind, 0] as const),
      fc.tuple(
        fc.constantFrom("text", "view", "skip"),
        fc.oneof(fc.nat(12), fc.constantFrom(2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER)),
      ),
    );
    const everything = fc.uint8Array({ maxLength: 24 });
    fc.assert(
      fc.property(everything, fc.nat(24), fc.nat(24), fc.array(step), (all, a, b, steps) => {
        const start = Math.min(a, b, all.length);
        const end = Math.min(Math.max(a, b), all.length);
        // The same range with other bytes around it must look the same.
        const readings = [0x00, 0xff].map((around) => {
          const block = Buffer.alloc(all.length, around);
          block.set(all.subarray(start, end), start);
          return readAll(new ByteReader().reset(block, start, end), steps);
        });
        expect(readings[0]).toEqual(readings[1]);
      }),
    );
  });
});

function readAll(reader: ByteReader, steps: readonly (readonly [string, number])[]): unknown[] {
  const seen: unknown[] = [];
  try {
    for (const [kind, length] of steps) {
      if (kind === "text" || kind === "view" || kind === "skip") seen.push(reader[kind](length));
      else seen.push(reader[kind as "u8"]());
      expect(reader.remaining).toBeGreaterThanOrEqual(0);
    }
  } catch (error) {
    expect(error).toBeInstanceOf(MyelinError);
    expect(error).toMatchObject({ code: "ERR_PROTOCOL" });
    seen.push(String(error));
  }
  return seen;
}
