// What one side has queued by itself is no reason to withhold window or credit, and what calls take leaves events a part.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { connect, serve } from "myelin";
import { expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "../endpoint/pairing.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const small = { maxBufferedBytes: 400_000, windowMessages: 4 };

/** Sends until no more is taken. @returns how many were */
function fill(to: { send(name: string, data: string): boolean }, name: string): number {
  for (let sent = 0; ; sent += 1) {
    try {
      to.send(name, "x".repeat(100));
    } catch (error) {
      expect(error).toMatchObject({ code: "ERR_QUEUE_FULL" });
      return sent;
    }
  }
}

test("both ends have queued more than their share, and both go on", async () => {
  const address = freshAddress();
  const heard = { client: 0, server: 0 };
  const clients = await Promise.all(
    [1, 2].map(async () =>
      keep(
        await connect(address, {
          ...{ lazy: true, limits: small, retry: { minMs: 1, maxMs: 5 } },
          events: { down: () => void heard.client++ },
        }),
      ),
    ),
  );
  let sent = 0;
  for (const client of clients) {
    sent += fill(client, "up");
  }
  const server = keep(
    await serve(address, { limits: small, events: { up: () => void heard.server++ } }),
  );
  let answered = 0;
  server.onPeer((peer) => {
    answered += fill(peer, "down");
  });
  await until("all of it has arrived", () => heard.server === sent && heard.client === answered);
  expect(answered).toBeGreaterThan(100);
});

test("a server that sends much gives credit to the streams that it reads", async () => {
  const limits = { maxBufferedBytes: 400_000, streamWindowBytes: 8_192 };
  const server = keep(await serve(freshAddress(), { limits }));
  let heard = 0;
  const clients = [1, 2].map(async () => {
    const client = keep(await connect(server.address, { limits: { windowMessages: 4 } }));
    client.on("event", () => void heard++);
    client.handle("stream", function* () {
      for (let each = 0; each < 100; each++) yield "x".repeat(1_000);
    });
  });
  await Promise.all(clients);
  const reading = [...server.peers.values()].flatMap((peer) =>
    [1, 2, 3, 4].map(async () => {
      let items = 0;
      for await (const _ of peer.stream("stream")) items += 1;
      return items;
    }),
  );
  for (const peer of server.peers.values()) {
    for (let each = 0; each < 50; each++) peer.send("event", "x".repeat(1_000));
  }
  expect(await within("all items", Promise.all(reading))).toEqual(reading.map(() => 100));
  await until("all events", () => heard === 100);
});

test("calls that are at work leave room for events", async () => {
  const limits = { maxBufferedBytes: 4 * 1024 * 1024 };
  const server = keep(await serve(freshAddress(), { limits, slowPeer: "disconnect" }));
  const client = keep(
    await connect(server.address, { limits: { windowMessages: 4_096, maxInboundCalls: 5_000 } }),
  );
  let heard = 0;
  client.on("event", () => void heard++);
  client.handle("hold", () => new Promise(() => {}));
  const [peer] = server.peers.values();
  let refused = 0;
  for (let each = 0; each < 2_000; each++) peer?.call("hold").catch(() => refused++);
  await peer?.flush();
  expect(refused).toBeGreaterThan(500);
  for (let each = 0; each < 20; each++) peer?.send("event", "x".repeat(200));
  await until("they arrive", () => heard === 20);
});

test("calls with bytes that were given up hold nothing, whatever waits beside them", async () => {
  const server = keep(await serve(freshAddress(), { limits: { windowMessages: 4 } }));
  server.handle("hold", () => new Promise(() => {}));
  const client = keep(await connect(server.address));
  for (let each = 0; each < 200; each++) client.call("hold", each).catch(() => {});
  await until("the window is used", () => server.stats().activeHandlers === 4);
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  const outcomes: Promise<unknown>[] = [];
  for (let each = 0; each < 100; each++) {
    const signal = AbortSignal.timeout(1);
    const data = new Uint8Array(500_000);
    outcomes.push(client.call("hold", data, { signal }).catch((reason: object) => reason));
  }
  await within("their ends", Promise.all(outcomes));
  outcomes.length = 0;
  await until("their data is gone", () => {
    collectGarbage();
    return process.memoryUsage().arrayBuffers - before < 5_000_000;
  });
});
