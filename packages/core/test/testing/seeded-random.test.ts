import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/testing/seeded-random.ts";

describe("seeded chance", () => {
  test("is the same on every machine", () => {
    const random = new SeededRandom(1);
    // Literal, so that a seed printed today means the same tomorrow.
    expect([random.next(), random.next(), random.next()].map((each) => each.toFixed(8))).toEqual([
      "0.62707394",
      "0.00273572",
      "0.52744704",
    ]);
  });

  test("spreads evenly", () => {
    const random = new SeededRandom(12_345);
    const counts = Array.from({ length: 10 }, () => 0);
    for (let n = 0; n < 100_000; n++) {
      const index = random.integer(0, 9);
      counts[index] = (counts[index] ?? 0) + 1;
    }
    for (const count of counts) {
      expect(count).toBeGreaterThan(9_000);
      expect(count).toBeLessThan(11_000);
    }
  });

  test("keeps to its bounds", () => {
    const random = new SeededRandom(-1);
    const drawn = new Set(Array.from({ length: 1_000 }, () => random.integer(3, 5)));
    expect([...drawn].sort()).toEqual([3, 4, 5]);
    expect(random.chance(0)).toBe(false);
    expect(random.chance(1)).toBe(true);
    expect(random.bytes(5)).toHaveLength(5);
  });
});
