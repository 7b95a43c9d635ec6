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
