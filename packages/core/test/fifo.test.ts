import { expect, test } from "vitest";
import { Fifo } from "../src/fifo.ts";

test("gives what it was given, in order, whatever comes between", () => {
  const queue = new Fifo<number>();
  const model: number[] = [];
  // Grows, shrinks and is emptied, several times over.
  for (let n = 0; n < 5_000; n++) {
    const isGrowing = n % 500 < 300;
    if (isGrowing || n % 7 === 0) {
      queue.push(n);
      model.push(n);
    } else {
      expect(queue.shift()).toBe(model.shift());
    }
    if (n % 611 === 0) {
      queue.remove((each) => each % 3 === 0);
      model.splice(0, model.length, ...model.filter((each) => each % 3 !== 0));
    }
    if (n % 409 === 0) {
      queue.unshift(n % 2 === 0 ? [-n, n] : [-n]);
      model.unshift(...(n % 2 === 0 ? [-n, n] : [-n]));
    }
    expect([queue.size, queue.first, queue.last]).toEqual([
      model.length,
      model[0],
      model[model.length - 1],
    ]);
    if (n % 101 === 0) {
      expect(queue.toArray()).toEqual(model);
      expect([...queue]).toEqual(model);
    }
  }
  while (model.length > 0) expect(queue.shift()).toBe(model.shift());
  expect(queue.shift()).toBeUndefined();
  queue.push(1);
  queue.clear();
  expect([queue.size, queue.first, queue.last, queue.toArray()]).toEqual([
    0,
    undefined,
    undefined,
    [],
  ]);
});

test("holds what is undefined, too", () => {
  const queue = new Fifo<number | undefined>();
  queue.push(undefined);
  queue.push(2);
  expect([queue.shift(), queue.size, queue.shift(), queue.size]).toEqual([undefined, 1, 2, 0]);
});

test("takes no longer for each when there are many", () => {
  const timed = (count: number): number => {
    const queue = new Fifo<number>();
    for (let n = 0; n < count; n++) queue.push(n);
    const start = performance.now();
    while (queue.shift() !== undefined);
    return performance.now() - start;
  };
  timed(100_000);
  // An array's own shift would take minutes for so many.
  expect(timed(1_600_000)).toBeLessThan(100 * Math.max(10, timed(100_000)));
});
