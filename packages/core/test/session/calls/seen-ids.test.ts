import { expect, test } from "vitest";
import { SeenIds } from "../../../src/session/calls/seen-ids.ts";

const broken = expect.objectContaining({ code: "ERR_PROTOCOL" });

test("counts up from the first", () => {
  const seen = new SeenIds(2, 10);
  expect(seen.has(2)).toBe(false);
  seen.add(2);
  seen.add(4);
  expect([2, 4, 6].map((id) => seen.has(id))).toEqual([true, true, false]);
});

test("takes those that were left out later, each once", () => {
  const seen = new SeenIds(1, 10);
  seen.add(7);
  expect([1, 3, 5, 7].map((id) => seen.has(id))).toEqual([false, false, false, true]);
  for (const id of [3, 1, 5]) seen.add(id);
  for (const id of [1, 3, 5, 7]) expect(() => seen.add(id)).toThrow(broken);
});

test("leaves out so many and not one more", () => {
  const seen = new SeenIds(1, 10);
  seen.add(21);
  expect(() => seen.add(25)).toThrow(broken);
  seen.add(23);
  seen.add(1);
  seen.add(27);
  expect(() => seen.add(31)).toThrow(broken);
});
