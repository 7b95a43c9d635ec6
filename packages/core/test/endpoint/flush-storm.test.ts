// Flushes that are themselves too much: each settles, whatever becomes of the session.
import { connect, serve } from "myelin";
import { expect, test } from "vitest";
import { within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "./pairing.ts";

test("a flush that ends the session settles like those before it", async () => {
  const server = keep(await serve(freshAddress("tcp"), { events: { e: () => {} } }));
  const limits = { maxQueuedBytes: 100_000 };
  const client = keep(await connect(server.address, { limits, retry: { minMs: 5 } }));
  client.onNotice(() => {});
  const flushes: Promise<void>[] = [];
  for (let n = 0; n < 3_000; n++) {
    try {
      client.send("e", n);
    } catch {
      // No more may wait.
    }
    flushes.push(client.flush());
  }
  const outcomes = await within("all of them", Promise.allSettled(flushes));
  expect(outcomes).toHaveLength(3_000);
});
