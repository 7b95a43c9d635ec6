import { getEventListeners } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { Emitter } from "../src/emitter.ts";

interface Events {
  opened: [name: string, size: number];
  closed: [];
}

type Failure = readonly [event: string, reason: unknown, ...args: unknown[]];

/** Nothing fails, but where a test looks at it. */
function emitterOf(failures: Failure[] = []): Emitter<Events> {
  return new Emitter<Events>({
    opened: (...failure) => void failures.push(["opened", ...failure]),
    closed: (...failure) => void failures.push(["closed", ...failure]),
  });
}

const never = (reason: unknown): never => {
  throw reason;
};

describe("an emitter", () => {
  test("tells its listeners in the order in which they came", () => {
    const emitter = emitterOf();
    const heard: string[] = [];
    emitter.on("opened", (name, size) => heard.push(`first ${name} ${size}`));
    emitter.on("opened", (name) => heard.push(`second ${name}`));
    emitter.on("closed", () => heard.push("closed"));
    expect(emitter.emit("opened", "x", 3)).toBe(true);
    expect(heard).toEqual(["first x 3", "second x"]);
    expect(emitterOf().emit("closed")).toBe(false);
  });

  test("ends a subscription by dispose, by using, and by a signal", () => {
    const emitter = emitterOf();
    const listener = vi.fn();
    const subscription = emitter.on("closed", listener);
    subscription.dispose();
    subscription.dispose();
    {
      using _ = emitter.on("closed", listener);
    }
    const controller = new AbortController();
    emitter.on("closed", listener, { signal: controller.signal });
    controller.abort();
    emitter.on("closed", listener, { signal: controller.signal });
    emitter.emit("closed");
    expect(listener).not.toHaveBeenCalled();
    expect(emitter.listenerCount("closed")).toBe(0);
  });

  test("puts one listener on a signal, however many subscriptions have it, and takes it off", () => {
    const emitter = emitterOf();
    const other = emitterOf();
    const { signal } = new AbortController();
    const listener = vi.fn();
    const subscriptions = [emitter, other].flatMap((each) =>
      Array.from({ length: 6 }, () => each.on("closed", listener, { signal })),
    );
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    emitter.emit("closed");
    expect(listener).toHaveBeenCalledTimes(6);
    for (const each of subscriptions) each.dispose();
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  test("calls a listener added twice twice, and each subscription ends its own", () => {
    const emitter = emitterOf();
    const listener = vi.fn();
    const first = emitter.on("closed", listener);
    emitter.on("closed", listener);
    emitter.emit("closed");
    first.dispose();
    emitter.emit("closed");
    expect(listener).toHaveBeenCalledTimes(3);
  });

  test("calls a once-listener once, even when it emits again", () => {
    const emitter = emitterOf();
    let calls = 0;
    emitter.on(
      "closed",
      () => {
        calls++;
        emitter.emit("closed");
      },
      { once: true },
    );
    emitter.emit("closed");
    expect(calls).toBe(1);
  });

  test("walks the listeners that there were, less those that went", () => {
    const emitter = emitterOf();
    const heard: string[] = [];
    emitter.on("closed", () => {
      heard.push("first");
      second.dispose();
      emitter.on("closed", () => heard.push("late"));
    });
    const second = emitter.on("closed", () => heard.push("second"));
    emitter.on("closed", () => heard.push("third"));
    emitter.emit("closed");
    expect(heard).toEqual(["first", "third"]);
  });

  test("does not stop at a listener that throws or rejects, and tells its failure", async () => {
    const failures: Failure[] = [];
    const emitter = emitterOf(failures);
    const other = vi.fn();
    const thrown = new Error("thrown");
    const rejected = new Error("rejected");
    emitter.on("opened", () => {
      throw thrown;
    });
    // oxlint-disable-next-line typescript/no-misused-promises -- programs do it all the same
    emitter.on("opened", async () => {
      throw rejected;
    });
    // A thenable of its own, that calls back twice.
    const twice = (_: unknown, reject: (reason: unknown) => void): void => {
      reject("foreign");
      reject("again");
    };
    // oxlint-disable-next-line unicorn/no-thenable -- odd things are what is given here
    emitter.on("opened", () => ({ then: twice }) as unknown as undefined);
    emitter.on("opened", other);
    emitter.emit("opened", "x", 3);
    expect(other).toHaveBeenCalledOnce();
    expect(failures).toEqual([["opened", thrown, "x", 3]]);
    await vi.waitFor(() => expect(failures).toHaveLength(3));
    expect(failures).toContainEqual(["opened", rejected, "x", 3]);
    expect(failures).toContainEqual(["opened", "foreign", "x", 3]);
  });

  test("knows names that objects have by nature", () => {
    const emitter = new Emitter<{ constructor: []; toString: [] }>({
      constructor: never,
      toString: never,
    });
    expect(emitter.emit("constructor")).toBe(false);
    emitter.on("toString", () => {});
    expect(emitter.emit("toString")).toBe(true);
  });
});

test("a signal that was let go of ends its listener all the same", () => {
  const emitter = new Emitter<{ told: [number] }>({ told: () => {} });
  const controller = new AbortController();
  const { signal } = controller;
  const heard: number[] = [];
  emitter.on("told", (n) => void heard.push(n), { signal });
  emitter.letGo();
  emitter.on("told", (n) => void heard.push(-n), { signal });
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
  emitter.emit("told", 1);
  controller.abort();
  // Nobody is left to hear it.
  expect(emitter.emit("told", 2)).toBe(false);
  expect(heard).toEqual([1, -1]);
  expect(emitter.listenerCount("told")).toBe(0);
});
