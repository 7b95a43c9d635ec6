// A process that computes for longer than its heartbeats: timers run before arrivals do, and what is in
// the socket already must count.
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "myelin";
import { expect, test } from "vitest";
import { keep, pair } from "../endpoint/pairing.ts";
import { block, startServer } from "./other-process.ts";

const intervalMs = 200;

test.each(["unix", "tcp"] as const)(
  "finding 22: a loop that is blocked for three heartbeats takes no healthy peer for dead, over %s",
  async (kind) => {
    const address = await startServer(kind, { heartbeat: false, resume: false });
    const options = { heartbeat: { intervalMs }, resume: false, retry: false } as const;
    const client = keep(await connect(address, options));
    const states: string[] = [];
    client.onState((state) => void states.push(state));
    // Nothing was heard, it asks, and the answer is there when the third one is over.
    for (let n = 0; n < 3; n += 1) {
      block(3 * intervalMs);
      await sleep(1);
    }
    // Not for so long that it would notice it by its own lateness.
    for (let n = 0; n < 4; n += 1) {
      block(1.5 * intervalMs);
      await sleep(1);
    }
    expect(await client.call("echo", 1)).toBe(1);
    expect(states).toEqual([]);
  },
);

// For so long that it notices it by its own lateness, and for less.
test.each([3, 1.5])(
  "finding 22: an answer that came while the loop was blocked for %s time limits is in time",
  async (limits) => {
    const client = keep(await connect(await startServer("unix")));
    await client.call("echo", 0);
    const answer = client.call("echo", 1, { timeoutMs: intervalMs });
    block(limits * intervalMs);
    expect(await answer).toBe(1);
  },
);

test("finding 22: so is the answer of a peer that was asked with others", async () => {
  // The answer is in the socket when the loop goes on, and the time is over.
  const name = () => {
    block(3 * intervalMs);
    return "one";
  };
  const { peer, server } = await pair({ client: { handlers: { name, ready: () => true } } });
  await peer.call("ready");
  expect(await server.ask("name", undefined, { timeoutMs: intervalMs })).toEqual({
    ...{ ok: true, failures: [], missing: [] },
    answers: [{ peer, value: "one" }],
  });
});
