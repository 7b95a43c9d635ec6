// What waits because the handlers of the peer have not finished: calls by themselves, so that they can be
// taken back, and events, of which the oldest can be dropped whatever stands among them.
import {
  type Client,
  type ConnectOptions,
  connect,
  type Notice,
  type ServeOptions,
  serve,
} from "myelin";
import { expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "./pairing.ts";

const MiB = 1024 * 1024;

/** A server of which all handlers are at work until `release`, and a client. */
async function stuck(options: ConnectOptions = {}, limits: ServeOptions["limits"] = {}) {
  const held: (() => void)[] = [];
  let isReleased = false;
  const gate = (): Promise<void> =>
    isReleased ? Promise.resolve() : new Promise((resolve) => void held.push(resolve));
  const heard: unknown[] = [];
  const server = keep(
    await serve(freshAddress(), {
      limits: { windowMessages: 8, ...limits },
      events: { busy: gate, event: (data) => void heard.push(data) },
      handlers: {},
    }),
  );
  server.handle("call", async (data) => {
    await gate();
    return data;
  });
  const client = keep(await connect(server.address, options));
  const notices: Notice[] = [];
  client.onNotice((notice) => void notices.push(notice));
  for (let each = 0; each < 8; each++) client.send("busy");
  await until("all of its window is used", () => held.length === 8);
  const release = (): void => {
    isReleased = true;
    for (const resolve of held.splice(0)) resolve();
  };
  return { client, heard, notices, release, server };
}

const calls: Record<string, (client: Client, timeoutMs: number) => Promise<unknown>> = {
  "with JSON": (client, timeoutMs) => client.call("call", "x".repeat(10_000), { timeoutMs }),
  "with bytes": (client, timeoutMs) => client.call("call", new Uint8Array(10_000), { timeoutMs }),
  "with nothing": (client, timeoutMs) => client.call("call", undefined, { timeoutMs }),
};

test.each(Object.keys(calls))("calls %s that were given up leave nothing behind", async (name) => {
  const act = calls[name] as (typeof calls)[string];
  const { client, release, server } = await stuck({ limits: { maxQueuedBytes: MiB } });
  const before = client.stats().pendingBytes;
  for (let round = 0; round < 50; round++) {
    const ends = Array.from({ length: 50 }, () => act(client, 1).catch((reason: object) => reason));
    for (const each of await within("their ends", Promise.all(ends))) {
      expect(each).toMatchObject({ code: "ERR_TIMEOUT", ran: "no" });
    }
    expect(client.stats()).toMatchObject({ pendingBytes: before, pendingCalls: 0 });
  }
  expect(client.send("event", "behind them")).toBe(true);
  const last = act(client, 60_000);
  release();
  await within("the answer", last);
  await within("flush", client.flush());
  expect(server.stats().received.messages).toBe(8 + 2);
  // The peer has counted all of them: the next ones are no strangers to it.
  for (let each = 0; each < 20; each++) await within("a call", act(client, 60_000));
  expect(client.state).toBe("open");
});

test("a call that is taken back from among others leaves those as they were", async () => {
  const { client, heard, release } = await stuck();
  const outcomes: Promise<unknown>[] = [];
  for (let each = 0; each < 100; each++) {
    client.send("event", each);
    const isGivenUp = each % 3 === 0;
    const signal = isGivenUp ? AbortSignal.timeout(1) : undefined;
    const data = each % 2 === 0 ? each : new Uint8Array([each]);
    outcomes.push(
      client.call("call", data, signal && { signal }).then(
        (answer) => Number(answer),
        (reason: { code: string; ran: string }) => `${reason.code} ${reason.ran}`,
      ),
    );
  }
  const given = outcomes.filter((_, each) => each % 3 === 0);
  expect(new Set(await within("those given up", Promise.all(given)))).toEqual(
    new Set(["ERR_ABORTED no"]),
  );
  release();
  const answers = await within("all", Promise.all(outcomes));
  expect(answers).toEqual(
    Array.from({ length: 100 }, (_, each) => (each % 3 === 0 ? "ERR_ABORTED no" : each)),
  );
  await within("flush", client.flush());
  expect(heard).toEqual(Array.from({ length: 100 }, (_, each) => each));
});

test("drop-oldest keeps the newest events, whatever calls stand among them", async () => {
  const { client, heard, notices, release } = await stuck({
    ...{ slowPeer: "drop-oldest", limits: { maxQueuedBytes: MiB } },
  });
  const answers: Promise<unknown>[] = [];
  const sent = 5_000;
  for (let each = 0; each < sent; each++) {
    client.send("event", { each, text: "x".repeat(1_000) });
    if (each % 100 === 50) answers.push(client.call("call", each));
  }
  release();
  const outcomes = await within("the answers", Promise.allSettled(answers));
  // Where a call finds no room beside events it is refused, and one that was accepted is answered.
  const refusals = outcomes.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
  for (const each of refusals) expect(each).toMatchObject({ code: "ERR_QUEUE_FULL", ran: "no" });
  expect(refusals.length).toBeLessThan(outcomes.length / 5);
  await within("flush", client.flush());
  const numbers = heard.map((data) => (data as { each: number }).each);
  const dropped = notices.reduce(
    (sum, notice) => sum + (notice.kind === "dropped" ? notice.events : 0),
    0,
  );
  expect(numbers.length + dropped).toBe(sent);
  expect(dropped).toBeGreaterThan(sent / 2);
  expect(numbers.slice(-100)).toEqual(Array.from({ length: 100 }, (_, n) => sent - 100 + n));
});

test("drop-oldest looks through nothing where calls alone wait", async () => {
  const { client } = await stuck({
    ...{ slowPeer: "drop-oldest", limits: { maxQueuedBytes: 32 * MiB, maxPendingCalls: 100_000 } },
  });
  while (client.stats().pendingBytes < 31 * MiB) {
    client.call("call", new Uint8Array(1)).catch(() => {});
  }
  for (let each = 0; each < 10_000; each++) client.send("event", each);
  await turns();
  expect(client.stats().dropped).toBeGreaterThan(5_000);
});

test.each(["server", "client"] as const)(
  "closing at the %s does not wait for calls that have been told",
  async (side) => {
    const { client, server } = await stuck({ retry: false });
    const waiting = client.call("call", 1).catch((reason: object) => reason);
    const givenUp = client.call("call", 2, { timeoutMs: 1 }).catch((reason: object) => reason);
    expect(await within("its end", givenUp)).toMatchObject({ code: "ERR_TIMEOUT", ran: "no" });
    const closing =
      side === "server" ? server.close({ drainMs: 50 }) : client.close({ drainMs: 50 });
    // Events that are at work are not lost: who closes waits until they have arrived.
    await within("the end", closing);
    expect(await waiting).toMatchObject({ code: "ERR_CLOSED", ran: "no" });
    expect(await client.closed).toMatchObject({
      error: undefined,
      undelivered: { unsent: { events: 0, calls: 0 } },
    });
  },
);
