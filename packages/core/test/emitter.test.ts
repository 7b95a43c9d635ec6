import { getEventListeners, once } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { Emitter } from "../src/emitter.ts";

interface Events {
  opened: [name: string, size: number];
  closed: [];
}

describe("an emitter", () => {
  test("tells its listeners in the order in which they came", () => {
    const emitter = new Emitter<Events>();
    const heard: string[] = [];
    emitter.on("opened", (name, size) => heard.push(`first ${name} ${size}`));
    emitter.on("opened", (name) => heard.push(`second ${name}`));
    emitter.on("closed", () => heard.push("closed"));
    expect(emitter.emit("opened", "x", 3)).toBe(true);
    expect(heard).toEqual(["first x 3", "second x"]);
    expect(new Emitter<Events>().emit("closed")).toBe(false);
  });

  test("ends a subscription by dispose, by using, and by a signal", () => {
    const emitter = new Emitter<Events>();
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
    const emitter = new Emitter<Events>();
    const other = new Emitter<Events>();
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
    const emitter = new Emitter<Events>();
    const listener = vi.fn();
    const first = emitter.on("closed", listener);
    emitter.on("closed", listener);
    emitter.emit("closed");
    first.dispose();
    emitter.emit("closed");
    expect(listener).toHaveBeenCalledTimes(3);
  });

  test("calls a once-listener once, even when it emits again", () => {
    const emitter = new Emitter<Events>();
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
    const emitter = new Emitter<Events>();
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

  test("does not stop at a listener that throws, and does not hide its error", async () => {
    const emitter = new Emitter<Events>();
    const error = new Error("from a listener");
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    try {
      const uncaught = once(process, "uncaughtException");
      const other = vi.fn();
      emitter.on("closed", () => {
        throw error;
      });
      emitter.on("closed", other);
      emitter.emit("closed");
      expect(other).toHaveBeenCalledOnce();
      expect((await uncaught)[0]).toBe(error);
    } finally {
      for (const listener of listeners) process.on("uncaughtException", listener);
    }
  });

  test("knows names that objects have by nature", () => {
    const emitter = new Emitter<{ constructor: []; toString: [] }>();
    expect(emitter.emit("constructor")).toBe(false);
    emitter.on("toString", () => {});
    expect(emitter.emit("toString")).toBe(true);
  });
});
