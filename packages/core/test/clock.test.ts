import { afterEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../src/clock.ts";

const longest = 2 ** 31 - 1;

/** Timers that this process waits for. */
const refTimers = (): number =>
  process.getActiveResourcesInfo().filter((type) => type === "Timeout").length;

describe("a timer of the system's clock", () => {
  afterEach(() => void vi.useRealTimers());

  test.each([5, 30 * 24 * 3_600_000, Number.POSITIVE_INFINITY])(
    "of %d ms lets the process end, unless it is told to wait",
    (ms) => {
      const before = refTimers();
      const timer = systemClock.setTimeout(() => {}, ms);
      expect(refTimers()).toBe(before);
      timer.ref();
      expect(refTimers()).toBe(before + 1);
      timer.unref();
      expect(refTimers()).toBe(before);
      timer.ref();
      systemClock.clearTimeout(timer);
      expect(refTimers()).toBe(before);
    },
  );

  test.each([longest, longest + 1, 2 ** 32, 10 * longest + 0.5])("waits all of %d ms", (ms) => {
    vi.useFakeTimers();
    const run = vi.fn<() => void>();
    systemClock.setTimeout(run, ms);
    vi.advanceTimersByTime(ms - 1);
    expect(run).not.toHaveBeenCalled();
    vi.advanceTimersByTime(2);
    expect(run).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(2 * ms);
    expect(run).toHaveBeenCalledOnce();
  });

  test("of infinitely many milliseconds never fires", () => {
    vi.useFakeTimers();
    const run = vi.fn<() => void>();
    systemClock.setTimeout(run, Number.POSITIVE_INFINITY);
    vi.advanceTimersByTime(100 * longest);
    expect(run).not.toHaveBeenCalled();
  });

  test("still counts after the first of its waits as it did before", () => {
    vi.useFakeTimers();
    const timeouts = vi.spyOn(globalThis, "setTimeout");
    const stays = systemClock.setTimeout(() => {}, 3 * longest);
    systemClock.setTimeout(() => {}, 3 * longest);
    stays.ref();
    vi.advanceTimersByTime(longest);
    const again = timeouts.mock.results.slice(2).map(({ value }) => value as NodeJS.Timeout);
    expect(again.map((timeout) => timeout.hasRef())).toEqual([true, false]);
    timeouts.mockRestore();
  });

  test.each([longest, 5 * longest])("of %d ms is forgotten when it is cleared", (ms) => {
    vi.useFakeTimers();
    const run = vi.fn<() => void>();
    const timer = systemClock.setTimeout(run, ms);
    vi.advanceTimersByTime(ms - 1);
    systemClock.clearTimeout(timer);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(ms);
    expect(run).not.toHaveBeenCalled();
    systemClock.clearTimeout(timer);
    systemClock.clearTimeout(undefined);
  });
});

describe("the system's clock", () => {
  test("does not follow the wall clock", () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(0);
    const before = systemClock.now();
    vi.setSystemTime(1e12);
    expect(systemClock.now() - before).toBeGreaterThanOrEqual(0);
    expect(systemClock.now() - before).toBeLessThan(60_000);
    vi.useRealTimers();
  });

  test("runs an immediate in another turn, after promises", async () => {
    const order: string[] = [];
    const ran = new Promise<void>((resolve) => {
      systemClock.setImmediate(() => {
        order.push("immediate");
        resolve();
      });
    });
    queueMicrotask(() => order.push("microtask"));
    order.push("now");
    await ran;
    expect(order).toEqual(["now", "microtask", "immediate"]);
  });

  test("gives chance of two kinds", () => {
    const number = systemClock.random();
    expect(number).toBeGreaterThanOrEqual(0);
    expect(number).toBeLessThan(1);
    const bytes = systemClock.randomBytes(16);
    expect(bytes).toHaveLength(16);
    expect(bytes).not.toEqual(systemClock.randomBytes(16));
    // Not a slice of a pool, whose other bytes would be somebody else's secrets.
    expect(bytes.buffer.byteLength).toBe(16);
  });

  test("is the same for everybody", () => {
    expect(Object.isFrozen(systemClock)).toBe(true);
  });
});
