// A peer that does not read: bounded, as the policy says, and told.
import {
  type Client,
  connect,
  MemoryRegistry,
  memory,
  type Notice,
  type ResumeOptions,
  type Server,
  type ServerPeer,
  type SlowPeerPolicy,
  serve,
} from "myelin";
import { type Faults, faulty } from "myelin/testing";
import { afterEach, describe, expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";

const open: { close(options?: object): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.allSettled(
    open.splice(0).map((each) => each.close({ drainMs: 0, timeoutMs: 100 })),
  );
});

const tight = { maxQueuedBytes: 200_000, highWaterMarkBytes: 50_000, windowMessages: 100 };
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
async function slow(
  slowPeer: SlowPeerPolicy,
  limits: object = tight,
  resume: ResumeOptions | false = false,
): Promise<Slow> {
  const transport = memory({ registry: new MemoryRegistry() });
  const how = { limits, resume };
  const server = await serve("memory:slow", { transports: [transport], slowPeer, ...how });
  const unreliable = faulty(transport);
  const retry = { minMs: 1, maxMs: 5 };
  const client = await connect("memory:slow", { transports: [unreliable], retry, ...how });
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
  expect(peer.stats().pendingBytes).toBeLessThan(tight.maxQueuedBytes + 20_000);
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
    expect(peer.stats().pendingBytes).toBeLessThan(tight.maxQueuedBytes + 20_000);
    await turn();
    let dropped = 0;
    let bytes = 0;
    for (const notice of notices) {
      if (notice.kind !== "dropped") continue;
      dropped += notice.events;
      bytes += notice.bytes;
    }
    expect(dropped).toBeGreaterThan(500);
    expect(bytes / dropped).toBeGreaterThan(pad.length);
    // The oldest may have been in a frame each, which counts, too.
    expect(bytes / dropped).toBeLessThan(pad.length + 600);
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

describe.each(["drop-oldest", "drop-newest"] as const)(
  "%s, when less may wait than the peer's window has room for",
  (policy) => {
    const lax = { maxQueuedBytes: 600_000 };

    function countDropped(notices: readonly Notice[]): number {
      return notices.reduce((sum, each) => sum + (each.kind === "dropped" ? each.events : 0), 0);
    }

    test("every event is heard or counted, and the window is whole afterwards", async () => {
      const { client, server, peer, faults, notices, heard } = await slow(policy, lax);
      client.handle("x", () => "answered");
      const calls: Promise<unknown>[] = [];
      let broadcast = 0;
      for (let n = 0; n < 2_000; n++) {
        if (n % 2 === 0) peer.send("news", { n, pad });
        else {
          const { accepted, dropped, refused } = server.broadcast("news", { n, pad });
          expect(accepted + dropped).toBe(1);
          expect(refused).toBe(0);
          broadcast += 1;
        }
        if (n === 50) calls.push(peer.call("x", new Uint8Array(30_000)));
        if (n === 1_200) peer.send("large", new Uint8Array(300_000));
        if (n % 100 === 0) await turn();
      }
      expect(broadcast).toBe(1_000);
      expect(peer.stats().pendingBytes).toBeLessThan(lax.maxQueuedBytes + 450_000);
      faults.heal();
      await within("the answers", Promise.all(calls));
      await within("flush", peer.flush());
      await turn();
      const dropped = peer.stats().dropped;
      expect(dropped).toBeGreaterThan(1_000);
      expect(countDropped(notices)).toBe(dropped);
      const large = client.stats().received.messages - heard.length - calls.length;
      expect(heard.length + large + dropped).toBe(2_001);
      expect(heard).toEqual([...heard].sort((a, b) => a - b));
      if (policy === "drop-oldest") expect(heard.at(-1)).toBe(1_999);
      expect(peer.stats()).toMatchObject({ pendingBytes: 0, pendingCalls: 0 });
      // More than a window of them, in rounds: what was dropped has not kept any of it.
      heard.length = 0;
      for (let n = 0; n < 3_000; n++) {
        peer.send("news", { n });
        if (n % 300 === 0) await within("flush", peer.flush());
      }
      await within("flush", peer.flush());
      expect(heard).toHaveLength(3_000);
      expect(peer.stats().dropped).toBe(dropped);
    });

    test("of a session that waits for its client, too", async () => {
      const { peer, faults, notices, heard } = await slow(policy, {}, { bufferBytes: 100_000 });
      peer.send("news", { n: -1 });
      faults.heal();
      await peer.flush();
      faults.refuse();
      faults.cutAll();
      await until("it is detached", () => peer.state === "detached");
      for (let n = 0; n < 500; n++) peer.send("news", { n, pad });
      expect(peer.stats().pendingBytes).toBeLessThan(120_000);
      faults.heal();
      await until("its return", () => peer.state === "open");
      await within("flush", peer.flush());
      await turn();
      const { dropped, pendingBytes } = peer.stats();
      expect(pendingBytes).toBe(0);
      expect(countDropped(notices)).toBe(dropped);
      expect(heard.length + dropped).toBe(501);
      expect(dropped).toBeGreaterThan(300);
      expect(heard.at(-1)).toBe(policy === "drop-oldest" ? 499 : 500 - dropped - 1);
    });
  },
);

test("disconnect: the session ends, and says why", async () => {
  const { peer } = await slow("disconnect");
  expect(() => {
    for (let n = 0; n < 1_000; n++) peer.send("news", { n, pad });
  }).toThrow(expect.objectContaining({ code: "ERR_SLOW_PEER" }));
  expect(await peer.closed).toMatchObject({ by: "failure", error: { code: "ERR_SLOW_PEER" } });
});

test("disconnect: a client that reads again comes back, in a new session", async () => {
  const { client, faults, peer } = await slow("disconnect");
  try {
    for (;;) peer.send("news", { n: 0, pad });
  } catch {
    faults.heal();
  }
  await until("it is back", () => client.state === "open" && client.id !== peer.id);
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

test("those that were accepted without a connection are not refused when there is one", async () => {
  const transports = [memory({ registry: new MemoryRegistry() })];
  const limits = { maxPendingCalls: 10 };
  const client = await connect("memory:late", {
    transports,
    limits,
    lazy: true,
    retry: { minMs: 1 },
  });
  open.push(client);
  const calls = Array.from({ length: 30 }, (_, n) => client.call("late", n));
  let answer = (): void => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const handlers = { late: (n: unknown) => answered.then(() => n) };
  open.push(await serve("memory:late", { transports, handlers }));
  await until("it is in", () => client.state === "open");
  await expect(client.call("late")).rejects.toMatchObject({ code: "ERR_QUEUE_FULL", ran: "no" });
  answer();
  expect(await Promise.all(calls)).toEqual(Array.from({ length: 30 }, (_, n) => n));
});

test("a peer that calls and does not read the answers is cut off (finding 19)", async () => {
  const { server, client, peer } = await slow("wait");
  server.handle("large", () => "y".repeat(16_000));
  const calls = Array.from({ length: 500 }, () => client.call("large"));
  const outcomes = Promise.allSettled(calls);
  expect(await peer.closed).toMatchObject({ error: { code: "ERR_SLOW_PEER" } });
  await client.close({ drainMs: 0, timeoutMs: 50 }).catch(() => {});
  await outcomes;
  await until("nothing is left", () => server.peers.size === 0);
});
