import fc from "fast-check";
import { expect, test } from "vitest";
import { SeenNumbers } from "../../../src/session/datagrams/seen-numbers.ts";

test("takes each number once, in any order", () => {
  const seen = new SeenNumbers();
  expect([3, 1, 2, 3, 1, 1_026, 2, 4].map((number) => seen.take(number))).toEqual([
    ...[true, true, true, false, false, true, false, true],
  ]);
});

test("takes nothing that is older than what it remembers, since it may have been there", () => {
  const seen = new SeenNumbers();
  expect(seen.take(5_000)).toBe(true);
  expect(seen.take(5_000 - 1_023)).toBe(true);
  expect(seen.take(5_000 - 1_024)).toBe(false);
  expect(seen.take(2 ** 53 - 1)).toBe(true);
  expect(seen.take(5_001)).toBe(false);
});

test("agrees with a set of all numbers, as far as it remembers", () => {
  const steps = fc.array(fc.integer({ min: 1, max: 4_000 }), { maxLength: 300 });
  fc.assert(
    fc.property(steps, (numbers) => {
      const seen = new SeenNumbers();
      const all = new Set<number>();
      let highest = 0;
      for (const number of numbers) {
        const isNew = !all.has(number) && number > highest - 1_024;
        expect(seen.take(number)).toBe(isNew);
        if (isNew) all.add(number);
        highest = Math.max(highest, number);
      }
    }),
  );
});
