import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MyelinError } from "../../src/errors.ts";
import { Delimiter, DelimiterDecoder } from "../../src/framing/delimiter.ts";

/** Decodes chunks; each is overwritten after it was pushed, as a reused buffer would be. */
function decodeAll(
  chunks: readonly Buffer[],
  { delimiter = "\f", maxFrameBytes = 1_000_000 } = {},
): { frames: string[]; decoder: DelimiterDecoder } {
  const frames: string[] = [];
  const decoder = new DelimiterDecoder(
    { onFrame: (frame) => frames.push(frame) },
    { delimiter: new Delimiter(delimiter), maxFrameBytes },
  );
  for (const chunk of chunks) {
    const own = Buffer.from(chunk);
    decoder.push(own);
    own.fill(0xdd);
  }
  return { frames, decoder };
}

function split(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let start = 0;
  for (const size of sizes) {
    if (start >= bytes.length) break;
    chunks.push(bytes.subarray(start, start + size));
    start += size;
  }
  if (start < bytes.length) chunks.push(bytes.subarray(start));
  return chunks;
}

const byByte = (text: string): Buffer[] => {
  const bytes = Buffer.from(text);
  return split(
    bytes,
    Array.from({ length: bytes.length }, () => 1),
  );
};

describe("DelimiterDecoder", () => {
  test("a complete frame is reported whatever follows it", () => {
    const { frames, decoder } = decodeAll([Buffer.from("one\ftw")]);
    expect(frames).toEqual(["one"]);
    expect(decoder.pendingBytes).toBe(2);
    decoder.push(Buffer.from("o\f\fthree"));
    expect(frames).toEqual(["one", "two", ""]);
  });

  test("characters of two, three and four bytes survive every split", () => {
    const text = "é\f漢字\f😀 and 👩‍👩‍👧\fplain\f";
    const expected = ["é", "漢字", "😀 and 👩‍👩‍👧", "plain"];
    expect(decodeAll(byByte(text)).frames).toEqual(expected);
    const bytes = Buffer.from(text);
    for (let at = 1; at < bytes.length; at += 1) {
      expect(decodeAll(split(bytes, [at])).frames).toEqual(expected);
    }
  });

  test.each(["\f", "\n", "\r\n", "##", "<<end>>", "€", "💥"])(
    "any split of a stream that uses %j gives the same frames",
    (delimiter) => {
      const frame = fc.string({ unit: "grapheme", maxLength: 40 });
      fc.assert(
        fc.property(
          fc.array(frame, { maxLength: 12 }),
          fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 }),
          (payloads, sizes) => {
            const shaper = new Delimiter(delimiter);
            const texts = payloads.map((payload) => JSON.stringify({ payload }));
            const bytes = Buffer.from(texts.map((text) => shaper.frame(text)).join(""));
            const { frames, decoder } = decodeAll(split(bytes, sizes), { delimiter });
            expect(frames.map((each) => JSON.parse(each) as unknown)).toEqual(
              payloads.map((payload) => ({ payload })),
            );
            expect(decoder.pendingBytes).toBe(0);
          },
        ),
        { numRuns: 300 },
      );
    },
  );

  test("a delimiter that overlaps itself is matched from the left, across pieces too", () => {
    expect(decodeAll([Buffer.from("a###")], { delimiter: "##" }).frames).toEqual(["a"]);
    const { frames } = decodeAll([Buffer.from("a###"), Buffer.from("b##")], { delimiter: "##" });
    expect(frames).toEqual(["a", "#b"]);
    expect(decodeAll(byByte("a###b##"), { delimiter: "##" }).frames).toEqual(["a", "#b"]);
  });

  test("no bytes throw anything but a MyelinError", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (chunks) => {
        try {
          decodeAll(
            chunks.map((chunk) => Buffer.from(chunk)),
            { maxFrameBytes: 300 },
          );
        } catch (error) {
          expect(error).toBeInstanceOf(MyelinError);
        }
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["never ends", (limit: number) => [Buffer.alloc(limit + 1, "x")]],
    ["comes in pieces", (limit: number) => byByte("x".repeat(limit + 1))],
    ["ends within its piece", (limit: number) => [Buffer.from(`${"x".repeat(limit + 1)}\f`)]],
    ["ends in a later piece", (limit: number) => [Buffer.alloc(limit, "x"), Buffer.from("x\f")]],
    ["is short in characters", (limit: number) => [Buffer.from(`${"€".repeat(limit / 2)}\f`)]],
  ])("a frame over the limit that %s is refused", (_what, chunks) => {
    const limit = 100;
    const decode = (): unknown => decodeAll(chunks(limit), { maxFrameBytes: limit });
    expect(decode).toThrow(expect.objectContaining({ code: "ERR_TOO_LARGE" }));
  });

  test("a frame of exactly the limit passes, in one piece or many, with a long delimiter too", () => {
    const text = "x".repeat(100);
    for (const delimiter of ["\f", "<end>"]) {
      const options = { delimiter, maxFrameBytes: 100 };
      const stream = text + delimiter;
      expect(decodeAll([Buffer.from(stream)], options).frames).toEqual([text]);
      expect(decodeAll(byByte(stream), options).frames).toEqual([text]);
    }
  });

  test("frames before the one that is too large are reported", () => {
    const frames: string[] = [];
    const decoder = new DelimiterDecoder(
      { onFrame: (frame) => frames.push(frame) },
      { delimiter: new Delimiter("\f"), maxFrameBytes: 10 },
    );
    expect(() => decoder.push(Buffer.from(`a\fb\f${"x".repeat(11)}\fc\f`))).toThrow(MyelinError);
    expect(frames).toEqual(["a", "b"]);
    decoder.push(Buffer.from("d\f"));
    expect(frames).toEqual(["a", "b"]);
  });

  test("stops in the middle of a chunk when told to", () => {
    const frames: string[] = [];
    const decoder = new DelimiterDecoder(
      {
        onFrame: (frame) => {
          frames.push(frame);
          decoder.stop();
        },
      },
      { delimiter: new Delimiter("\f"), maxFrameBytes: 10 },
    );
    decoder.push(Buffer.from("a\fb\fc"));
    expect(frames).toEqual(["a"]);
    expect(decoder.pendingBytes).toBe(0);
  });

  test("the search is linear: each byte is looked at once, however small the pieces", () => {
    // Quadratic work would need minutes for this; the limit of the test is what fails it.
    const piece = Buffer.alloc(64, "x");
    const count = 200_000;
    const { decoder } = decodeAll([], { maxFrameBytes: count * 64 });
    for (let index = 0; index < count; index += 1) decoder.push(piece);
    expect(decoder.pendingBytes).toBe(count * 64);
  });
});

