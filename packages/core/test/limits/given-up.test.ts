// What somebody waited for and gave up is let go of, however long the other side takes.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { until } from "../../../../test/support/within.ts";
import { pair } from "../endpoint/pairing.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of the heap that are in use. */
function used(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

test("flushes", async () => {
  const { client, server } = await pair({ kind: "memory" });
  server.on("stuck", () => new Promise(() => {}));
  // More than the window has: they are not acknowledged before some have settled.
  for (let n = 0; n < 2_000; n++) client.send("stuck", n);
  let gaveUp = 0;
  const giveUp = new AbortController();
  const flushing = (count: number): void => {
    for (let n = 0; n < count; n++) {
      client.flush({ signal: giveUp.signal }).catch(() => gaveUp++);
    }
  };
  const before = used();
  flushing(20_000);
  giveUp.abort();
  await until("all have given up", () => gaveUp === 20_000);
  expect(used() - before).toBeLessThan(2_000_000);
});
