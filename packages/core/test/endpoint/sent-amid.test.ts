// What is sent by whoever is called while that which waited for a connection leaves: it stands behind it.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type Client, connect, type MessageSeen, serve } from "myelin";
import { afterEach, expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "./pairing.ts";

const subscriptions: (() => void)[] = [];
afterEach(() => {
  for (const end of subscriptions.splice(0)) end();
});

/** Calls `react` for each message that the client is said to have sent. */
function tool(client: Client, channel: string, react: (seen: MessageSeen) => void): void {
  const listener = (seen: unknown): void => {
    if ((seen as MessageSeen).peer === client) react(seen as MessageSeen);
  };
  subscribe(channel, listener);
  subscriptions.push(() => unsubscribe(channel, listener));
}

async function lazy() {
  const address = freshAddress("memory");
  const client = keep(await connect(address, { lazy: true, retry: { minMs: 1, maxMs: 5 } }));
  const heard: unknown[] = [];
  const hear = (data: unknown): number => heard.push(data);
  const start = async () => {
    keep(await serve(address, { events: { news: hear }, handlers: { ask: hear } }));
    await client.flush();
    return heard;
  };
  return { client, heard, start };
}

test("events and calls of a tool that hears of each message", async () => {
  const { client, start } = await lazy();
  for (let n = 0; n < 5; n++) client.send("news", n);
  const answers: Promise<unknown>[] = [];
  let isBusy = false;
  let count = 0;
  tool(client, "myelin:message:sent", () => {
    if (isBusy) return;
    isBusy = true;
    client.send("news", `event ${++count}`);
    answers.push(client.call("ask", `call ${count}`));
    isBusy = false;
  });
  const heard = await start();
  await within("the answers", Promise.all(answers));
  expect(heard).toEqual([
    ...[0, 1, 2, 3, 4],
    ...[1, 2, 3, 4, 5].flatMap((n) => [`event ${n}`, `call ${n}`]),
  ]);
});

test("an event of a tool that hears of the session", async () => {
  const { client, start } = await lazy();
  for (let n = 0; n < 5; n++) client.send("news", n);
  tool(client, "myelin:session:opened", () => void client.send("news", "at last"));
  expect(await start()).toEqual([0, 1, 2, 3, 4, "at last"]);
});

test("each is told of once, and a flush amid them is done", async () => {
  const { client, start } = await lazy();
  const told: string[] = [];
  const flushes: Promise<void>[] = [];
  client.send("news", 0);
  client.send("news", 1);
  tool(client, "myelin:message:sent", ({ kind, name }) => {
    told.push(`${kind} ${name}`);
    if (told.length > 1) return;
    flushes.push(client.flush());
    client.send("news", 2);
  });
  expect(await start()).toEqual([0, 1, 2]);
  await within("the flush", Promise.all(flushes));
  expect(told).toEqual(["event news", "event news", "event news"]);
});

test("where nothing is kept it leaves at once", async () => {
  const address = freshAddress("memory");
  const heard: unknown[] = [];
  const options = { lazy: true, offline: "reject", retry: { minMs: 1 } } as const;
  const client = keep(await connect(address, options));
  tool(client, "myelin:session:opened", () => void client.send("news", "at once"));
  keep(await serve(address, { events: { news: (data) => void heard.push(data) } }));
  await until("it is in", () => client.state === "open");
  await client.flush();
  expect(heard).toEqual(["at once"]);
});
