// What peers without windows have let go of is not counted for them: nobody is ended for what is long done.
import { connect, serve } from "myelin";
import { expect, test } from "vitest";
import { until } from "../../../../test/support/within.ts";
import { Legacy } from "../endpoint/legacy-program.ts";
import { freshAddress, keep } from "../endpoint/pairing.ts";

const megabyte = 1024 * 1024;

/** A listener whose events are finished when the test says so. */
function slowListener() {
  const waiting: (() => void)[] = [];
  return {
    listener: () => new Promise<void>((resolve) => void waiting.push(resolve)),
    waiting,
    finish() {
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
}

test("clients of node-ipc whose handlers have finished", async () => {
  const { finish, listener, waiting } = slowListener();
  const limits = {
    maxBufferedBytes: megabyte,
    windowBytes: megabyte / 2,
    windowMessages: 100,
  };
  const server = keep(await serve(freshAddress(), { accept: ["node-ipc"], limits }));
  server.on("x", listener);
  for (let n = 1; n <= 10; n++) {
    const client = await Legacy.dial(server.address);
    for (let each = 0; each < 30; each++) client.say("x", "a".repeat(10_000));
    await until("all of them are at work", () => waiting.length === 30);
    finish();
    await until("they are done", () => server.stats().activeHandlers === 0);
    expect(server.peers.size).toBe(n);
  }
});

test("clients over UDP whose handlers have finished", async () => {
  const { finish, listener, waiting } = slowListener();
  const limits = {
    maxBufferedBytes: megabyte / 4,
    windowBytes: megabyte / 2,
    windowMessages: 100,
  };
  const server = keep(await serve("udp://127.0.0.1:0", { limits }));
  server.on("x", listener);
  for (let n = 1; n <= 10; n++) {
    const client = keep(await connect(server.address, { retry: false }));
    for (let each = 0; each < 80; each++) {
      client.send("x", "a".repeat(1_000));
      // One after the other, so that none is lost on the way.
      await until("it is at work", () => waiting.length === each + 1);
    }
    finish();
    await until("they are done", () => server.stats().activeHandlers === 0);
    expect(server.peers.size).toBe(n);
  }
});

test("clients of node-ipc that have read everything", async () => {
  const limits = { maxBufferedBytes: megabyte };
  const server = keep(await serve(freshAddress(), { accept: ["node-ipc"], limits }));
  server.on("hi", () => {});
  const clients: Legacy[] = [];
  for (let n = 1; n <= 100; n++) {
    const client = await Legacy.dial(server.address);
    clients.push(client);
    client.say("hi", 1);
    await until("it is in", () => server.peers.size === n);
  }
  for (const peer of server.peers.values()) {
    for (let n = 0; n < 20; n++) peer.send("news", "x".repeat(1_000));
    await peer.flush();
  }
  await until("all have everything", () => clients.every(({ text }) => text.length > 20_000));
  expect(server.peers.size).toBe(100);
});
