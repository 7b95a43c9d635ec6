// A small queue makes no peer slow that reads.
import { connect, serve } from "myelin";
import { expect, test } from "vitest";
import { freshAddress, keep } from "./pairing.ts";

test.each(["unix", "tcp"])(
  "one call after the other, with a queue of 8 KiB, over %s",
  async (kind) => {
    const limits = { maxQueuedBytes: 8_192 };
    const server = keep(await serve(freshAddress(kind), { limits, handlers: { call: () => 1 } }));
    const client = keep(await connect(server.address, { limits }));
    for (let each = 0; each < 100; each++) await expect(client.call("call", each)).resolves.toBe(1);
  },
);
