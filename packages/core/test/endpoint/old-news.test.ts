// Events that a session accepted while it waited for a connection that did not come: they are as old as they are.
import { connect, MemoryRegistry, memory, type Notice, serve } from "myelin";
import { faulty } from "myelin/testing";
import { expect, test } from "vitest";
import { until } from "../../../../test/support/within.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import { keep } from "./pairing.ts";

const resume = {};

/** A client whose server is gone, and that does not know it yet; time passes as the test says. */
async function waiting(windowMessages: number, maxAgeMs = 1_000) {
  let laterMs = 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + laterMs };
  const transport = memory({ registry: new MemoryRegistry() });
  const transports = [transport];
  const hung = { news: () => new Promise(() => {}) };
  const settings = { transports, resume, limits: { windowMessages } };
  const server = keep(await serve("memory:news", { ...settings, events: hung }));
  const line = faulty(transport);
  const client = keep(
    await connect("memory:news", {
      ...{ transports: [line], resume, clock, retry: { minMs: 1, maxMs: 5 } },
      offline: { policy: "queue", maxAgeMs, maxMessages: 2 },
    }),
  );
  const notices: Notice[] = [];
  client.onNotice((notice) => void notices.push(notice));
  for (let n = 0; n < windowMessages; n++) client.send("news", "before");
  await client.flush();
  line.faults.refuse();
  line.faults.cutAll();
  await until("it waits", () => client.state === "detached");
  await server.close({ drainMs: 0, timeoutMs: 1 }).catch(() => {});
  return {
    client,
    notices,
    later: (ms: number) => {
      laterMs += ms;
    },
    /** Another server is there. @returns what it hears */
    comeBack: async () => {
      const heard: unknown[] = [];
      const events = { news: (news: unknown) => void heard.push(news) };
      keep(await serve("memory:news", { transports, resume, events }));
      line.faults.heal();
      await until("it is let in", () => client.state === "open");
      await client.flush();
      return heard;
    },
  };
}

test.each([1, 1024])("are dropped, and told (with a window of %i)", async (windowMessages) => {
  const { client, comeBack, later, notices } = await waiting(windowMessages);
  client.send("news", "old");
  client.send("news", "old as well");
  later(500);
  client.send("news", "young");
  client.send("news", "x".repeat(200_000));
  later(600);
  client.send("news", "new");
  expect((await comeBack()).map(String)).toEqual(["young", "x".repeat(200_000), "new"]);
  await until("it is told", () => notices.length > 0);
  expect(notices).toMatchObject([{ kind: "dropped", reason: "too-old", events: 2 }]);
  expect(client.stats().dropped).toBe(2);
});

test("are kept without an age, however many", async () => {
  const { client, comeBack, later } = await waiting(1024, 0);
  for (let n = 0; n < 5; n++) client.send("news", n);
  later(1e9);
  expect(await comeBack()).toEqual([0, 1, 2, 3, 4]);
});