describe("Delimiter", () => {
  test.each([
    "",
    "{",
    '"',
    "123",
    "true",
    "null",
    "\\u",
    "-1.5e+7",
    "[]",
    "abcdef",
    "\ud800",
    "x\udc00",
  ])("refuses %j, which JSON writes itself", (text) => {
    expect(() => new Delimiter(text)).toThrow(expect.objectContaining({ code: "ERR_CONFIG" }));
  });

  test.each(["\f", "\0", " ", "#", "<<end>>", "€", "💥", "}x", "xx", '"#'])(
    "keeps %j out of every content",
    (text) => {
      const delimiter = new Delimiter(text);
      const arbitrary = fc.oneof(fc.string({ unit: "binary" }), fc.constant(`a${text}b${text}`));
      fc.assert(
        fc.property(arbitrary, (payload) => {
          const frame = delimiter.frame(JSON.stringify({ payload, [`${text}k`]: 1 }));
          expect(frame.indexOf(text)).toBe(frame.length - text.length);
          expect(JSON.parse(frame.slice(0, -text.length))).toEqual({ payload, [`${text}k`]: 1 });
        }),
        { numRuns: 300 },
      );
    },
  );
});

describe("large frames, which are decoded while they arrive", () => {
  const mebibyte = 1024 * 1024;

  test.each([
    ["ASCII", "x"],
    ["characters of three bytes", "漢"],
    ["characters of four bytes", "😀"],
    ["all kinds", "aé漢😀"],
  ])("%s, however they are cut", (_what, unit) => {
    const text = unit.repeat(Math.ceil((3 * mebibyte) / Buffer.byteLength(unit)));
    const bytes = Buffer.from(`${text}\fnext\f`);
    for (const size of [65_536, 65_537, 999_983, mebibyte + 1]) {
      const sizes = Array.from({ length: Math.ceil(bytes.length / size) }, () => size);
      const { frames } = decodeAll(split(bytes, sizes), { maxFrameBytes: bytes.length });
      // Compared as a claim: a difference of megabytes would not be readable.
      expect(frames.length).toBe(2);
      expect(frames[0] === text).toBe(true);
      expect(frames[1]).toBe("next");
    }
  });

  test("a long delimiter that begins in one block and ends in the next", () => {
    const delimiter = "<<the end of it>>";
    for (let early = 0; early < delimiter.length; early += 1) {
      const text = "x".repeat(mebibyte - early);
      const bytes = Buffer.from(text + delimiter);
      const { frames } = decodeAll(split(bytes, [mebibyte]), {
        delimiter,
        maxFrameBytes: mebibyte,
      });
      expect(frames.map((frame) => frame.length)).toEqual([mebibyte - early]);
    }
  });

  test("bytes that are not UTF-8, in blocks", () => {
    const bytes = Buffer.concat([Buffer.alloc(2 * mebibyte, 0x80), Buffer.from("\f")]);
    const { frames } = decodeAll(split(bytes, [mebibyte, mebibyte]), {
      maxFrameBytes: bytes.length,
    });
    expect(frames[0] === "\ufffd".repeat(2 * mebibyte)).toBe(true);
  });
});
