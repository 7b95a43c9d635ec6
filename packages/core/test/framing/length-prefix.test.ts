import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { MyelinError } from "../../src/errors.ts";
import {
  frameHeaderBytes,
  LengthPrefixDecoder,
  writeFrameHeader,
} from "../../src/framing/length-prefix.ts";

interface Frame {
  readonly kind: number;
  readonly payload: string;
}

function encode(...frames: readonly Frame[]): Buffer {
  return Buffer.concat(
    frames.map(({ kind, payload }) => {
      const bytes = Buffer.alloc(frameHeaderBytes + payload.length);
      const at = writeFrameHeader(bytes, 0, kind, payload.length);
      bytes.write(payload, at, "latin1");
      return bytes;
    }),
  );
}

/** A decoder and what it reported. A frame that is called `stop` stops it. */
function decoding({ maxFrameBytes = 1_000_000 } = {}) {
  const frames: Frame[] = [];
  const decoder = new LengthPrefixDecoder(
    {
      onFrame(kind, bytes, start, end) {
        const payload = bytes.toString("latin1", start, end);
        frames.push({ kind, payload });
        if (payload === "stop") decoder.stop();
      },
    },
    { maxFrameBytes },
  );
  /** Each chunk is overwritten after it was pushed, as a reused buffer would be. */
  const push = (chunk: Uint8Array) => {
    const own = Buffer.from(chunk);
    decoder.push(own);
    own.fill(0xdd);
  };
  return { frames, decoder, push };
}

const some: readonly Frame[] = [
  { kind: 0x10, payload: "one" },
  { kind: 0xff, payload: "" },
  { kind: 0x00, payload: "\0three" },
];

describe("LengthPrefixDecoder", () => {
  test.each([
    ["01000000 10", [{ kind: 0x10, payload: "" }]],
    ["04000000 11 616263", [{ kind: 0x11, payload: "abc" }]],
    [
      "02000000 20 61 02000000 21 62",
      [
        { kind: 0x20, payload: "a" },
        { kind: 0x21, payload: "b" },
      ],
    ],
  ])("%s", (hex, expected) => {
    const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
    const { frames, push } = decoding();
    push(bytes);
    expect(frames).toEqual(expected);
    expect(encode(...expected)).toEqual(bytes);
  });

  test("a length of four bytes is written whole", () => {
    const bytes = Buffer.alloc(8);
    expect(writeFrameHeader(bytes, 1, 0x13, 0x01020304 - 1)).toBe(6);
    expect(bytes.toString("hex")).toBe("0004030201130000");
  });

  test("every split of a stream, in two, three and single bytes, gives the same frames", () => {
    const bytes = encode(...some);
    for (let first = 0; first <= bytes.length; first += 1) {
      for (let second = first; second <= bytes.length; second += 1) {
        const { frames, decoder, push } = decoding();
        push(bytes.subarray(0, first));
        push(bytes.subarray(first, second));
        push(bytes.subarray(second));
        expect(frames).toEqual(some);
        expect(decoder.pendingBytes).toBe(0);
      }
    }
    const { frames, push } = decoding();
    for (const byte of bytes) push(Buffer.from([byte]));
    expect(frames).toEqual(some);
  });

  test("any frames come through any pieces", () => {
    const frame = fc.record({
      kind: fc.nat(255),
      payload: fc.uint8Array({ maxLength: 300 }).map((all) => Buffer.from(all).toString("latin1")),
    });
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 40 }),
        (expected, sizes) => {
          const { frames, decoder, push } = decoding();
          let rest = encode(...expected);
          for (const size of [...sizes, rest.length]) {
            push(rest.subarray(0, size));
            rest = rest.subarray(size);
          }
          expect(frames).toEqual(expected);
          expect(decoder.pendingBytes).toBe(0);
        },
      ),
    );
  });

  test("a frame that is whole is reported in place", () => {
    const chunk = encode(...some);
    const seen: unknown[] = [];
    const decoder = new LengthPrefixDecoder(
      { onFrame: (_kind, bytes, start, end) => seen.push([bytes === chunk, start, end]) },
      { maxFrameBytes: 100 },
    );
    decoder.push(chunk);
    expect(seen).toEqual([
      [true, 5, 8],
      [true, 13, 13],
      [true, 18, 24],
    ]);
  });

  test("a chunk need not be a Buffer", () => {
    const { frames, decoder } = decoding();
    const bytes = encode(...some);
    const padded = new Uint8Array(bytes.length + 3);
    padded.set(bytes, 3);
    decoder.push(padded.subarray(3, 9));
    decoder.push(padded.subarray(9));
    expect(frames).toEqual(some);
  });

  test("says how much it holds", () => {
    const { decoder, push } = decoding();
    const bytes = encode({ kind: 1, payload: "12345" });
    push(bytes.subarray(0, 2));
    expect(decoder.pendingBytes).toBe(2);
    push(bytes.subarray(2, 7));
    expect(decoder.pendingBytes).toBe(7);
    push(bytes.subarray(7));
    expect(decoder.pendingBytes).toBe(0);
  });

  test("tells nothing after stop, not even of the same chunk", () => {
    const stop = { kind: 1, payload: "stop" };
    const bytes = encode(...some, stop, ...some);
    for (const cut of [0, encode(...some).length + 2]) {
      const { frames, decoder, push } = decoding();
      push(bytes.subarray(0, cut));
      push(bytes.subarray(cut));
      push(bytes);
      expect(frames).toEqual([...some, stop]);
      expect(decoder.pendingBytes).toBe(0);
    }
  });
});

