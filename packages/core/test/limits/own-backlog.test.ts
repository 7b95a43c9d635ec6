// What an endpoint accepts for a peer that reads is no reason to end the session with it.
import { connect, serve } from "myelin";
import { expect, test } from "vitest";
import { within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "../endpoint/pairing.ts";

const MiB = 1024 * 1024;

test.each([
  ["large ones, posts first", 8 * MiB, 1_000_000, 5, true],
  ["large ones, calls first", 8 * MiB, 1_000_000, 5, false],
  ["large ones in a small budget", MiB, 100_000, 6, false],
  ["many small ones", 8 * MiB, 1_000, 8_000, false],
])("posts and calls that wait: %s", async (_, maxBufferedBytes, bytes, count, isPostFirst) => {
  let sessions = 0;
  const server = keep(
    await serve(freshAddress("unix"), {
      handlers: { call: () => 1 },
      events: { event: () => {} },
    }),
  );
  server.onPeer(() => {
    sessions++;
  });
  const limits = { maxBufferedBytes };
  const client = keep(await connect(server.address, { limits, callTimeoutMs: 0 }));
  const data = "x".repeat(bytes);
  const codes = new Map<string, number>();
  const told = (promise: Promise<unknown>) =>
    promise.then(
      () => codes.set("ok", (codes.get("ok") ?? 0) + 1),
      ({ code }) => codes.set(code, (codes.get(code) ?? 0) + 1),
    );
  const post = () => Array.from({ length: count }, () => told(client.post("event", data)));
  const call = () => Array.from({ length: count }, () => told(client.call("call", data)));
  const all = isPostFirst ? [...post(), ...call()] : [...call(), ...post()];
  await within("all of them", Promise.all(all));
  await client.flush();
  expect(sessions).toBe(1);
  codes.delete("ok");
  codes.delete("ERR_QUEUE_FULL");
  expect([...codes.keys()]).toEqual([]);
});
