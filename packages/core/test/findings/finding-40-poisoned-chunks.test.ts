// A chunk is valid only during the call that brings it: here it is overwritten right after, as a pooled
// buffer would be. Whoever keeps bytes of it must have copied them.
import { connect, MemoryRegistry, memory, type ServerPeer, serve } from "myelin";
import { expect, test } from "vitest";
import { until } from "../../../../test/support/within.ts";
import { keep } from "../endpoint/pairing.ts";

/** Within a frame, longer than one, and longer than what the connection takes at once. */
const sizes = [1, 100, 4_097, 70_000, 300_000];

test("finding 40: what is kept of a chunk is a copy, whether held back, incomplete or handed over", async () => {
  const transports = [memory({ registry: new MemoryRegistry(), poison: true })];
  const server = keep(await serve("memory:poisoned", { transports }));
  const say = (end: ServerPeer | typeof client, round: number): void => {
    for (const size of sizes) {
      end.send("bytes", new Uint8Array(size).fill(round));
      end.send("text", String(round).repeat(size));
    }
  };
  // Its first chunks are there before the client has a listener.
  server.onPeer((peer) => say(peer, 0));
  const heard: (Uint8Array | string)[] = [];
  const hear = (data: unknown): void => void heard.push(data as Uint8Array | string);
  for (const name of ["bytes", "text"]) server.on(name, hear);
  const client = keep(await connect("memory:poisoned", { transports }));
  for (const name of ["bytes", "text"]) client.on(name, hear);
  for (const round of [1, 2, 3]) {
    say(client, round);
    await client.flush();
  }
  await until("all of it", () => heard.length === 4 * 2 * sizes.length);
  const told = (data: Uint8Array | string): string =>
    typeof data === "string"
      ? `text of ${data.length}: ${[...new Set(data)].join()}`
      : `bytes of ${data.length}: ${[...new Set(data)].join()}`;
  const expected = [0, 1, 2, 3].flatMap((round) =>
    sizes.flatMap((size) => [`bytes of ${size}: ${round}`, `text of ${size}: ${round}`]),
  );
  expect(heard.map(told).sort()).toEqual(expected.sort());
});
