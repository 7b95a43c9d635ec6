// Coming and going: closed twice, closed from anywhere, restarted, raced.
import { connect, type Notice, serve } from "myelin";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep, pair } from "./pairing.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const quickly = { minMs: 1, maxMs: 5 };

const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => void process.on("unhandledRejection", onUnhandled));
afterEach(() => {
  process.off("unhandledRejection", onUnhandled);
  expect(unhandled.splice(0)).toEqual([]);
});

describe("closing", () => {
  test.each(["unix", "tcp", "memory"])("twice, and at both ends at once, over %s", async (kind) => {
    const { server, client } = await pair({ kind });
    let heard = 0;
    server.on("x", () => void heard++);
    for (let n = 0; n < 100; n++) client.send("x", n);
    await within(
      "all",
      Promise.all([client.close(), server.close(), client.close(), server.close()]),
    );
    await client.close();
    await server.close();
    expect(heard).toBe(100);
    expect(await client.closed).toMatchObject({
      error: undefined,
      undelivered: { unsent: { events: 0 }, unacknowledged: { events: 0 } },
    });
  });

  test("without ever having had a session: what waited is counted as what it is", async () => {
    const client = keep(await connect(freshAddress(), { lazy: true, retry: quickly }));
    client.send("x", 1);
    client.send("x", 2);
    const called = expect(client.call("y")).rejects.toEqual(coded("ERR_CLOSED", { ran: "no" }));
    await expect(client.close({ drainMs: 0, timeoutMs: 20 })).rejects.toEqual(
      coded("ERR_UNDELIVERED"),
    );
    await called;
    const { undelivered } = await client.closed;
    expect(undelivered.unsent).toEqual({ events: 2, calls: 1 });
  });

  test("a server by leaving its scope: what was not delivered is a notice", async () => {
    const { client, server, notices } = await pair({ server: { closeTimeoutMs: 20 } });
    client.on("x", () => new Promise(() => {}));
    for (let n = 0; n < 2_000; n++) server.broadcast("x", n);
    await server[Symbol.asyncDispose]();
    const told = notices.find(({ kind }) => kind === "undelivered");
    expect(told).toMatchObject({ unsent: { events: expect.any(Number) } });
  });

  test.each(["unix", "tcp"])(
    "while both ends send: nothing is said to be lost, over %s",
    async (kind) => {
      for (let round = 0; round < 20; round++) {
        const { server, client, peer, notices } = await pair({ kind, client: { retry: quickly } });
        const heard = { server: 0, client: 0 };
        server.on("x", () => void heard.server++);
        client.on("x", () => void heard.client++);
        let sent = 0;
        for (let n = 0; n <= round; n++) {
          for (let each = 0; each < 20; each++) {
            client.send("x", sent);
            peer.send("x", sent);
            sent += 1;
          }
          await turns(1);
        }
        await within("the server closes", server.close());
        await until("the client knows", () => client.state !== "open");
        expect(heard).toEqual({ server: sent, client: sent });
        expect(notices.filter(({ kind: what }) => what !== "unhandled")).toEqual([]);
        await client.close();
      }
    },
  );

  test("a server that is restarted twenty times loses no event of a client that goes on", async () => {
    const address = freshAddress();
    let server = await serve(address);
    const client = keep(await connect(address, { retry: quickly }));
    const gaps: Notice[] = [];
    client.onNotice((notice) => void gaps.push(notice));
    const heard: unknown[] = [];
    const listen = () => server.on("x", (data) => void heard.push(data));
    listen();
    let sent = 0;
    for (let restart = 0; restart < 20; restart++) {
      const closing = server.close();
      // Also while it says goodbye, and while nobody listens.
      for (let n = 0; n < 5; n++) {
        client.send("x", sent++);
        await turns(1);
      }
      await closing;
      client.send("x", sent++);
      server = await serve(address);
      listen();
      await until("it is back", () => client.state === "open" && heard.length === sent);
    }
    expect(heard).toEqual(Array.from({ length: sent }, (_, n) => n));
    expect(gaps).toEqual([]);
    await client.close();
    await server.close();
  });

  test("in a listener of the state ends the client for good", async () => {
    const { server, client } = await pair({ client: { retry: quickly } });
    const states: string[] = [];
    let dials = 0;
    client.onState((state) => {
      states.push(state);
      if (state === "connecting") void client.close();
    });
    await server.close();
    expect(await within("closed", client.closed)).toMatchObject({ by: "here" });
    const again = keep(await serve(server.address));
    again.onPeer(() => void dials++);
    // Later than any attempt that were still to come.
    const other = keep(await connect(server.address, { retry: quickly }));
    for (let n = 0; n < 30; n++) await other.call("none").catch(() => {});
    expect(states).toEqual(["connecting", "closed"]);
    expect(dials).toBe(1);
  });

  test("in handlers, at either end, and as soon as a peer comes in", async () => {
    const first = await pair({ client: { retry: false } });
    first.server.handle("bye", () => {
      void first.server.close();
      return "closing";
    });
    expect(await first.client.call("bye")).toBe("closing");
    await within("the client knows", first.client.closed);
    await first.server.closed;

    const second = await pair();
    second.client.handle("bye", () => {
      void second.client.close();
      return "closing";
    });
    expect(await second.peer.call("bye")).toBe("closing");
    expect(await within("the server knows", second.peer.closed)).toMatchObject({ by: "peer" });

    const third = keep(await serve(freshAddress()));
    third.onPeer((peer) => void peer.close());
    const client = keep(await connect(third.address, { retry: false }));
    expect(await within("turned away", client.closed)).toMatchObject({ by: "peer" });
  });

  test("a server closes while fifty clients come in: each of them hears how it ended", async () => {
    const server = keep(await serve(freshAddress("tcp")));
    const coming = Array.from({ length: 50 }, async () => {
      const client = await connect(server.address, { retry: false });
      return client.closed;
    });
    const settled = Promise.allSettled(coming);
    await until("some are in", () => server.peers.size > 0);
    await within("the server closes", server.close());
    const outcomes = await within("all know", settled);
    expect(outcomes).toHaveLength(50);
    expect(server.peers.size).toBe(0);
  });
});

