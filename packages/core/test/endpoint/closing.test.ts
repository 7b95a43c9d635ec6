// A client that is closed at odd moments: close() settles, nothing follows on "closed", every call is
// answered, and what was accepted has arrived or is told.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type Client, connect, MemoryRegistry, memory, type Notice, serve } from "myelin";
import { faulty } from "myelin/testing";
import { describe, expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { keep } from "./pairing.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const retry = { minMs: 1, maxMs: 5 };
const never = () => new Promise<never>(() => {});

interface World {
  readonly client: Client;
  readonly states: string[];
  /** Breaks the connection; from now on there is the same server, a new one, or none. */
  readonly cut: () => void;
}

/** When the client is closed, and what makes that moment come. */
const moments: Record<string, (world: World, close: () => void) => void> = {
  "in its gap listener": ({ client, cut }, close) => {
    client.onNotice(({ kind }) => {
      if (kind === "gap") close();
    });
    cut();
  },
  "when its connection breaks": ({ client, cut }, close) => {
    client.onState((state) => {
      if (state === "detached" || state === "connecting") close();
    });
    cut();
  },
  "while it waits for another one": ({ cut }, close) => {
    cut();
    close();
  },
  "by a handler that is cancelled": ({ client, cut }, close) => {
    client.handle("work", (_, { signal }) => {
      signal.addEventListener("abort", close);
      cut();
      return never();
    });
    client.send("call me", 0);
  },
  "by a source that is ended": ({ client, cut }, close) => {
    const source: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: never,
        return: async () => {
          close();
          return { done: true, value: undefined };
        },
      }),
    };
    client.upload("collect", source).catch(() => {});
    cut();
  },
  "by who observes its sessions": ({ cut }, close) => {
    const listener = (): void => {
      unsubscribe("myelin:session:closed", listener);
      close();
    };
    subscribe("myelin:session:closed", listener);
    cut();
  },
};

const servers = ["the same server", "a new server", "no server"] as const;

describe.each([0, 10_000])("with a resume window of %i ms", (windowMs) => {
  const resume = windowMs === 0 ? false : { windowMs };

  describe.each(servers)("and %s afterwards", (server) => {
    test.each(Object.keys(moments))("closed %s", async (moment) => {
      const registry = new MemoryRegistry();
      const others = new MemoryRegistry();
      let isCut = false;
      let arrived = 0;
      for (const each of [registry, others]) {
        keep(
          await serve("memory:closing", {
            transports: [memory({ registry: each })],
            resume,
            limits: { windowMessages: 4 },
            handlers: { hang: never, collect: never },
            events: {
              count: () => void arrived++,
              "call me": (_, { peer }) => void peer.call("work").catch(() => {}),
            },
          }),
        );
      }
      const inner = memory({ registry });
      const other = memory({ registry: others });
      const unreliable = faulty({
        ...inner,
        dial: (...where) => (isCut && server === "a new server" ? other : inner).dial(...where),
      });
      const client = keep(
        await connect("memory:closing", { transports: [unreliable], resume, retry }),
      );
      const notices: Notice[] = [];
      client.onNotice((notice) => void notices.push(notice));
      const states: string[] = [];
      client.onState((state) => states.push(state));
      const settled: unknown[] = [];
      const note = (outcome: unknown): void => void settled.push(outcome);
      let accepted = 0;
      const say = (): void => {
        for (let n = 0; n < 5; n++) {
          client.send("count", n);
          accepted += 1;
          client.call("hang", n, { timeoutMs: 0 }).catch(note);
        }
      };
      say();
      await until("some have arrived", () => arrived > 0);
      // These wait for the window, for their handlers hang.
      say();
      let closing: Promise<unknown> | undefined;
      const close = (): void => {
        closing ??= client.close({ drainMs: 0, timeoutMs: 200 }).then(
          () => "closed",
          (error: unknown) => error,
        );
      };
      const cut = (): void => {
        isCut = true;
        if (server === "no server") unreliable.faults.refuse();
        unreliable.faults.cutAll();
      };
      moments[moment]?.({ client, states, cut }, close);
      await until(
        "the moment comes, or goes by",
        () => closing !== undefined || client.state === "open",
      );
      await turns(20);
      close();
      const outcome = await within("close() settles", closing as Promise<unknown>);
      const { undelivered } = await within("it is closed", client.closed);
      expect(states.at(-1)).toBe("closed");
      await until("all calls have ended", () => settled.length === 10);
      for (const each of settled) {
        expect(each).toMatchObject({ ran: expect.stringMatching(/no|maybe/) as string });
      }
      await turns(5);
      expect(states.at(-1)).toBe("closed");
      expect(states.filter((state) => state === "closed")).toHaveLength(1);
      const { unacknowledged, unsent } = undelivered;
      const gaps = notices.flatMap((each) => (each.kind === "gap" ? [each.events] : []));
      const told =
        unsent.events + unacknowledged.events + gaps.reduce((sum, each) => sum + each, 0);
      // Some of what may be lost has arrived.
      expect(told).toBeGreaterThanOrEqual(accepted - arrived);
      expect(unsent.events).toBeLessThanOrEqual(accepted + 1 - arrived);
      const isComplete =
        unsent.events + unsent.calls + unacknowledged.events + unacknowledged.calls === 0;
      if (!isComplete) expect(outcome).toEqual(coded("ERR_UNDELIVERED"));
    });
  });
});

