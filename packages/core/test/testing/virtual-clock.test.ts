import fc from "fast-check";
import { VirtualClock, type VirtualClockOptions } from "myelin/testing";
import { describe, expect, test } from "vitest";

/** Puts a task on a clock that notes its name and the time. */
function makeNotes(clock: VirtualClock) {
  const notes: string[] = [];
  return {
    notes,
    later: (name: string, ms: number) =>
      clock.setTimeout(() => notes.push(`${name} at ${clock.now()}`), ms),
    soon: (name: string) => clock.setImmediate(() => notes.push(`${name} at ${clock.now()}`)),
  };
}

describe("a virtual clock", () => {
  test("stands still until it is moved", () => {
    const clock = new VirtualClock({ startMs: 5 });
    const { notes, later, soon } = makeNotes(clock);
    later("timer", 10);
    soon("immediate");
    expect([notes, clock.now(), clock.pending]).toEqual([[], 5, 2]);
    clock.advance(9);
    expect([notes, clock.now(), clock.pending]).toEqual([["immediate at 5"], 14, 1]);
    clock.advance(1);
    expect([notes, clock.now(), clock.pending]).toEqual([["immediate at 5", "timer at 15"], 15, 0]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1, "5" as unknown as number])(
    "is not moved by %s, which is no time",
    async (ms) => {
      const clock = new VirtualClock();
      const { notes, later } = makeNotes(clock);
      later("timer", 1);
      const wrong = expect.objectContaining({ code: "ERR_CONFIG" }) as Error;
      expect(() => clock.advance(ms)).toThrow(wrong);
      await expect(clock.advanceAsync(ms)).rejects.toEqual(wrong);
      expect([notes, clock.now()]).toEqual([[], 0]);
      clock.advance(1);
      expect([notes, clock.now()]).toEqual([["timer at 1"], 1]);
    },
  );

  test.each<VirtualClockOptions>([
    { seed: 0.5 },
    { seed: Number.NaN },
    { seed: Number.POSITIVE_INFINITY },
    { seed: "1" as unknown as number },
    { startMs: Number.NaN },
    { startMs: Number.POSITIVE_INFINITY },
    { startMs: "5" as unknown as number },
    { maxTasks: Number.NaN },
    { maxTasks: 0 },
    { maxTasks: "many" as unknown as number },
    { sed: 1 } as VirtualClockOptions,
  ])("is not made from %o, and says why", (options) => {
    const [name] = Object.keys(options);
    const wrong = expect.objectContaining({
      code: "ERR_CONFIG",
      message: expect.stringMatching(new RegExp(`^VirtualClock\\(\\).* "?${name}\\b`)),
    }) as Error;
    expect(() => new VirtualClock(options)).toThrow(wrong);
  });

  test.each([
    [null, "null"],
    [5, "5"],
    ["seed", '"seed"'],
    [[], "an array"],
  ])("takes %j for neither options nor a promise", async (nothing, shown) => {
    const given = nothing as never;
    const wrong = (says: string) =>
      expect.objectContaining({ code: "ERR_CONFIG", message: expect.stringContaining(says) });
    expect(() => new VirtualClock(given)).toThrow(
      wrong("VirtualClock(): options must be an object") as Error,
    );
    await expect(new VirtualClock().until(given)).rejects.toEqual(
      wrong(`until(): takes a promise, not ${shown}`),
    );
  });

  test("says what is no promise also where that has no text", async () => {
    await expect(new VirtualClock().until(Object.create(null))).rejects.toMatchObject({
      code: "ERR_CONFIG",
      message: "until(): takes a promise, not a value that has no text",
    });
  });

  test("runs by due time, and then as it was told", () => {
    const clock = new VirtualClock();
    const { notes, later, soon } = makeNotes(clock);
    later("c", 20);
    later("a", 10);
    later("b", 10);
    soon("immediate");
    clock.advance(30);
    expect(notes).toEqual(["immediate at 0", "a at 10", "b at 10", "c at 20"]);
    expect(clock.now()).toBe(30);
  });

  test("does so for any timers, cleared ones left out", () => {
    const timer = fc.record({ ms: fc.integer({ min: 1, max: 20 }), isCleared: fc.boolean() });
    fc.assert(
      fc.property(fc.array(timer, { maxLength: 60 }), (timers) => {
        const clock = new VirtualClock();
        const ran: number[] = [];
        const set = timers.map(({ ms }, index) => clock.setTimeout(() => ran.push(index), ms));
        for (const [index, { isCleared }] of timers.entries()) {
          if (isCleared) clock.clearTimeout(set[index]);
        }
        expect(clock.pending).toBe(timers.filter(({ isCleared }) => !isCleared).length);
        clock.advance(20);
        const expected = timers
          .map(({ ms, isCleared }, index) => ({ ms, isCleared, index }))
          .filter(({ isCleared }) => !isCleared)
          .sort((one, other) => one.ms - other.ms || one.index - other.index);
        expect(ran).toEqual(expected.map(({ index }) => index));
        expect(clock.pending).toBe(0);
      }),
    );
  });

  test("runs what tasks put on it within the same move, each at its time", () => {
    const clock = new VirtualClock();
    const { notes, later, soon } = makeNotes(clock);
    clock.setTimeout(() => {
      later("later", 5);
      later("too late", 6);
      soon("soon");
    }, 10);
    clock.advance(15);
    expect(notes).toEqual(["soon at 10", "later at 15"]);
  });

  test.each([0, -1, 0.5, Number.NaN])("makes of %d ms what Node does: one", (ms) => {
    const clock = new VirtualClock();
    const { notes, later } = makeNotes(clock);
    later("timer", ms);
    clock.advance(1);
    expect(notes).toEqual(["timer at 1"]);
  });

  test("takes one step at a time when asked to", () => {
    const clock = new VirtualClock();
    const { notes, later, soon } = makeNotes(clock);
    soon("one");
    soon("two");
    later("later", 1);
    expect(clock.step()).toBe(true);
    expect(notes).toEqual(["one at 0"]);
    expect([clock.step(), clock.step()]).toEqual([true, false]);
    expect(notes).toEqual(["one at 0", "two at 0"]);
  });

  test("throws what a task throws, and goes on after it when moved again", () => {
    const clock = new VirtualClock();
    const { notes, later } = makeNotes(clock);
    clock.setTimeout(() => {
      throw new Error("from a task");
    }, 5);
    later("next", 5);
    expect(() => clock.advance(10)).toThrow("from a task");
    expect(clock.now()).toBe(5);
    clock.advance(5);
    expect(notes).toEqual(["next at 5"]);
  });

  test("forgets a cleared timer for good", () => {
    const clock = new VirtualClock();
    const { notes, later } = makeNotes(clock);
    const timer = later("timer", 5);
    clock.clearTimeout(timer);
    clock.clearTimeout(timer);
    clock.clearTimeout(undefined);
    timer.ref();
    clock.runUntilIdle();
    clock.advance(10);
    expect(notes).toEqual([]);
  });

  test("gives the same chance for the same seed", () => {
    const draw = (seed: number) => {
      const clock = new VirtualClock({ seed });
      return [clock.random(), clock.random(), ...clock.randomBytes(8)];
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(new VirtualClock({ seed: 7 }).seed).toBe(7);
  });
});

describe("a virtual clock that runs until it is idle", () => {
  test("moves as far as a process would wait, and leaves unref'd timers", () => {
    const clock = new VirtualClock();
    const { notes, later, soon } = makeNotes(clock);
    later("heartbeat", 15_000);
    later("before", 5);
    later("waited for", 10).ref();
    soon("soon");
    clock.runUntilIdle();
    expect(notes).toEqual(["soon at 0", "before at 5", "waited for at 10"]);
    expect([clock.now(), clock.pending]).toEqual([10, 1]);
  });

  test("does not wait for what was unref'd again or cleared", () => {
    const clock = new VirtualClock();
    const { notes, later } = makeNotes(clock);
    const unref = later("unref'd", 5);
    unref.ref();
    unref.ref();
    unref.unref();
    const cleared = later("cleared", 5);
    cleared.ref();
    clock.clearTimeout(cleared);
    clock.runUntilIdle();
    expect([notes, clock.now()]).toEqual([[], 0]);
  });

  test("says so, with its seed, when there is no rest", async () => {
    const clock = new VirtualClock({ seed: 42, maxTasks: 50 });
    let count = 0;
    const again = (): void => {
      count++;
      clock.setImmediate(again);
    };
    again();
    const failure = { code: "ERR_TIMEOUT", message: expect.stringMatching(/50 tasks.*seed 42/) };
    expect(() => clock.runUntilIdle()).toThrow(expect.objectContaining(failure));
    expect(count).toBeLessThan(100);
    await expect(clock.advanceAsync(1)).rejects.toMatchObject(failure);
  });
});

describe("a virtual clock under code that awaits", () => {
  test("lets promises settle after each task", async () => {
    const clock = new VirtualClock();
    const order: string[] = [];
    const sleep = (ms: number) =>
      new Promise<void>((resolve) => void clock.setTimeout(resolve, ms));
    const work = async (name: string) => {
      for (let n = 1; n <= 2; n++) {
        await sleep(10);
        await Promise.resolve();
        order.push(`${name}${n} at ${clock.now()}`);
      }
    };
    const working = Promise.all([work("a"), work("b")]);
    await clock.advanceAsync(15);
    expect(order).toEqual(["a1 at 10", "b1 at 10"]);
    await clock.advanceAsync(15);
    await working;
    expect(order).toEqual(["a1 at 10", "b1 at 10", "a2 at 20", "b2 at 20"]);
    expect(clock.now()).toBe(30);
  });

  test("runs until it is idle, what the promises put on it included", async () => {
    const clock = new VirtualClock();
    const { notes, later } = makeNotes(clock);
    void Promise.resolve().then(() => later("first", 5).ref());
    clock.setImmediate(() => void Promise.resolve().then(() => later("second", 10).ref()));
    await clock.runUntilIdleAsync();
    expect(notes).toEqual(["first at 5", "second at 10"]);
  });

  test("runs until a promise settles, and no longer", async () => {
    const clock = new VirtualClock();
    const { notes, later } = makeNotes(clock);
    later("before", 3);
    later("after", 20);
    const value = new Promise<string>(
      (resolve) => void clock.setTimeout(() => resolve("here"), 10),
    );
    await expect(clock.until(value)).resolves.toBe("here");
    expect([notes, clock.now()]).toEqual([["before at 3"], 10]);
    await expect(clock.until(Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(clock.now()).toBe(10);
  });

  test("tells when nothing can settle a promise", async () => {
    const clock = new VirtualClock({ seed: 3 });
    await expect(clock.until(new Promise(() => {}))).rejects.toMatchObject({
      code: "ERR_TIMEOUT",
      message: expect.stringContaining("seed 3"),
    });
  });
});
