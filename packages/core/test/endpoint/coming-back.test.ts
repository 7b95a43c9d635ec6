// What is said about coming back, and what becomes of what waits meanwhile.
import { connect, type Notice, serve } from "myelin";
import { VirtualClock } from "myelin/testing";
import { describe, expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "./pairing.ts";

const coded = (code: string) => expect.objectContaining({ code });
const quickly = { minMs: 1, maxMs: 5 };

describe("a server that closes", () => {
  test("may tell its clients never to come back", async () => {
    const server = keep(await serve(freshAddress()));
    const client = keep(await connect(server.address, { retry: quickly }));
    await server.close({ retry: "never" });
    expect(await within("the end", client.closed)).toMatchObject({ by: "peer" });
    expect(client.state).toBe("closed");
  });

  test("may tell them when", async () => {
    const address = freshAddress();
    const server = await serve(address);
    const client = keep(await connect(address, { retry: quickly }));
    const began = performance.now();
    await server.close({ retry: { afterMs: 150 } });
    keep(await serve(address));
    await until("it is back", () => client.state === "open");
    expect(performance.now() - began).toBeGreaterThanOrEqual(149);
  });

  test.each([{ afterMs: -1 }, { afterMs: 1.5 }, {}, "later", null, 5])(
    "but not %j",
    async (retry) => {
      const server = keep(await serve(freshAddress()));
      const client = keep(await connect(server.address));
      await expect(client.close({ retry: retry as never })).rejects.toEqual(coded("ERR_CONFIG"));
      expect(client.state).toBe("open");
      await expect(server.close({ retry: retry as never })).rejects.toEqual(coded("ERR_CONFIG"));
      expect(server.peers.size).toBe(1);
    },
  );
});

describe("events that wait for a server", () => {
  test("are dropped when they are old news, and told", async () => {
    const clock = new VirtualClock();
    const client = keep(
      await connect(freshAddress(), {
        ...{ lazy: true, clock, retry: { minMs: 1e9, maxMs: 1e9 } },
        offline: { policy: "queue", maxAgeMs: 1_000 },
      }),
    );
    const notices: Notice[] = [];
    client.onNotice((notice) => void notices.push(notice));
    const call = client.call("x", 1, { timeoutMs: 5_000 });
    client.send("news", 1);
    clock.advance(600);
    client.send("news", 2);
    client.send("news", 3);
    clock.advance(600);
    expect(notices).toMatchObject([{ kind: "dropped", events: 1, reason: "too-old" }]);
    clock.advance(600);
    expect(notices.slice(1)).toMatchObject([{ kind: "dropped", events: 2, reason: "too-old" }]);
    expect(client.stats().dropped).toBe(3);
    clock.advance(5_000);
    await expect(call).rejects.toEqual(coded("ERR_TIMEOUT"));
  });

  test.each([
    [{ policy: "keep" }, "offline.policy must be one of queue, drop, reject"],
    [{ policy: "queue", maxAge: 5 }, 'no option "offline.maxAge"'],
    [{ policy: "queue", maxAgeMs: "5" }, "offline.maxAgeMs must be a number"],
    [{ policy: "drop", maxAgeMs: 5 }, "offline.maxAgeMs"],
    [{}, "offline.policy must be one of"],
  ])("as %j is a mistake", async (offline, message) => {
    const connecting = connect(freshAddress(), { lazy: true, offline: offline as never });
    await expect(connecting).rejects.toMatchObject({
      code: "ERR_CONFIG",
      message: expect.stringContaining(message),
    });
  });

  test("and so are attempts of another kind", async () => {
    const retry = { min: 5 } as never;
    await expect(connect(freshAddress(), { lazy: true, retry })).rejects.toEqual(
      coded("ERR_CONFIG"),
    );
  });
});
