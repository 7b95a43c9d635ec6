// What one sender is promised about order, whatever is large and however full the peer's window is.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { turns, until } from "../../../../test/support/within.ts";
import { sessionPair } from "../session/session-pair.ts";

interface Sent {
  readonly kind: "event" | "call";
  readonly isLarge: boolean;
  /** It goes out together with the one before it. */
  readonly isAtOnce: boolean;
  /** Behind it everything is flushed. */
  readonly isFlushed: boolean;
}

const terms = { window: { messages: 4, bytes: 100_000 }, maxFrameBytes: 4096 };
const largeBytes = 40_000;

/**
 * Sends all of them, and tells in which order they reached their handlers, by their numbers; and which
 * had not when a flush behind them was done.
 */
async function dispatched(sent: readonly Sent[]): Promise<{ order: number[]; early: number[] }> {
  const { client, server, release } = await sessionPair({ terms });
  const order: number[] = [];
  const run = async (data: unknown): Promise<void> => {
    order.push((data as { n: number }).n);
    // It keeps its place in the window for a while.
    await new Promise(setImmediate);
  };
  server.handlers.on("event", run);
  server.handlers.handle("call", { type: 0, run });
  release();
  const done: Promise<unknown>[] = [];
  const early: number[] = [];
  for (const [n, { kind, isLarge, isAtOnce, isFlushed }] of sent.entries()) {
    if (!isAtOnce) await new Promise(setImmediate);
    const data = { n, pad: "x".repeat(isLarge ? largeBytes : 1) };
    if (kind === "event") client.session.event("event", data);
    else done.push(client.call("call", data));
    if (!isFlushed) continue;
    const check = (): void => {
      for (let before = 0; before <= n; before++) if (!order.includes(before)) early.push(before);
    };
    done.push(client.session.flush().then(check));
  }
  await Promise.all([client.session.flush(), ...done]);
  return { order, early };
}

/** Whether the second of two may never reach its handler before the first. */
function isOrdered(sent: readonly Sent[], first: number, second: number): boolean {
  const [a, b] = [sent[first] as Sent, sent[second] as Sent];
  if (a.kind === "event" && b.kind === "event") return true;
  // A large call is handled when it is complete, and may be overtaken.
  if (a.isLarge) return false;
  const isBehindLarge = sent
    .slice(0, first)
    .some(({ kind, isLarge }) => kind === "event" && isLarge);
  return a.kind === "call" || !isBehindLarge;
}

describe("finding 5", () => {
  test("events and calls come in the order sent, but for what large ones change, and a flush waits for them", async () => {
    const one = fc.record({
      kind: fc.constantFrom("event", "call"),
      isLarge: fc.boolean(),
      isAtOnce: fc.boolean(),
      isFlushed: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(one, { maxLength: 25 }), async (sent) => {
        const { order, early } = await dispatched(sent);
        expect(early).toEqual([]);
        expect([...order].sort((a, b) => a - b)).toEqual([...sent.keys()]);
        const place = new Map(order.map((n, index) => [n, index]));
        for (const second of sent.keys()) {
          for (const first of [...sent.keys()].slice(0, second)) {
            if (!isOrdered(sent, first, second)) continue;
            const isKept = (place.get(first) as number) < (place.get(second) as number);
            expect({ first, second, isKept }).toEqual({ first, second, isKept: true });
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  test("calls go past a large event, also those that wait for the window behind it", async () => {
    const { client, server, release } = await sessionPair({ terms });
    const order: string[] = [];
    const free: (() => void)[] = [];
    server.handlers.on("hold", () => new Promise<void>((resolve) => free.push(resolve)));
    for (const name of ["large", "behind"]) server.handlers.on(name, () => void order.push(name));
    server.handlers.handle("call", { type: 0, run: () => void order.push("call") });
    release();
    for (let n = 0; n < terms.window.messages; n++) client.session.event("hold", 0);
    client.session.event("large", new Uint8Array(2 ** 20));
    client.session.event("behind", 0);
    const answer = client.call("call");
    while (free.length < terms.window.messages) await new Promise(setImmediate);
    for (const settle of free) settle();
    await answer;
    await client.session.flush();
    expect(order).toEqual(["call", "large", "behind"]);
  });

  test("a flush waits for events behind a large one, though calls that came later go first", async () => {
    const { client, server, release } = await sessionPair({
      terms: { ...terms, window: { messages: 2, bytes: 100_000 } },
    });
    const heard: string[] = [];
    const free: (() => void)[] = [];
    const hold = (): Promise<void> => new Promise((resolve) => free.push(resolve));
    const letOneGo = async (): Promise<void> => {
      await until("one that is held", () => free.length > 0);
      free.shift()?.();
    };
    server.handlers.on("hold", hold);
    server.handlers.on("large", () => {
      heard.push("large");
      return hold();
    });
    server.handlers.on("small", () => void heard.push("small"));
    server.handlers.handle("call", { type: 0, run: hold });
    release();
    client.session.event("hold", 0);
    client.session.event("large", "x".repeat(largeBytes));
    client.session.event("small", 0);
    // It takes the last place in the window: the end of the large one waits.
    const calls = [client.call("call")];
    let heardAtFlush: string[] | undefined;
    const flushed = client.session.flush().then(() => {
      heardAtFlush = [...heard];
    });
    calls.push(client.call("call"));
    await letOneGo();
    await until("the large one", () => heard.length > 0);
    // It has the place that came free.
    await turns();
    expect(heardAtFlush).toBeUndefined();
    for (let n = 0; n < 3; n++) await letOneGo();
    await Promise.all([flushed, ...calls]);
    expect(heardAtFlush).toEqual(["large", "small"]);
  });

  test("a large event that is dropped as it waits holds nothing back", async () => {
    const { client, server, release } = await sessionPair({
      terms,
      session: { slowPeer: "drop-oldest", maxQueuedBytes: 50_000 },
    });
    const heard: unknown[] = [];
    const free: (() => void)[] = [];
    server.handlers.on("hold", () => new Promise<void>((resolve) => free.push(resolve)));
    server.handlers.on("large", () => void heard.push("large"));
    server.handlers.on("n", (data) => void heard.push(data));
    release();
    for (let n = 0; n < terms.window.messages; n++) client.session.event("hold", 0);
    while (free.length < terms.window.messages) await new Promise(setImmediate);
    client.session.event("large", new Uint8Array(60_000));
    client.session.event("n", 1);
    client.session.event("large", new Uint8Array(90_000));
    client.session.event("n", 2);
    expect(client.dropped).toBeGreaterThan(0);
    for (const settle of free) settle();
    await client.session.flush();
    expect(heard.at(-1)).toBe(2);
    expect(heard).not.toHaveLength(4);
    // And later ones do not wait for what never comes.
    client.session.event("n", 3);
    await client.session.flush();
    expect(heard.at(-1)).toBe(3);
  });
});
