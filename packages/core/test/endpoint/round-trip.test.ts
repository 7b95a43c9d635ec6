import { describe, expect, test } from "vitest";
import { turns, until } from "../../../../test/support/within.ts";
import { pair } from "./pairing.ts";

describe.each(["unix", "memory", "tcp"])("the round trip over %s", (kind) => {
  test("is measured when a connection begins, at both ends", async () => {
    const { client, peer } = await pair({ kind });
    for (const each of [client, peer]) {
      await until("it is measured", () => each.stats().roundTripMs !== undefined);
      expect(each.stats().roundTripMs).toBeGreaterThanOrEqual(0);
    }
  });

  test("is not measured without a heartbeat", async () => {
    const settings = { heartbeat: false } as const;
    const { client, peer } = await pair({ kind, client: settings, server: settings });
    await client.call("nothing").catch(() => {});
    await turns();
    expect([client.stats().roundTripMs, peer.stats().roundTripMs]).toEqual([undefined, undefined]);
  });
});
