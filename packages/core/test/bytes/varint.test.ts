import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader } from "../../src/bytes/byte-reader.ts";
import { maxVarintBytes, varintLength, writeVarint } from "../../src/bytes/varint.ts";

const vectors: readonly (readonly [value: number, hex: string])[] = [
  [0, "00"],
  [1, "01"],
  [127, "7f"],
  [128, "8001"],
  [300, "ac02"],
  [16_383, "ff7f"],
  [16_384, "808001"],
  [2 ** 31 - 1, "ffffffff07"],
  [2 ** 31, "8080808008"],
  [2 ** 32 - 1, "ffffffff0f"],
  [2 ** 32, "8080808010"],
  [2 ** 49 - 1, "ffffffffffff7f"],
  [2 ** 49, "8080808080808001"],
  [Number.MAX_SAFE_INTEGER, "ffffffffffffff0f"],
];

function written(value: number): string {
  const bytes = Buffer.alloc(maxVarintBytes + 1);
  return bytes.toString("hex", 0, writeVarint(bytes, 0, value));
}

function read(hex: string): number {
  return new ByteReader().reset(Buffer.from(hex, "hex")).varint();
}

describe("a varint", () => {
  test.each(vectors)("%d is %s, in both directions", (value, hex) => {
    expect(written(value)).toBe(hex);
    expect(varintLength(value)).toBe(hex.length / 2);
    expect(read(hex)).toBe(value);
  });

  test("any integer comes back, and leaves the cursor behind it", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(5), (value, offset) => {
        const bytes = Buffer.alloc(offset + maxVarintBytes + 1, 0xee);
        const end = writeVarint(bytes, offset, value);
        expect(end - offset).toBe(varintLength(value));
        expect(bytes[end]).toBe(0xee);
        const reader = new ByteReader().reset(bytes, offset);
        expect(reader.varint()).toBe(value);
        expect(reader.position).toBe(end);
      }),
    );
  });

  test.each([
    ["nothing", ""],
    ["one that ends early", "80"],
    ["one of seven bytes that ends early", "80808080808080"],
  ])("%s is refused", (_name, hex) => {
    expect(() => read(hex)).toThrow(expect.objectContaining({ code: "ERR_PROTOCOL" }));
  });

  test.each(["8000", "818000", "ff00", "8080808080808000"])("%s could be shorter", (hex) => {
    expect(() => read(hex)).toThrow(/longer than it need be/);
  });

  test.each(["8080808080808010", "ffffffffffffff7f", "808080808080808001", "ffffffffffffffffff01"])(
    "%s is too large",
    (hex) => {
      expect(() => read(hex)).toThrow(/over 2\^53 - 1/);
    },
  );
});
