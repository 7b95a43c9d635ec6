// When a client over UDP asks its server for a sign of life.
import { expect, test } from "vitest";
import {
  askingIntervalMs,
  DatagramKeepAlive,
} from "../../../src/session/datagrams/datagram-keep-alive.ts";
import { VirtualClock } from "../../../src/testing/virtual-clock.ts";

const idleMs = 3_000;

/** A client whose server answers after so long, or never. */
function keepAlive(answerMs: number | undefined, intervalMs = askingIntervalMs(15_000, idleMs)) {
  const clock = new VirtualClock();
  const asked: number[] = [];
  const ends: number[] = [];
  const owner: DatagramKeepAlive = new DatagramKeepAlive({
    ...{ clock, intervalMs },
    ask: () => {
      asked.push(clock.now());
      owner.said();
      if (answerMs !== undefined) clock.setTimeout(() => owner.heard(), answerMs);
    },
    onSilence: () => void ends.push(clock.now()),
  });
  return { asked, clock, ends, owner };
}

test("a client asks a third of the idle time after it was last heard", () => {
  const { asked, clock, ends } = keepAlive(10);
  clock.advance(6_000);
  expect(asked).toEqual([1_000, 2_000, 3_000, 4_000, 5_000, 6_000]);
  expect(ends).toEqual([]);
});

test.each([1, 400, 999, 1_001, 1_900])(
  "two questions fit before the idle time is over, whenever the last word was said: after %i ms",
  (lastMs) => {
    const { asked, clock, owner } = keepAlive(10);
    clock.advance(lastMs);
    owner.heard();
    owner.said();
    clock.advance(idleMs - 1);
    const after = asked.filter((atMs) => atMs > lastMs);
    expect(after.slice(0, 2)).toEqual([lastMs + 1_000, lastMs + 2_000]);
  },
);

test.each(["said", "heard"] as const)("who has only %s something asks all the same", (does) => {
  const { asked, clock, owner } = keepAlive(10);
  for (let ms = 0; ms < 6_000; ms += 100) {
    clock.advance(100);
    owner[does]();
  }
  expect(asked).toHaveLength(does === "said" ? 5 : 6);
});

test("who has both said and heard something asks nothing", () => {
  const { asked, clock, owner } = keepAlive(undefined);
  for (let ms = 0; ms < 6_000; ms += 900) {
    owner.said();
    owner.heard();
    clock.advance(900);
  }
  expect(asked).toEqual([]);
});

test("three questions without an answer, and the time for the last, are the end", () => {
  const { asked, clock, ends } = keepAlive(undefined);
  clock.advance(60_000);
  expect(asked).toEqual([1_000, 2_000, 3_000]);
  expect(ends).toEqual([4_000]);
});

test("the welcome of a server cannot ask for a flood, and a heartbeat only for less silence", () => {
  expect(askingIntervalMs(15_000, 1)).toBe(100);
  expect(askingIntervalMs(15_000, 60_000)).toBe(15_000);
  expect(askingIntervalMs(15_000, 30_000)).toBe(10_000);
  // What the program itself wishes holds.
  expect(askingIntervalMs(5, 1)).toBe(5);
  // `heartbeat: false`
  expect(askingIntervalMs(0, 60_000)).toBe(Number.POSITIVE_INFINITY);
});
