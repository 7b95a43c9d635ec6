// A peer that does not read: bounded, as the policy says, and told.
import {
  type Client,
  connect,
  MemoryRegistry,
  memory,
  type Notice,
  type Server,
  type ServerPeer,
  type SlowPeerPolicy,
  serve,
} from "myelin";
import { type Faults, faulty } from "myelin/testing";
import { afterEach, expect, test } from "vitest";
import { until } from "../../../../test/support/within.ts";

const open: { close(options?: object): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.allSettled(
    open.splice(0).map((each) => each.close({ drainMs: 0, timeoutMs: 100 })),
  );
});

const limits = { maxQueuedBytes: 200_000, highWaterMarkBytes: 50_000, windowMessages: 100 };
const pad = "x".repeat(1_000);

interface Slow {
  readonly server: Server;
  readonly client: Client;
  readonly peer: ServerPeer;
  readonly faults: Faults;
  readonly notices: Notice[];
  readonly heard: number[];
}

/** The client does not hear anything until the faults are healed. */
async function slow(slowPeer: SlowPeerPolicy): Promise<Slow> {
  const transport = memory({ registry: new MemoryRegistry() });
  const server = await serve("memory:slow", { transports: [transport], slowPeer, limits });
  const unreliable = faulty(transport);
  const client = await connect("memory:slow", { transports: [unreliable], limits });
  open.push(server, client);
  const [peer] = [...server.peers.values()];
  if (peer === undefined) throw new Error("nobody came in");
  const notices: Notice[] = [];
  peer.onNotice((notice) => void notices.push(notice));
  const heard: number[] = [];
  client.on("news", (data) => void heard.push((data as { n: number }).n));
  unreliable.faults.stall("down");
  return { server, client, peer, faults: unreliable.faults, notices, heard };
}

const turn = () => new Promise(setImmediate);

test("wait: send says when it is too much, then refuses; drain follows, and nothing is lost", async () => {
  const { peer, faults, heard } = await slow("wait");
  let drained = 0;
  peer.onDrain(() => void drained++);
  const answers: boolean[] = [];
  let sent = 0;
  for (; sent < 1_000; sent++) {
    try {
      answers.push(peer.send("news", { n: sent, pad }));
    } catch (error) {
      expect(error).toMatchObject({ code: "ERR_QUEUE_FULL" });
      break;
    }
  }
  expect(answers[0]).toBe(true);
  expect(answers.at(-1)).toBe(false);
  expect(sent).toBeLessThan(250);
  expect(peer.stats().pendingBytes).toBeLessThan(limits.maxQueuedBytes + 20_000);
  const posted = peer.post("news", { n: sent, pad });
  faults.heal();
  await posted;
  await peer.flush();
  expect(heard).toEqual(Array.from({ length: sent + 1 }, (_, n) => n));
  expect(drained).toBeGreaterThan(0);
});

test.each(["drop-oldest", "drop-newest"] as const)(
  "%s: events only, counted and told",
  async (policy) => {
    const { client, peer, faults, notices, heard } = await slow(policy);
    client.handle("x", () => "answered");
    const call = peer.call("x");
    for (let n = 0; n < 1_000; n++) {
      peer.send("news", { n, pad });
      if (n % 100 === 0) await turn();
    }
    expect(peer.stats().pendingBytes).toBeLessThan(limits.maxQueuedBytes + 20_000);
    await turn();
    const dropped = notices.reduce(
      (sum, each) => sum + (each.kind === "dropped" ? each.events : 0),
      0,
    );
    expect(dropped).toBeGreaterThan(500);
    expect(peer.stats().dropped).toBe(dropped);
    faults.heal();
    expect(await call).toBe("answered");
    await peer.flush();
    expect(heard).toHaveLength(1_000 - dropped);
    expect(heard).toEqual([...heard].sort((a, b) => a - b));
    const last = heard.at(-1) as number;
    if (policy === "drop-oldest") expect(last).toBe(999);
    else expect(last).toBeLessThan(500);
  },
);

test("disconnect: the session ends, and says why", async () => {
  const { peer } = await slow("disconnect");
  expect(() => {
    for (let n = 0; n < 1_000; n++) peer.send("news", { n, pad });
  }).toThrow(expect.objectContaining({ code: "ERR_SLOW_PEER" }));
  expect(await peer.closed).toMatchObject({ by: "failure", error: { code: "ERR_SLOW_PEER" } });
});

test("a broadcast cuts off who does not read, and the others hear it", async () => {
  const { server, peer } = await slow("wait");
  const results = { accepted: 0, refused: 0 };
  for (let n = 0; n < 1_000; n++) {
    const { accepted, refused } = server.broadcast("news", { n, pad });
    results.accepted += accepted;
    results.refused += refused;
  }
  expect(results.refused).toBe(1);
  expect(await peer.closed).toMatchObject({ error: { code: "ERR_SLOW_PEER" } });
});

test("calls that wait for answers are counted, however small they are", async () => {
  const transport = memory({ registry: new MemoryRegistry() });
  const server = await serve("memory:busy", { transports: [transport] });
  server.handle("never", () => new Promise(() => {}));
  const client = await connect("memory:busy", {
    transports: [transport],
    limits: { maxPendingCalls: 10 },
  });
  open.push(server, client);
  const calls = Array.from({ length: 10 }, () => client.call("never"));
  const outcomes = Promise.allSettled(calls);
  await expect(client.call("never")).rejects.toMatchObject({ code: "ERR_QUEUE_FULL", ran: "no" });
  await client.close({ drainMs: 0, timeoutMs: 500 });
  await outcomes;
});

test("a peer that calls and does not read the answers is cut off (finding 19)", async () => {
  const { server, client, peer } = await slow("wait");
  server.handle("large", () => "y".repeat(8_000));
  const calls = Array.from({ length: 500 }, () => client.call("large"));
  const outcomes = Promise.allSettled(calls);
  expect(await peer.closed).toMatchObject({ error: { code: "ERR_SLOW_PEER" } });
  await client.close({ drainMs: 0, timeoutMs: 50 }).catch(() => {});
  await outcomes;
  await until("nothing is left", () => server.peers.size === 0);
});
