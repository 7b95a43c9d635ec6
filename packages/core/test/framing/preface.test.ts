import { describe, expect, test } from "vitest";
import {
  commonVersion,
  dialectOf,
  encodePreface,
  formatVersions,
  ownVersions,
  PrefaceReader,
  prefaceBytes,
} from "../../src/framing/preface.ts";

const preface = Buffer.from("894d594c0d0a1a0a01030000", "hex");

describe("a preface", () => {
  test("is read out of any pieces, and leaves what follows", () => {
    expect(encodePreface({ lowest: 1, highest: 3 })).toEqual(preface);
    const stream = Buffer.concat([preface, Buffer.from("more")]);
    for (let first = 0; first <= stream.length; first += 1) {
      for (let second = first; second <= stream.length; second += 1) {
        const reader = new PrefaceReader();
        let taken = 0;
        for (const [start, end] of [
          [0, first],
          [first, second],
          [second, stream.length],
        ]) {
          expect(reader.versions !== undefined).toBe(taken === prefaceBytes);
          taken += reader.push(stream.subarray(start, end));
        }
        expect(taken).toBe(prefaceBytes);
        expect(reader.versions).toEqual({ lowest: 1, highest: 3 });
      }
    }
  });

  test("that breaks the rules does so at its first wrong byte", () => {
    for (let at = 0; at < 8; at += 1) {
      const broken = Buffer.from(preface);
      broken[at] = (broken[at] as number) ^ 0x80;
      const reader = new PrefaceReader();
      expect(reader.push(broken.subarray(0, at))).toBe(at);
      expect(() => reader.push(broken.subarray(at, at + 1))).toThrow(
        expect.objectContaining({ code: "ERR_PROTOCOL" }),
      );
    }
  });

  test.each([
    ["{", /node-ipc/],
    ["\x16\x03", /TLS/],
    ["\x15\x03", /TLS/],
    ["GET /", /HTTP/],
    ["HTTP/1.1", /HTTP/],
    ["\0", /wire$/],
  ])("of a stranger who begins with %j says what it looks like", (text, hint) => {
    expect(() => new PrefaceReader().push(Buffer.from(text, "latin1"))).toThrow(hint);
  });
});

describe("versions", () => {
  test("the highest common one is chosen", () => {
    const range = (lowest: number, highest: number) => ({ lowest, highest });
    expect(commonVersion(range(1, 3), range(2, 5))).toBe(3);
    expect(commonVersion(range(2, 5), range(1, 3))).toBe(3);
    expect(commonVersion(range(1, 1), range(1, 9))).toBe(1);
    expect(commonVersion(range(1, 2), range(3, 4))).toBeUndefined();
    expect(commonVersion(range(3, 4), range(1, 2))).toBeUndefined();
    expect(commonVersion(ownVersions, ownVersions)).toBe(1);
    expect([range(1, 1), range(2, 4)].map(formatVersions)).toEqual(["1", "2 to 4"]);
  });
});

test("the first byte tells the dialect", () => {
  const known = Array.from({ length: 256 }, (_, byte) => [byte, dialectOf(byte)]).filter(
    ([, dialect]) => dialect !== undefined,
  );
  expect(known).toEqual([
    ["{".charCodeAt(0), "node-ipc"],
    [0x89, "myelin"],
  ]);
});
