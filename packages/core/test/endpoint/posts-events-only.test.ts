// post() and onDrain() on the wires of events only: who waits for room hears of it, however it comes.
import {
  type Client,
  type ConnectOptions,
  connect,
  type EndpointLimits,
  MemoryRegistry,
  memory,
  type ServeOptions,
  type ServerPeer,
  serve,
  type Transport,
  udp,
} from "myelin";
import { describe, expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { Faults } from "../../src/testing/faults.ts";
import { keep } from "./pairing.ts";

const MiB = 1024 * 1024;
const pad = "x".repeat(1_000);
const forEver = () => new Promise<never>(() => {});

/** Each connection that is accepted has faults of its own: up is what the server sends. */
function stalling(inner: Transport, accepted: Faults[]): Transport {
  return {
    ...inner,
    listen: (address, onConnection, options) => {
      const accept: typeof onConnection = (connection) => {
        const faults = new Faults();
        accepted.push(faults);
        onConnection(faults.prepare()(connection));
      };
      return inner.listen(address, accept, options);
    },
  };
}

describe.each([
  {
    ...{ name: "node-ipc", address: "memory:events-only" },
    ours: { accept: ["myelin", "node-ipc"], sniffMs: 1 } satisfies ServeOptions,
    theirs: { dialect: "node-ipc" } satisfies ConnectOptions,
  },
  { name: "UDP", address: "udp://127.0.0.1:0", ours: {}, theirs: {} },
])("over the wire of $name", ({ address, ours, theirs }) => {
  /** A server for clients of this wire, and of myelin's at its second address. */
  async function serving(limits: EndpointLimits) {
    const registry = new MemoryRegistry();
    const transports = [memory({ registry }), udp({ maxDatagramBytes: 10_000 })];
    const faults: Faults[] = [];
    const server = keep(
      await serve([address, "memory:myelin"], {
        ...{ ...ours, limits },
        transports: transports.map((each) => stalling(each, faults)),
      }),
    );
    /** Lets in one more client. */
    const join = async (at: 0 | 1 = 0) => {
      const before = new Set(server.peers.values());
      const client: Client = keep(
        await connect(server.addresses[at] as string, {
          ...(at === 0 ? theirs : {}),
          transports,
          limits: { windowMessages: 1 },
          events: { news: () => {}, held: forEver },
        }),
      );
      await until("it is in", () => server.peers.size > before.size);
      const peer = [...server.peers.values()].find((each) => !before.has(each)) as ServerPeer;
      return { client, peer, faults: faults.at(-1) as Faults };
    };
    return { join };
  }

  test("posts of one turn, each of more than the high-water mark, are all accepted", async () => {
    const { join } = await serving({ highWaterMarkBytes: 1_000 });
    const { peer } = await join();
    const posts = [1, 2, 3, 4].map(() => peer.post("news", pad));
    await within("all are accepted", Promise.all(posts));
  });

  /** Sends what the connection does not fill from, in one turn, until there is no room. */
  async function passMark(peer: ServerPeer): Promise<void> {
    let drained = 0;
    peer.onDrain(() => void drained++);
    while (peer.send("news", "x".repeat(200)));
    expect(peer.stats().pendingBytes).toBeGreaterThan(0);
    await within("a post", peer.post("news", "x"));
    await until("a drain", () => drained === 1);
    // Each is told once.
    await turns();
    expect(drained).toBe(1);
  }

  test("a drain and a post follow on what is sent at the end of the turn", async () => {
    const { join } = await serving({ highWaterMarkBytes: 1_000 });
    const { peer } = await join();
    await passMark(peer);
    expect(peer.stats().slow).toBe(1);
  });

  test("they do, too, where others have left little of the budget", async () => {
    const { join } = await serving({ maxBufferedBytes: 128 * 1_024 });
    const { peer: other } = await join(1);
    other.send("held", 1);
    other.send("held", Buffer.alloc(120_000));
    const { peer } = await join();
    await passMark(peer);
  });

  test("they follow on what the connection takes when it has room again", async () => {
    const { join } = await serving({ highWaterMarkBytes: 1_000, maxQueuedBytes: MiB });
    const { faults, peer } = await join();
    let drained = 0;
    peer.onDrain(() => void drained++);
    // How much is left of what is written together differs.
    for (let count = 1; count <= 20; count += 1) {
      faults.stall("up");
      while (peer.stats().pendingBytes < 64 * 1_024) {
        peer.send("news", pad);
        await turns(1);
      }
      drained = 0;
      for (let n = 0; n < count; n += 1) peer.send("news", "x".repeat(150));
      const post = peer.post("news", "x");
      await turns();
      expect(drained).toBe(0);
      faults.heal();
      await within("the post", post);
      await until("the drain", () => drained > 0);
    }
  });

  test("they hear of room that another peer leaves", async () => {
    const limits = { maxBufferedBytes: 4 * MiB, highWaterMarkBytes: 4 * MiB };
    const { join } = await serving(limits);
    const other = await join();
    other.faults.stall("up");
    const fill = () => {
      for (;;) other.peer.send("news", pad);
    };
    expect(fill).toThrow(expect.objectContaining({ code: "ERR_QUEUE_FULL" }));
    const { faults, peer } = await join();
    faults.stall("up");
    let drained = 0;
    peer.onDrain(() => void drained++);
    while (peer.send("news", pad));
    let isAccepted = false;
    const post = peer.post("news", pad).then(() => (isAccepted = true));
    await turns(20);
    expect([isAccepted, drained]).toEqual([false, 0]);
    await other.client.close({ drainMs: 0, timeoutMs: 1 }).catch(() => {});
    await within("the post", post);
    await until("the drain", () => drained === 1);
  });

  test("a listener that sends hears no drain once it is closing", async () => {
    const { join } = await serving({ highWaterMarkBytes: 1_000 });
    const { peer } = await join();
    const notices: unknown[] = [];
    peer.onNotice((notice) => void notices.push(notice));
    peer.onDrain(() => void peer.send("news", pad));
    while (peer.send("news", "x".repeat(200)));
    await within("the close", peer.close());
    expect(notices).toEqual([]);
  });
});