describe("a call at a server that closes", () => {
  test("is answered within drainMs, and a new one refused", async () => {
    let answer: ((value: string) => void) | undefined;
    const slow = () => new Promise((resolve) => void (answer = resolve));
    const { server, client } = await pair({ server: { handlers: { slow, quick: () => 1 } } });
    const running = client.call("slow");
    await until("the handler to run", () => answer !== undefined);
    const closing = server.close({ drainMs: 10_000, timeoutMs: 10_000 });
    const late = within("a refusal", client.call("quick"));
    await expect(late).rejects.toEqual(coded("ERR_DRAINING", { ran: "no" }));
    answer?.("done");
    expect(await within("an answer", running)).toBe("done");
    await within("closing", closing);
  });

  test.each(["unix", "tcp"])("over %s that takes longer is given up at both ends", async (kind) => {
    const reasons: unknown[] = [];
    let isRunning = false;
    const stuck = (_: unknown, { signal }: { signal: AbortSignal }) => {
      isRunning = true;
      signal.addEventListener("abort", () => void reasons.push(signal.reason));
      return new Promise(() => {});
    };
    const { server, client } = await pair({ kind, server: { handlers: { stuck } } });
    const beyond = within("an end", client.call("stuck"));
    const told = expect(beyond).rejects.toEqual(coded("ERR_CLOSED", { ran: "maybe" }));
    await until("the handler to run", () => isRunning);
    await within("closing", server.close({ drainMs: 1 }));
    await told;
    expect(reasons).toEqual([coded("ERR_CLOSED")]);
  });

  test("and says goodbye in the same turn is not run, and is told so as maybe", async () => {
    let runs = 0;
    const { server, client } = await pair({ server: { handlers: { count: () => ++runs } } });
    const crossed = client.call("count");
    const closing = server.close();
    await expect(within("an end", crossed)).rejects.toEqual(coded("ERR_CLOSED", { ran: "maybe" }));
    await within("closing", closing);
    expect(runs).toBe(0);
  });
});

describe("races", () => {
  test("connecting and giving up a thousand times leaves nothing open", async () => {
    const server = keep(await serve(freshAddress()));
    const attempt = async (n: number): Promise<string> => {
      const controller = new AbortController();
      const connecting = connect(server.address, { signal: controller.signal });
      if (n % 4 === 0) controller.abort();
      else if (n % 4 === 1) setImmediate(() => controller.abort());
      else if (n % 4 === 2) queueMicrotask(() => controller.abort());
      try {
        const client = await connecting;
        await client.close();
        return "closed";
      } catch (reason) {
        return (reason as { code: string }).code;
      }
    };
    const before = process.getActiveResourcesInfo().length;
    for (let n = 0; n < 1_000; n += 10) {
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, (_, each) => attempt(n + each)),
      );
      for (const outcome of outcomes) expect(["closed", "ERR_ABORTED"]).toContain(outcome);
    }
    await until("the server has forgotten them", () => server.peers.size === 0);
    await until("no handle is left", () => process.getActiveResourcesInfo().length <= before);
  });

  test("lazy clients that are closed while they call and dial", async () => {
    const address = freshAddress();
    let failed = 0;
    for (let n = 0; n < 300; n++) {
      const client = await connect(address, { lazy: true, retry: { minMs: 1, maxMs: 1 } });
      client.call("x").catch(({ ran }: { ran: string }) => {
        if (ran === "no") failed += 1;
      });
      if (n % 2 === 0) await turns(1);
      await expect(client.close({ drainMs: 0, timeoutMs: 0 })).rejects.toEqual(
        coded("ERR_UNDELIVERED"),
      );
      expect(client.state).toBe("closed");
    }
    expect(failed).toBe(300);
  });
});

