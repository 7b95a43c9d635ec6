import { expect, test } from "vitest";
import { RecentIds } from "../../../src/session/calls/recent-ids.ts";

test("remembers as many as it is to, and not many more", () => {
  const ids = new RecentIds(100);
  for (let id = 0; id < 10_000; id += 1) ids.add(id);
  for (let id = 9_900; id < 10_000; id += 1) expect(ids.delete(id)).toBe(true);
  for (let id = 0; id < 9_800; id += 1) expect(ids.delete(id)).toBe(false);
});

test("forgets what was asked for", () => {
  const ids = new RecentIds(2);
  for (const id of [1, 2, 3]) ids.add(id);
  expect([1, 1, 3, 3, 4].map((id) => ids.delete(id))).toEqual([true, false, true, false, false]);
});

test("takes no longer for each when there are many", () => {
  const timed = (count: number): number => {
    const ids = new RecentIds(1_024);
    const start = performance.now();
    for (let id = 0; id < count; id += 1) ids.add(id);
    return performance.now() - start;
  };
  timed(10_000);
  expect(timed(1_000_000)).toBeLessThan(1_000 * Math.max(1, timed(10_000)));
});
