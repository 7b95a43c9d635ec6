// Both ends count the same.
import { connect, serve } from "myelin";
import { expect, test } from "vitest";
import { until } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "./pairing.ts";

test.each([
  ["myelin", {}, {}],
  ["node-ipc", { accept: ["node-ipc"] }, { dialect: "node-ipc" }],
  ["udp", {}, {}],
] as const)("over the wire of %s", async (wire, serving, connecting) => {
  const server = keep(await serve(wire === "udp" ? "udp://127.0.0.1:0" : freshAddress(), serving));
  const client = keep(await connect(server.address, connecting));
  await until("it is in", () => server.peers.size === 1);
  let heard = 0;
  server.on("x", () => void heard++);
  for (let n = 0; n < 10; n++) client.send("x", { n, text: "a text" });
  await until("all of them", () => heard === 10);
  const { sent } = client.stats();
  expect(sent.messages).toBe(10);
  expect(server.stats().received).toEqual(sent);
});

test("cancels and credit are nobody's messages: calls, streams and uploads count the same, too", async () => {
  const numbers = Array.from({ length: 20_000 }, (_, n) => n);
  const handlers = {
    *count() {
      yield* numbers;
    },
    async sum(items: unknown) {
      let sum = 0;
      for await (const item of items as AsyncIterable<number>) sum += item;
      return sum;
    },
    async first(items: unknown) {
      for await (const item of items as AsyncIterable<number>) return item;
      return undefined;
    },
    never: () => new Promise(() => {}),
  };
  const server = keep(await serve(freshAddress(), { handlers }));
  const client = keep(await connect(server.address));
  const [peer] = [...server.peers.values()];
  let count = 0;
  for await (const _ of client.stream("count")) count += 1;
  expect(count).toBe(numbers.length);
  expect(await client.upload("sum", numbers)).toBe(199_990_000);
  expect(await client.upload("first", [1])).toBe(1);
  for (let n = 0; n < 20; n += 1) {
    const given = new AbortController();
    const call = client.call("never", n, { signal: given.signal });
    await client.flush();
    given.abort();
    await expect(call).rejects.toMatchObject({ code: "ERR_ABORTED" });
  }
  await client.flush();
  await peer?.flush();
  expect(server.stats().received).toEqual(client.stats().sent);
  expect(client.stats().received).toEqual(server.stats().sent);
  // Their openings, items, answers, and the end of what was uploaded.
  expect(client.stats().sent.messages).toBe(3 + 20_000 + 1 + 2 + 20);
  expect(client.stats().received.messages).toBe(20_000 + 3);
});
