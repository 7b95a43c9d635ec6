// A server that closes while handlers of events have not finished: the same on both wires.
import { connect } from "myelin";
import { describe, expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { frame, Legacy, longSilence, serveBoth } from "./legacy-program.ts";
import { keep } from "./pairing.ts";

const pad = "y".repeat(10_000);

/** Says so many things to a server. */
type Say = (address: string, count: number) => Promise<void>;

const wires: readonly (readonly [string, Say])[] = [
  [
    "myelin",
    async (address, count) => {
      const client = keep(await connect(address, { retry: false }));
      for (let n = 0; n < count; n++) client.send("x", { n, pad });
    },
  ],
  [
    "node-ipc",
    async (address, count) => {
      const legacy = await Legacy.dial(address);
      for (let n = 0; n < count; n++) legacy.socket.write(frame("x", { n, pad }));
    },
  ],
];

describe.each(wires)("on the wire of %s", (_, say) => {
  async function busy(count: number) {
    const { server } = await serveBoth({ limits: { windowMessages: 10 } });
    const open: (() => void)[] = [];
    const heard: unknown[] = [];
    server.on("x", (data) => {
      heard.push((data as { n: number }).n);
      return new Promise<void>((resolve) => open.push(resolve));
    });
    await say(server.address, count);
    await until("they are at work", () => open.length === Math.min(count, 10));
    await turns(20);
    return { heard, open, server };
  }

  test("it waits for no handler of an event", async () => {
    const { server } = await busy(5);
    const hours = { drainMs: longSilence, timeoutMs: longSilence };
    await within("it is closed", server.close(hours));
  });

  test("it waits until what is on its way could be handed on", async () => {
    const { heard, open, server } = await busy(500);
    const closing = server.close({ drainMs: 0, timeoutMs: longSilence });
    let isClosed = false;
    void closing.then(() => {
      isClosed = true;
    });
    await turns(50);
    expect(isClosed).toBe(false);
    await until("it is closed", () => {
      for (const finish of open.splice(0)) finish();
      return isClosed;
    });
    expect(heard).toEqual(Array.from({ length: 500 }, (_each, n) => n));
  });

  test("but no longer than it may", async () => {
    const { heard, server } = await busy(500);
    await within("it is closed", server.close({ drainMs: 0, timeoutMs: 100 }));
    expect(heard.length).toBeLessThan(500);
    expect(server.peers.size).toBe(0);
  });
});
