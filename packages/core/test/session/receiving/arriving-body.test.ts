// Long bodies are written where they will be handed out from, however their frames are cut.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LengthPrefixDecoder } from "../../../src/framing/length-prefix.ts";
import { callType } from "../../../src/session/wire.ts";
import { batch, bytePeer, frame } from "../byte-peer.ts";

const coded = (code: string) => expect.objectContaining({ code });

/** Bytes that are not all the same, so that a shift would be seen. */
const body = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, n) => n * 7));

describe("a decoder whose sink wants the end of long frames for itself", () => {
  test("gives it the same bytes, however they come", () => {
    const frames = [100, 20_000, 16_384, 5, 70_000, 16_383, 40_000].map((length, kind) =>
      frame(kind + 1, body(length)),
    );
    const whole = Buffer.concat(frames);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 30 }),
        fc.nat({ max: 200 }),
        (cuts, headBytes) => {
          const heard: Buffer[] = [];
          let head: Buffer = Buffer.alloc(0);
          let place: Buffer = Buffer.alloc(0);
          const decoder = new LengthPrefixDecoder(
            {
              onFrame(kind, bytes, start, end) {
                heard.push(frame(kind, bytes.subarray(start, end)));
              },
              onBegin(kind, bytes, start, end, payloadBytes) {
                if (end - start < headBytes) return undefined;
                head = frame(kind, bytes.subarray(start, start + headBytes));
                head.writeUInt32LE(payloadBytes + 1);
                place = Buffer.alloc(payloadBytes - headBytes);
                return place;
              },
              onPlaced: () => heard.push(Buffer.concat([head, place])),
            },
            { maxFrameBytes: 100_000 },
          );
          const ends = [...cuts.sort((one, other) => one - other), whole.length];
          let at = 0;
          for (const end of ends) {
            // As a buffer that is used again.
            const chunk = Buffer.from(whole.subarray(at, end));
            expect(decoder.push(chunk)).toBe(chunk.length);
            chunk.fill(0xdd);
            at = end;
          }
          expect(heard.map((each) => each.toString("latin1"))).toEqual(
            frames.map((each) => each.toString("latin1")),
          );
          expect(decoder.pendingBytes).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** In pieces of 7,000 bytes. */
function* cut(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 7_000) yield bytes.subarray(at, at + 7_000);
}

describe("a session", () => {
  async function hear(...frames: readonly Buffer[]) {
    const { peer, side } = await bytePeer();
    const heard: { bytes: Uint8Array; memory: number }[] = [];
    side.handlers.on("x", (data) => {
      const bytes = data as Uint8Array;
      heard.push({ bytes: Uint8Array.from(bytes), memory: bytes.buffer.byteLength });
    });
    side.handlers.handle("c", {
      type: callType.call,
      run: (data) => (data as Uint8Array).length,
    });
    side.session.release();
    peer.say(...cut(Buffer.concat(frames)));
    return { peer, side, heard };
  }

  test.each([20_000, 100_000, 200_000])(
    "hands out %i bytes as memory of their own",
    async (length) => {
      const { peer, side, heard } = await hear(
        frame(0x11, [0x21, 0, 1], "x", [2], body(length)),
        batch([0x01, 0, 1, 0x78]),
      );
      await peer.settled();
      expect(heard[0]?.bytes).toEqual(new Uint8Array(body(length)));
      expect(heard[0]?.memory).toBe(length);
      expect(side.session.received).toBe(2);
      side.session.abort();
    },
  );

  test("puts together what comes in long pieces", async () => {
    const [one, two, three] = [body(60_000), body(50_000), body(40_001)];
    const { peer, side, heard } = await hear(
      frame(0x12, [0, 0xf1, 0x93, 0x09], [0x21, 0, 1], "x", [2], one),
      frame(0x13, [0], two),
      frame(0x13, [0], three),
    );
    await peer.settled();
    expect(heard[0]?.bytes).toEqual(new Uint8Array(Buffer.concat([one, two, three])));
    expect(side.session.received).toBe(3);
    side.session.abort();
  });

  test.each([
    ["a name that is not defined", frame(0x11, [0x21, 9], [2], body(50_000)), "ERR_PROTOCOL"],
    ["no data of its own", frame(0x11, [0x01, 0, 1], "x", [2], body(50_000)), "ERR_PROTOCOL"],
    ["a slot that is not open", frame(0x13, [1], body(50_000)), "ERR_PROTOCOL"],
    [
      "a codec that nobody knows",
      frame(0x11, [0x21, 0, 1], "x", [9], body(50_000)),
      "ERR_PROTOCOL",
    ],
    ["JSON that is none", frame(0x11, [0x21, 0, 1], "x", [1], body(50_000)), "ERR_BAD_FRAME"],
    [
      "a piece that is too long",
      Buffer.concat([
        frame(0x12, [0, 0xf1, 0x93, 0x09], [0x21, 0, 1], "x", [2], "a"),
        frame(0x13, [0], body(160_000)),
      ]),
      "ERR_PROTOCOL",
    ],
  ])("ends with a code for a long frame with %s", async (_, bytes, code) => {
    const { side, heard } = await hear(bytes);
    expect((await side.end).error).toEqual(coded(code));
    expect(heard).toEqual([]);
  });
});
