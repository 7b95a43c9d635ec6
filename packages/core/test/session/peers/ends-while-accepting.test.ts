// Foreign code that runs while something is accepted may end the session.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type Client, connect, MemoryRegistry, memory, serve } from "myelin";
import { expect, test } from "vitest";
import { within } from "../../../../../test/support/within.ts";
import { freshAddress, keep } from "../../endpoint/pairing.ts";

const closed = expect.objectContaining({ code: "ERR_CLOSED" });
const limits = { maxQueuedBytes: 20_000 };

async function slowClient(): Promise<Client> {
  const transports = [memory({ registry: new MemoryRegistry() })];
  const address = freshAddress("memory");
  keep(await serve(address, { transports }));
  return keep(await connect(address, { transports, limits, slowPeer: "disconnect", retry: false }));
}

/** More than may wait, so that the session ends. */
function fill(client: Client): void {
  try {
    for (;;) client.send("fill", "y".repeat(9_000));
  } catch {
    // It is over.
  }
}

async function collect(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

const never = { timeoutMs: 0 };
const ways: Record<string, (client: Client, data: unknown) => Promise<unknown>> = {
  call: (client, data) => client.call("any", data, never),
  stream: (client, data) => collect(client.stream("any", data, never)),
  send: async (client, data) => client.send("any", data),
  post: (client, data) => client.post("any", data),
};

test.each(Object.keys(ways))("%s: toJSON ends the session", async (way) => {
  const client = await slowClient();
  const data = { toJSON: () => fill(client) };
  await expect(within("it", ways[way]!(client, data))).rejects.toEqual(closed);
  expect(client.stats()).toMatchObject({ pendingCalls: 0, pendingBytes: 0 });
});

test.each(Object.keys(ways))("%s: who hears of what is sent ends the session", async (way) => {
  const client = await slowClient();
  let isArmed = true;
  const listener = (): void => {
    if (!isArmed) return;
    isArmed = false;
    fill(client);
  };
  subscribe("myelin:message:sent", listener);
  try {
    await expect(within("it", ways[way]!(client, 1))).rejects.toEqual(closed);
  } finally {
    unsubscribe("myelin:message:sent", listener);
  }
  expect(client.stats()).toMatchObject({ pendingCalls: 0, pendingBytes: 0 });
});

test("what toJSON throws and what only looks like a signal are told by a code", async () => {
  const client = await slowClient();
  const thrown = { toString: () => JSON.parse("no JSON") };
  const data = { toJSON: () => AbortSignal.abort(thrown).throwIfAborted() };
  const unfit = expect.objectContaining({ code: "ERR_NOT_SERIALIZABLE" });
  const misused = expect.objectContaining({ code: "ERR_CONFIG" });
  expect(() => client.send("any", data)).toThrow(unfit);
  await expect(client.post("any", data)).rejects.toEqual(unfit);
  await expect(client.call("any", data)).rejects.toEqual(unfit);
  const signal = Object.create(AbortSignal.prototype);
  await expect(client.call("any", 1, { signal })).rejects.toEqual(misused);
  await expect(client.post("any", 1, { signal })).rejects.toEqual(misused);
  await expect(client.flush({ signal })).rejects.toEqual(misused);
  expect(() => client.stream("any", 1, { signal })).toThrow(misused);
});
