// Whatever a peer says, and in whatever pieces: messages are delivered, or the session ends with a
// code. `npm run fuzz` does this for as long as one likes.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attack, attacks, faultsOf, piecesOf, recordedFrames } from "./hostile-run.ts";

const recorded = await recordedFrames();
const kinds = new Set(recorded.map((each) => each[4]));

describe("a session that hears", () => {
  test("what was recorded, delivers all of it, however it is cut", async () => {
    expect([...kinds].sort()).toEqual([0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x20, 0x23]);
    const whole = await attack(recorded);
    expect(whole.mistakes).toEqual([]);
    // It has said goodbye, too, and waits for the ack of its own frames.
    expect(whole.end).toBeUndefined();
    expect(whole.heard.filter((each) => /^(event|async|broken)/.test(each))).toHaveLength(18);
    expect(whole.heard).toContain("event object beside 3 parts");
    expect(whole.heard).toContain("event string beside 0 parts in a trace");
    const bytes = Buffer.concat(recorded);
    const single = await attack(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)));
    expect(single.mistakes).toEqual([]);
    expect([...single.heard].sort()).toEqual([...whole.heard].sort());
  });

  test("anything else, delivers it or ends with a code, and nothing after that", async () => {
    await fc.assert(
      fc.asyncProperty(attacks, async (change) => {
        const pieces = piecesOf(recorded, change);
        expect(faultsOf(await attack(pieces), pieces)).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  test("bytes without any sense, ends with a code or waits for more", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 64 })), async (noise) => {
        const pieces = noise.map((each) => Buffer.from(each));
        const outcome = await attack(pieces);
        expect(faultsOf(outcome, pieces)).toEqual([]);
        expect(outcome.heard.filter((each) => each.startsWith("event"))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