describe("what is accepted while the server says goodbye", () => {
  /** A server that is slow to say goodbye: the client's events wait for its window. */
  async function leaving(serverSays: "never" | { afterMs: number }) {
    const registry = new MemoryRegistry();
    const transports = [memory({ registry })];
    const heard: unknown[] = [];
    const waiting: (() => void)[] = [];
    const server = keep(
      await serve("memory:leaving", {
        transports,
        limits: { windowMessages: 2 },
        events: {
          e: (data) => {
            heard.push(data);
            return new Promise<void>((resolve) => void waiting.push(resolve));
          },
        },
      }),
    );
    const client = keep(await connect("memory:leaving", { transports, retry }));
    const [peer] = [...server.peers.values()];
    for (let n = 0; n < 6; n++) client.send("e", n);
    await until("handlers are at work", () => waiting.length > 0);
    const gone = peer?.close({ drainMs: 0, retry: serverSays });
    gone?.catch(() => {});
    const called = client.call("e2");
    // Refused by a peer that drains, or accepted for later: it is told apart by its error.
    called.catch(() => {});
    await turns(10);
    expect(client.state).toBe("open");
    const finish = async (): Promise<void> => {
      for (let n = 0; n < 50; n++) {
        for (const resolve of waiting.splice(0)) resolve();
        await turns(2);
      }
    };
    return { client, finish, heard, server };
  }

  test("is told when no session follows because the server says so", async () => {
    const { client, finish } = await leaving("never");
    for (const each of ["a", "b", "c"]) client.send("e", each);
    await finish();
    const { undelivered } = await within("it is over", client.closed);
    expect(undelivered.unsent.events).toBe(3);
  });

  test("is told when no session follows because the client closes", async () => {
    const { client, finish } = await leaving({ afterMs: 1 });
    for (const each of ["a", "b", "c"]) client.send("e", each);
    const closing = expect(client.close()).rejects.toEqual(coded("ERR_UNDELIVERED"));
    await finish();
    await closing;
    expect((await client.closed).undelivered.unsent.events).toBe(3);
  });

  test("is flushed when it has arrived in the session after this one", async () => {
    const { client, finish, heard } = await leaving({ afterMs: 1 });
    client.send("e", "later");
    let isFlushed = false;
    const flushing = client.flush().then(() => (isFlushed = true));
    await finish();
    await until("it arrives", () => {
      void finish();
      return heard.includes("later") || isFlushed;
    });
    expect(heard).toContain("later");
    await within("it is flushed", flushing);
  });
});

describe("without a connection", () => {
  const nowhere = { transports: [memory({ registry: new MemoryRegistry() })] };
  const lazily = { ...nowhere, lazy: true, retry: { minMs: 60_000 } } as const;

  test("flushes that were given up leave nothing behind", async () => {
    const client = keep(await connect("memory:nobody", lazily));
    client.send("e", 1);
    const controller = new AbortController();
    const { signal } = controller;
    const given = Array.from({ length: 100 }, () => client.flush({ signal }));
    controller.abort();
    const outcomes = await Promise.allSettled(given);
    expect(outcomes.every(({ status }) => status === "rejected")).toBe(true);
    expect(Reflect.get(client, "flushes")).toMatchObject({ waiting: 0 });
  });

  test("streams that were given up keep no place in the queue", async () => {
    const offline = { policy: "queue", maxMessages: 10 } as const;
    const client = keep(await connect("memory:nobody", { ...lazily, offline }));
    for (let n = 0; n < 20; n++) {
      const items = client.stream("s", n)[Symbol.asyncIterator]();
      const first = items.next();
      await items.return?.();
      expect(await first).toMatchObject({ done: true });
    }
    expect(client.send("e", 1)).toBe(true);
    await expect(client.close({ drainMs: 0, timeoutMs: 20 })).rejects.toEqual(
      coded("ERR_UNDELIVERED"),
    );
    expect((await client.closed).undelivered.unsent).toEqual({ events: 1, calls: 0 });
  });
});

describe.each(["wait", "disconnect", "drop-newest"] as const)("slowPeer %s", (slowPeer) => {
  test("what waited for a connection is sent, though it is more than waits in a session", async () => {
    const registry = new MemoryRegistry();
    const transports = [memory({ registry })];
    const limits = { maxQueuedBytes: 1_000_000 };
    const offline = { policy: "queue", maxBytes: 32_000_000 } as const;
    const options = { transports, retry, slowPeer, limits, offline, lazy: true };
    const client = keep(await connect("memory:later", options));
    const notices: Notice[] = [];
    client.onNotice((notice) => void notices.push(notice));
    let accepted = 0;
    expect(() => {
      for (; accepted < 800; accepted++) client.send("e", "x".repeat(10_000));
    }).toThrow(coded("ERR_QUEUE_FULL"));
    let heard = 0;
    keep(await serve("memory:later", { transports, events: { e: () => void heard++ } }));
    await until("all of it arrives", () => heard === accepted);
    expect(notices).toEqual([]);
  });
});

test("connect() says why there was no welcome in time", async () => {
  const transports = [memory({ registry: new MemoryRegistry() })];
  const error: unknown = await connect("memory:nobody", { transports, timeoutMs: 50, retry }).catch(
    (reason: unknown) => reason,
  );
  expect(error).toEqual(
    coded("ERR_TIMEOUT", { cause: coded("ERR_CONNECTION_REFUSED") as unknown }),
  );
  expect((error as Error).message).toContain((error as { cause: Error }).cause.message);
});
