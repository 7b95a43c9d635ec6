// What is left of the window beside handlers that take for ever goes round, and one large message that waits for it lets others past.
import { connect, serve } from "myelin";
import { expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "./pairing.ts";

const MiB = 1024 * 1024;
const forEver = () => new Promise<never>(() => {});

test.each([800, 1_000])(
  "%i calls that are never answered, and events beside them",
  async (hung) => {
    let settle: (() => void)[] = [];
    const events = { settled: 0 };
    const server = keep(
      await serve(freshAddress(), {
        handlers: { hang: forEver, quick: () => 1 },
        events: {
          event: () =>
            new Promise<void>((resolve) => settle.push(resolve)).then(() => events.settled++),
        },
      }),
    );
    const client = keep(await connect(server.address));
    for (let each = 0; each < hung; each++) client.call("hang").catch(() => {});
    for (let each = 0; each < 300; each++) client.send("event", each);
    const answer = client.call("quick");
    const left = 1_024 - hung;
    while (events.settled < 300) {
      const expected = Math.min(left, 300 - events.settled);
      await until("what there is room for", () => settle.length === expected);
      const before = events.settled;
      for (const each of settle) each();
      settle = [];
      await until("they are done", () => events.settled === before + expected);
    }
    expect(await within("the call behind them", answer)).toBe(1);
  },
);

test("a large event that waits for the window lets calls and events past", async () => {
  const limits = { windowMessages: 2, windowBytes: 64 * 1024 };
  const server = keep(await serve(freshAddress(), { limits }));
  let release!: () => void;
  const released = new Promise<void>((resolve) => (release = resolve));
  server.handle("hold", () => released);
  server.handle("small", () => 1);
  let heard = 0;
  server.on("large", () => void heard++);
  server.on("small", () => void heard++);
  const client = keep(await connect(server.address, { limits: { maxQueuedBytes: MiB } }));
  const holding = [client.call("hold"), client.call("hold")];
  await until("the window is used", () => server.stats().activeHandlers === 2);
  client.send("large", Buffer.alloc(8 * MiB));
  client.send("small", 1);
  const call = client.call("small");
  // Another such finds no room.
  expect(() => client.send("large", Buffer.alloc(8 * MiB))).toThrow(
    expect.objectContaining({ code: "ERR_QUEUE_FULL" }),
  );
  release();
  await within("all calls", Promise.all([...holding, call]));
  await until("all events", () => heard === 2);
});
