// Calls that are given up while all of them waits: neither their data nor anything that it took is left.
import { MemoryRegistry, memory, type ServeOptions } from "myelin";
import { faulty } from "myelin/testing";
import { expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { pair } from "./pairing.ts";

const size = 3_000_000;

async function crowded(limits: ServeOptions["limits"]) {
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const line = faulty(memory({ registry: new MemoryRegistry() }));
  const ran: number[] = [];
  const { client, peer, server } = await pair({
    kind: "memory",
    server: { transports: [line], ...(limits && { limits }), events: { busy: () => gate } },
    client: { transports: [line] },
  });
  server.handle("c", (data) => ran.push((data as { length: number }).length));
  return { client, peer, ran, release, line };
}

test.each([
  ["for the peer's window", { windowMessages: 2 }, 0],
  ["for a place among large ones", { maxOpenMessages: 1 }, 1],
  ["for what was accepted before", {}, 0],
] as const)("a call that waits %s", async (why, limits, before) => {
  const { client, peer, ran, release, line } = await crowded(limits);
  await turns(3);
  if (why === "for the peer's window") {
    for (let n = 0; n < 4; n++) client.send("busy");
  } else {
    line.faults.stall("up");
    client.send("e", "x".repeat(200_000));
    client.send("e", "x".repeat(200_000));
    for (let n = 0; n < 30; n++) client.send("e", "x".repeat(10_000));
  }
  const first = Array.from({ length: before }, () => client.call("c", new Uint8Array(size)));
  await turns(3);
  const held = client.stats().pendingBytes;
  const giveUp = new AbortController();
  const { signal } = giveUp;
  const calls = [1, 2, 3].map(() => client.call("c", new Uint8Array(size), { signal }));
  const outcomes = within("their ends", Promise.allSettled(calls));
  const last = client.call("c", "after them");
  await turns(3);
  expect(client.stats().pendingBytes).toBeGreaterThan(held + 3 * size - 1);
  giveUp.abort();
  for (const each of await outcomes) {
    expect(each).toMatchObject({ status: "rejected", reason: { code: "ERR_ABORTED", ran: "no" } });
  }
  expect(client.stats().pendingBytes).toBeLessThan(held + 10_000);
  release();
  line.faults.heal();
  await within("the answer", last);
  await within("those before", Promise.all(first));
  await within("flush", client.flush());
  await until("all is acknowledged", () => client.stats().pendingBytes === 0);
  expect(peer.stats().received.bytes).toBeLessThan(800_000 + before * (size + 10_000));
  expect(ran.sort((a, b) => a - b)).toEqual([10, ...Array.from({ length: before }, () => size)]);
  // The window is whole, and so are the numbers of calls.
  for (let n = 0; n < 20; n++) await within("a call", client.call("c", new Uint8Array(100_000)));
  expect(peer.state).toBe("open");
  await client.close();
});
