// The signal that a listener of events is given: one for each event, until its listeners are done.
import { type Client, connect, type Server, serve } from "myelin";
import { describe, expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "./pairing.ts";

const once = { retry: false } as const;

async function pairOver(kind: string): Promise<{ server: Server; client: Client }> {
  if (kind === "node-ipc") {
    const server = keep(await serve(freshAddress(), { accept: ["node-ipc"] }));
    return {
      server,
      client: keep(await connect(server.address, { ...once, dialect: "node-ipc" })),
    };
  }
  const server = keep(await serve(kind === "udp" ? "udp://127.0.0.1:0" : freshAddress(kind)));
  return { server, client: keep(await connect(server.address, once)) };
}

describe.each(["unix", "node-ipc", "udp"])("the signal of an event over %s", (kind) => {
  test("aborts when its sender is gone, for all that are not done", async () => {
    const { server, client } = await pairOver(kind);
    const early: AbortSignal[] = [];
    const contexts: { readonly signal: AbortSignal }[] = [];
    server.on("early", (_, { signal }) => {
      early.push(signal);
      return new Promise(() => {});
    });
    // Asked for when the sender is gone only.
    server.on("late", (_, context) => {
      contexts.push(context);
      return new Promise(() => {});
    });
    for (let n = 0; n < 3; n += 1) {
      client.send("early", {});
      client.send("late", {});
    }
    await until("they are at work", () => early.length === 3 && contexts.length === 3);
    expect(new Set(early).size).toBe(3);
    expect(early.map(({ aborted }) => aborted)).toEqual([false, false, false]);
    const [peer] = server.peers.values();
    await client.close({ drainMs: 0 }).catch(() => {});
    await within("the end", peer?.closed ?? expect.fail());
    for (const signal of [...early, ...contexts.map((context) => context.signal)]) {
      expect(signal.aborted).toBe(true);
      expect(signal.reason).toMatchObject({ name: "MyelinError" });
    }
  });

  test("is its own, and let go of when its listeners are done", async () => {
    const { server, client } = await pairOver(kind);
    const signals: AbortSignal[] = [];
    let asked = 0;
    server.on("x", (data, { signal }) => {
      signals.push(signal);
      return data === "later" ? Promise.resolve() : undefined;
    });
    server.on("not asked for", () => void asked++);
    for (let n = 0; n < 20; n += 1) {
      if (n % 5 === 0) client.send("not asked for");
      client.send("x", n % 2 === 0 ? "later" : "at once");
    }
    await until("all are heard", () => signals.length === 20 && asked === 4);
    expect(new Set(signals).size).toBe(20);
    await client.close();
    await until("it is gone", () => server.peers.size === 0);
    expect(signals.filter(({ aborted }) => aborted)).toEqual([]);
  });
});

test("middleware is given the signal of the event", async () => {
  const seen: AbortSignal[] = [];
  const server = keep(
    await serve(freshAddress("memory"), {
      use: [
        (message, next) => {
          seen.push(message.signal);
          return next();
        },
      ],
    }),
  );
  const heard: AbortSignal[] = [];
  server.on("x", (_, { signal }) => {
    heard.push(signal);
    return new Promise(() => {});
  });
  const client = keep(await connect(server.address));
  client.send("x");
  client.send("x");
  await until("both are heard", () => heard.length === 2);
  expect(heard).toEqual(seen);
  expect(seen[0]).not.toBe(seen[1]);
  await client.close();
  await until("they hear it", () => seen.every(({ aborted }) => aborted));
});

test("a listener that ends the session itself hears it by its signal", async () => {
  const server = keep(await serve(freshAddress("memory")));
  const client = keep(await connect(server.address, once));
  const seen: boolean[] = [];
  server.on("x", async (_, context) => {
    await context.peer.close({ drainMs: 0 });
    seen.push(context.signal.aborted);
  });
  client.send("x", {}, { bytes: [new Uint8Array(3)] });
  await until("it is over", () => seen.length === 1);
  expect(seen).toEqual([true]);
});
