// The end of a tick, when what was collected in it leaves.
import { expect, test } from "vitest";
import { Tick } from "../../src/bytes/tick.ts";

test("what is read amid the end of a tick is a tick of its own, and nobody is told of it twice", () => {
  const turns: (() => void)[] = [];
  const tick = new Tick((run) => turns.push(run));
  const told: string[] = [];
  let again = 3;
  const inner = {
    endTick: () => {
      told.push("inner");
      again -= 1;
      if (again > 0) tick.await(inner);
    },
  };
  const outer = {
    endTick: () => {
      told.push("outer");
      tick.read({ read: () => tick.await(inner) }, undefined);
    },
  };
  tick.await(outer);
  for (const expected of [["outer", "inner"], ["inner"], ["inner"]]) {
    turns.shift()?.();
    expect(told.splice(0)).toEqual(expected);
  }
  expect(turns).toEqual([]);
});