describe("a client without a connection", () => {
  test("a call whose signal has aborted already does not wait for one", async () => {
    const client = keep(await connect(freshAddress(), { lazy: true }));
    const signal = AbortSignal.abort(new Error("before"));
    const call = within("the call", client.call("x", 1, { signal }));
    await expect(call).rejects.toEqual(coded("ERR_ABORTED", { ran: "no" }));
  });
});

describe("what waited for a connection", () => {
  test("bytes are sent as they were when they were accepted", async () => {
    const address = freshAddress();
    const client = keep(await connect(address, { lazy: true, retry: quickly }));
    const bytes = new Uint8Array(64 * 1024).fill(1);
    client.send("x", bytes);
    const answer = client.call("first", bytes);
    bytes.fill(0xdd);
    const server = keep(await serve(address));
    const heard: unknown[] = [];
    server.on("x", (data) => void heard.push((data as Uint8Array)[0]));
    server.handle("first", (data) => (data as Uint8Array)[0]);
    expect(await answer).toBe(1);
    expect(heard).toEqual([1]);
  });

  test("what the server does not take is told, and the rest arrives", async () => {
    const address = freshAddress();
    const client = keep(await connect(address, { lazy: true, retry: quickly }));
    const notices: Notice[] = [];
    client.onNotice((notice) => void notices.push(notice));
    client.send("x", "y".repeat(100_000));
    const tooLarge = client.call("x", "y".repeat(100_000));
    client.send("x", "small");
    const outcome = expect(tooLarge).rejects.toEqual(coded("ERR_TOO_LARGE", { ran: "no" }));
    const server = keep(await serve(address, { limits: { maxMessageBytes: 50_000 } }));
    const heard: unknown[] = [];
    server.on("x", (data) => void heard.push(data));
    await outcome;
    await until("the rest is there", () => heard.length > 0);
    expect(heard).toEqual(["small"]);
    await until("the notice", () => notices.length > 0);
    expect(notices).toMatchObject([{ kind: "dropped", events: 1, reason: "offline" }]);
  });
});

describe("what is handed over", () => {
  test("bytes of a handler stay as they are, whatever arrives afterwards (finding 12)", async () => {
    const { server, client } = await pair({ kind: "tcp" });
    const kept: { bytes: Uint8Array; fill: number }[] = [];
    server.on("bytes", (bytes) => {
      kept.push({ bytes: bytes as Uint8Array, fill: (bytes as Uint8Array)[0] as number });
    });
    for (let round = 0; round < 5; round++) {
      for (const size of [1, 100, 4_095, 4_097, 70_000, 300_000]) {
        client.send("bytes", new Uint8Array(size).fill(kept.length % 250));
        await client.flush();
      }
    }
    expect(kept).toHaveLength(30);
    for (const { bytes, fill } of kept) {
      expect(bytes.every((byte) => byte === fill)).toBe(true);
      // Nothing of others can be reached through it.
      expect(bytes.buffer.byteLength).toBe(bytes.length);
    }
  });

  test("bytes and objects are sent as they were, changed afterwards or not", async () => {
    const limits = { windowMessages: 2 };
    const { server, client } = await pair({ kind: "tcp", server: { limits } });
    const heard: unknown[] = [];
    server.on("x", (data) => {
      const bytes = data as Uint8Array;
      heard.push(bytes instanceof Uint8Array ? [bytes[0], bytes.at(-1)] : data);
    });
    const object = { n: 0 };
    for (let n = 1; n <= 20; n++) {
      const bytes = new Uint8Array(64 * 1024).fill(n);
      client.send("x", bytes);
      bytes.fill(0xdd);
      object.n = n;
      client.send("x", object);
    }
    object.n = 0;
    await client.flush();
    expect(heard).toEqual(
      Array.from({ length: 20 }, (_, n) => [[n + 1, n + 1], { n: n + 1 }]).flat(),
    );
  });

  test("events keep their order across large ones", async () => {
    const { server, client } = await pair({ kind: "tcp" });
    const heard: number[] = [];
    const note = (data: unknown): void => {
      heard.push(typeof data === "number" ? data : Number((data as string).slice(0, 4)));
    };
    server.on("x", note);
    for (let n = 0; n < 60; n++) {
      const text = String(n).padStart(4, "0");
      client.send("x", n % 5 === 0 ? text.padEnd(1_500_000, ".") : n);
    }
    await client.flush();
    expect(heard).toEqual(Array.from({ length: 60 }, (_, n) => n));
  });
});
