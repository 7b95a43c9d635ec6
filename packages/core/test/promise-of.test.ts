// What user code gives as a promise, and may not be a good one.
// oxlint-disable unicorn/no-thenable -- odd things are what is given here
import { describe, expect, test } from "vitest";
import { promiseOf } from "../src/promise-of.ts";

/** What a promise settles with, told as its listeners hear it. */
async function settles(value: unknown): Promise<unknown[]> {
  const told: unknown[] = [];
  const tell = (what: string) => (result: unknown) => void told.push([what, result]);
  promiseOf(value)?.then(tell("resolved"), tell("rejected"));
  await new Promise((resolve) => setImmediate(resolve));
  return told;
}

class Odd extends Promise<unknown> {
  override then(): never {
    throw new Error("then");
  }
}

describe("the promise of what user code gave", () => {
  test("is the promise itself, and nothing for what is none", () => {
    const promise = Promise.resolve(1);
    expect(promiseOf(promise)).toBe(promise);
    for (const value of [undefined, null, 1, "then", {}, [], { then: 1 }]) {
      expect(promiseOf(value)).toBeUndefined();
    }
  });

  test.each<[string, () => unknown]>([
    ["whose class throws in then", () => Odd.resolve(1)],
    ["with a then of its own that throws", () => withThen(() => expect.fail("then"))],
    ["behind a proxy", () => new Proxy(Promise.resolve(1), {})],
    ["whose class cannot make others", () => brokenSpecies()],
  ])("rejects, or gives its value, but never throws: one %s", async (_, make) => {
    expect(await settles(make())).toHaveLength(1);
  });

  test("settles once, whatever calls back twice", async () => {
    const twice = withThen((resolve) => {
      resolve(1);
      resolve(2);
    });
    expect(await settles(twice)).toEqual([["resolved", 1]]);
  });
});

function withThen(then: (resolve: (value: unknown) => void) => void): Promise<unknown> {
  return Object.assign(Promise.resolve(0), { then });
}

function brokenSpecies(): Promise<unknown> {
  let isBroken = false;
  class Broken extends Promise<unknown> {
    constructor(run: ConstructorParameters<typeof Promise<unknown>>[0]) {
      if (isBroken) throw new Error("species");
      super(run);
    }
  }
  const promise = Broken.resolve(1);
  isBroken = true;
  return promise;
}
