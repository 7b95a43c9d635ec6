// `on`, `off` and their relatives: the emitter that clients and servers are.
import { describe, expect, test, vi } from "vitest";
import { clientOf, collect, open, pair, start } from "./scenario.ts";
import { everyVersion, type Handler, ours, type Server } from "./versions.ts";

/** A server that is never started: as an emitter it works all the same. */
function emitter(version = ours): Server {
  const ipc = open(version);
  ipc.serve();
  return ipc.server;
}

describe.each(everyVersion)("the emitter of $name", (version) => {
  test("finding 6: off('*', '*') removes the wildcard handlers only", () => {
    const events = emitter(version);
    const heard: string[] = [];
    events.on("*", () => heard.push("wildcard"));
    events.on("tick", () => heard.push("typed"));
    events.off("*", "*");
    events.publish("tick");
    expect(heard).toEqual(["typed"]);
  });

  test("finding 20: on(type, handler, true) is once", () => {
    const events = emitter(version);
    const handler = vi.fn();
    events.on("tick", handler, true);
    events.publish("tick", 1);
    events.publish("tick", 2);
    expect(handler.mock.calls).toEqual([[1]]);
  });

  test("once runs the handler once", () => {
    const events = emitter(version);
    const handler = vi.fn();
    events.once("tick", handler);
    events.publish("tick", 1);
    events.publish("tick", 2);
    expect(handler.mock.calls).toEqual([[1]]);
  });

  test("finding 20: a handler added twice runs twice, and one off removes both", () => {
    const events = emitter(version);
    const handler = vi.fn();
    events.on("tick", handler).on("tick", handler);
    events.publish("tick");
    expect(handler).toHaveBeenCalledTimes(2);
    events.off("tick", handler);
    events.publish("tick");
    expect(handler).toHaveBeenCalledTimes(2);
  });

  test("finding 20: off of a handler that was never added, or of an unknown type, is silent", () => {
    const events = emitter(version);
    const handler = vi.fn();
    events.on("tick", handler);
    events.off("tick", () => {});
    events.off("never heard of", () => {});
    events.publish("tick");
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test("off(type, '*') removes every handler of that type and no other", () => {
    const events = emitter(version);
    const gone = vi.fn();
    const kept = vi.fn();
    events.on("tick", gone).on("tick", vi.fn(gone)).on("tock", kept);
    events.off("tick", "*");
    events.publish("tick");
    events.publish("tock");
    expect(gone).not.toHaveBeenCalled();
    expect(kept).toHaveBeenCalledTimes(1);
  });

  test("on, once and off return the object, so that calls can be chained", () => {
    const events = emitter(version);
    const handler = () => {};
    expect(events.on("a", handler)).toBe(events);
    expect(events.once("b", handler)).toBe(events);
    expect(events.off("a", handler)).toBe(events);
    expect(events.off("never heard of", "*")).toBe(events);
  });

  test("a handler that is missing throws at once", () => {
    const events = emitter(version);
    expect(() => events.on("tick", undefined as unknown as Handler)).toThrow();
  });

  test("finding 20: publish stays local", async () => {
    const { client, server } = await pair(version);
    const atServer = collect(server, "local");
    const fence = collect(server, "fence");
    const atClient = collect(client, "local");
    client.publish("local", "not sent");
    client.emit("fence");
    await fence.atLeast(1);
    expect(atServer.calls).toEqual([]);
    expect(atClient.calls).toEqual([["not sent"]]);
  });

  test("finding 19: an error that nobody hears is not thrown", () => {
    const events = emitter(version);
    expect(() => events.publish("error", new Error("unheard"))).not.toThrow();
  });

  test("finding 19: there is no limit of listeners", async () => {
    const warnings = vi.fn();
    process.on("warning", warnings);
    try {
      const events = emitter(version);
      const handler = vi.fn();
      for (let n = 0; n < 100; n += 1) events.on("tick", () => handler());
      events.publish("tick");
      await new Promise((resolve) => setImmediate(resolve)); // Warnings are told on the next tick.
      expect(handler).toHaveBeenCalledTimes(100);
      expect(warnings).not.toHaveBeenCalled();
    } finally {
      process.off("warning", warnings);
    }
  });
});

describe.each(everyVersion.filter((version) => version.wildcards))(
  "wildcards of $name",
  (version) => {
    test("'*' hears everything, as (type, ...arguments)", () => {
      const events = emitter(version);
      const handler = vi.fn();
      events.on("*", handler);
      events.publish("tick", 1, "two");
      events.publish("tock");
      expect(handler.mock.calls).toEqual([["tick", 1, "two"], ["tock"]]);
    });

    test("finding 32: wildcards hear local lifecycle events, too", async () => {
      const serving = open(version);
      serving.serve();
      const atServer = collect<[string]>(serving.server, "*");
      await start(serving);
      const connecting = open(version, { socketRoot: serving.config.socketRoot });
      connecting.connectTo("world");
      const atClient = collect<[string]>(clientOf(connecting), "*");
      await atServer.atLeast(2);
      await atClient.atLeast(1);
      expect(atServer.data).toEqual(["start", "connect"]);
      expect(atClient.data).toEqual(["connect"]);
    });
  },
);

describe("our emitter", () => {
  test("finding 6: reset() removes all handlers, the wildcard ones too", () => {
    const events = emitter();
    const handler = vi.fn();
    events.on("tick", handler).on("*", handler).once("tock", handler);
    events.reset();
    events.publish("tick");
    events.publish("tock");
    expect(handler).not.toHaveBeenCalled();
  });

  test.each(["trigger", "publish"] as const)("%s fires an event on this side only", (fire) => {
    const events = emitter();
    const handler = vi.fn();
    events.on("tick", handler);
    events[fire]("tick", 1, 2);
    expect(handler.mock.calls).toEqual([[1, 2]]);
  });

  test.each(["unsubscribe", "unSubscribe"] as const)(
    "subscribe and %s are on and off",
    (remove) => {
      const events = emitter();
      const handler = vi.fn();
      expect(events.subscribe("tick", handler)).toBe(events);
      events.publish("tick", 1);
      expect(events[remove]("tick", handler)).toBe(events);
      events.publish("tick", 2);
      expect(handler.mock.calls).toEqual([[1]]);
    },
  );

  test("finding 32: handlers get the client or the server as `this`", async () => {
    const { client, server } = await pair();
    const seen: unknown[] = [];
    server.on("question", function (this: unknown, _data: never, socket: never) {
      seen.push(this);
      server.emit(socket, "answer");
    });
    const answered = collect(client, "answer");
    client.on("answer", function (this: unknown) {
      seen.push(this);
    });
    client.emit("question");
    await answered.atLeast(1);
    expect(seen).toEqual([server, client]);
    expect(seen[0]).toBe(server);
    expect(seen[1]).toBe(client);
  });

  test("finding 32: wildcard handlers run after the typed ones, whatever the order of adding", () => {
    const events = emitter();
    const order: string[] = [];
    events.on("*", () => order.push("wildcard"));
    events.on("tick", () => order.push("first"));
    events.on("tick", () => order.push("second"));
    events.publish("tick");
    expect(order).toEqual(["first", "second", "wildcard"]);
  });

  test("finding 32: a handler may remove itself, and others, while it runs", () => {
    const events = emitter();
    const order: string[] = [];
    const first = () => {
      order.push("first");
      events.off("tick", first);
      events.off("tick", third);
      events.on("tick", () => order.push("late"));
    };
    const third = () => order.push("third");
    events.on("tick", first);
    events.on("tick", () => order.push("second"));
    events.on("tick", third);
    events.publish("tick");
    expect(order).toEqual(["first", "second", "third"]);
    events.publish("tick");
    expect(order.slice(3)).toEqual(["second", "late"]);
  });

  test("a once handler that fires its own event again does not run twice", () => {
    const events = emitter();
    const handler = vi.fn(() => events.publish("tick"));
    events.once("tick", handler);
    events.publish("tick");
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test("the same function may be once under one name and permanent under another", () => {
    const events = emitter();
    const handler = vi.fn();
    events.once("tick", handler);
    events.on("tock", handler);
    for (const type of ["tick", "tock", "tick", "tock"]) events.publish(type, type);
    expect(handler.mock.calls).toEqual([["tick"], ["tock"], ["tock"]]);
  });

  test("finding 32: list is a copy without prototype", () => {
    const events = emitter();
    const handler = () => {};
    events.on("tick", handler);
    const { list } = events;
    expect(Object.getPrototypeOf(list)).toBeNull();
    expect(list["tick"]).toEqual([handler]);
    list["tick"]?.pop();
    delete list["tick"];
    expect(events.list["tick"]).toEqual([handler]);
  });

  test.each(["constructor", "__proto__", "toString", "hasOwnProperty", "then"])(
    "finding 20: %s is an event name like any other",
    async (type) => {
      const { client, server, peer } = await pair();
      const atServer = collect(server, type);
      const atClient = collect(client, type);
      client.emit(type, { to: "server" });
      await atServer.atLeast(1);
      expect(atServer.data).toEqual([{ to: "server" }]);
      server.emit(peer, type, { to: "client" });
      await atClient.atLeast(1);
      expect(atClient.data).toEqual([{ to: "client" }]);
      expect(Object.keys(server.list)).toContain(type);
    },
  );

  test("an event of a peer's that is named '*' is one event, to wildcards only", async () => {
    const { client, server, peer } = await pair();
    const heard = collect(server, "*");
    client.emit("*", "star");
    client.emit("fence");
    await heard.atLeast(2);
    expect(heard.calls).toEqual([
      ["*", "star", peer],
      ["fence", {}, peer],
    ]);
  });

  test("finding 20: an event that nobody handles, named like a method of objects, is ignored", async () => {
    const { client, server } = await pair();
    const fence = collect(server, "fence");
    for (const type of ["constructor", "__proto__", "toString", "valueOf"]) client.emit(type, 1);
    client.emit("fence");
    await fence.atLeast(1);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(client.socket.destroyed).toBe(false);
  });
});