describe("the limit of a frame", () => {
  test("holds for the length, kind included, and before the frame is there", () => {
    const { frames, push } = decoding({ maxFrameBytes: 5 });
    push(encode({ kind: 1, payload: "1234" }));
    expect(frames).toHaveLength(1);
    const header = encode({ kind: 1, payload: "12345" }).subarray(0, 4);
    const tooLarge = expect.objectContaining({ code: "ERR_TOO_LARGE" });
    expect(() => push(header)).toThrow(tooLarge);
    expect(() => decoding({ maxFrameBytes: 5 }).push(Buffer.alloc(4, 0xff))).toThrow(tooLarge);
  });

  test("can be changed by the sink, for the frame that follows", () => {
    const frames: number[] = [];
    const decoder = new LengthPrefixDecoder(
      {
        onFrame(_kind, _bytes, start, end) {
          frames.push(end - start);
          decoder.maxFrameBytes = 100;
        },
      },
      { maxFrameBytes: 2 },
    );
    decoder.push(encode({ kind: 1, payload: "1" }, { kind: 1, payload: "x".repeat(99) }));
    expect(frames).toEqual([1, 99]);
  });

  test("nothing is held of a frame that is refused, and nothing is told after it", () => {
    const { frames, decoder, push } = decoding({ maxFrameBytes: 8 });
    const bytes = encode(...some, { kind: 1, payload: "too large" });
    const cut = encode(...some).length + 3;
    push(bytes.subarray(0, cut));
    expect(decoder.pendingBytes).toBe(3);
    expect(() => push(bytes.subarray(cut))).toThrow(MyelinError);
    expect(decoder.pendingBytes).toBe(0);
    push(encode(...some));
    expect(frames).toEqual(some);
  });

  test("a frame of no length has no kind", () => {
    for (const cut of [0, 1, 3]) {
      const { push } = decoding();
      push(Buffer.alloc(cut));
      expect(() => push(Buffer.alloc(4 - cut))).toThrow(
        expect.objectContaining({ code: "ERR_PROTOCOL" }),
      );
    }
  });

  test("any bytes are frames or one of the two errors", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), (chunks) => {
        const { decoder, push } = decoding({ maxFrameBytes: 64 });
        try {
          for (const chunk of chunks) push(chunk);
        } catch (error) {
          expect(error).toBeInstanceOf(MyelinError);
          expect(["ERR_PROTOCOL", "ERR_TOO_LARGE"]).toContain((error as MyelinError).code);
        }
        expect(decoder.pendingBytes).toBeLessThan(64 + frameHeaderBytes);
      }),
    );
  });
});

test("what is held is moved only when its block doubles, however small the pieces", () => {
  const bytes = encode({ kind: 0x13, payload: "x".repeat(100_000) });
  const { frames, decoder } = decoding();
  const copy = vi.spyOn(Buffer.prototype, "copy");
  try {
    for (let at = 0; at < bytes.length; at += 1) decoder.push(bytes.subarray(at, at + 1));
    expect(frames).toHaveLength(1);
    const moved = copy.mock.results.reduce((sum, { value }) => sum + Number(value), 0);
    expect(moved).toBeLessThan(bytes.length * 2);
  } finally {
    copy.mockRestore();
  }
});
