// Strangers at the door of a server, against each limit that holds before anybody is let in.
import { connect, type HandshakeFailed, MemoryRegistry, memory, serve } from "myelin";
import { memoryNetwork } from "myelin/testing";
import { describe, expect, test } from "vitest";
import { hearChannel } from "../../../../test/support/hear-channel.ts";
import { until, within } from "../../../../test/support/within.ts";
import { encodePreface, ownVersions } from "../../src/framing/preface.ts";
import { limits } from "../../src/limits.ts";
import type { Connection } from "../../src/transport/transport.ts";
import { keep } from "../endpoint/pairing.ts";

const coded = (code: string) => expect.objectContaining({ code });
const address = { scheme: "memory", name: "door" } as const;

type Options = Parameters<typeof serve>[1];

/** A server in a network of its own, and strangers that say what they like. */
async function door(options: Options) {
  const transport = memory({ registry: new MemoryRegistry() });
  const server = keep(await serve("memory:door", { ...options, transports: [transport] }));
  const stranger = async (...said: readonly Uint8Array[]) => {
    const connection: Connection = await transport.dial(address);
    const answers: Buffer[] = [];
    const ended = new Promise<void>((resolve) => {
      connection.open({
        onData: (chunk) => void answers.push(Buffer.from(chunk)),
        onDrain() {},
        onClose: () => resolve(),
      });
    });
    for (const each of said) connection.send(each);
    return { connection, ended, answers };
  };
  const client = (more = {}) =>
    connect("memory:door", { transports: [transport], retry: false, timeoutMs: 10_000, ...more });
  return { server, stranger, client };
}

describe("strangers who say nothing", () => {
  test("take up so many places, and not for ever", async () => {
    const { server, stranger, client } = await door({
      limits: { maxPendingHandshakes: 3, handshakeTimeoutMs: 300 },
    });
    const silent = await Promise.all([stranger(), stranger(), stranger()]);
    silent.push(await stranger());
    const all = silent.map(({ ended }) => ended);
    await within("one of the first makes room for the fourth", Promise.race(all.slice(0, 3)));
    expect(server.stats().refused).toBe(1);
    await within("their time is over", Promise.all(all));
    expect(server.stats()).toMatchObject({ refused: 4, peers: 0 });
    keep(await client());
  });

  test("do not keep others out, though they come again and again", async () => {
    const failed = hearChannel<HandshakeFailed>("myelin:handshake:failed");
    const secret = "a secret that is long enough for all";
    const limits = { maxPendingHandshakes: 8, handshakeTimeoutMs: 60_000 };
    const { server, stranger, client } = await door({ secret, limits });
    const over = new AbortController();
    const comeAgain = async (): Promise<void> => {
      while (!over.signal.aborted) await (await stranger()).ended;
    };
    const flood = Promise.all(Array.from({ length: 12 }, comeAgain));
    try {
      await until("all places are taken", () => server.stats().refused > 0);
      const retry = { minMs: 1, maxMs: 5 };
      for (let n = 0; n < 5; n++) keep(await client({ secret, retry }));
    } finally {
      over.abort();
    }
    expect(server.peers.size).toBe(5);
    expect(failed[0]).toMatchObject({ error: { code: "ERR_BUSY" } });
    await server.close();
    await within("the flood ends", flood);
  });
});

describe("a hello", () => {
  test("may be so large: a client that says more of itself is told", async () => {
    const { client } = await door({ limits: { maxHelloBytes: 1_024 } });
    keep(await client({ meta: { token: "x".repeat(500) } }));
    await expect(client({ meta: { token: "x".repeat(1_200) } })).rejects.toThrow(
      /a frame exceeds 1024 bytes/,
    );
  });

  test("that is larger is refused by its length, before it is there", async () => {
    const failed = hearChannel<HandshakeFailed>("myelin:handshake:failed");
    const { server, stranger } = await door({ limits: { maxHelloBytes: 1_024 } });
    const announced = (bytes: number): Buffer => {
      const header = Buffer.from([0, 0, 0, 0, 0x01]);
      header.writeUInt32LE(bytes);
      return header;
    };
    const allowed = await stranger(encodePreface(ownVersions), announced(1_024));
    const { ended } = await stranger(encodePreface(ownVersions), announced(1_025));
    await within("it is over", ended);
    // One that is waited for ends as well, once its time is over.
    expect(failed.map(({ error }) => error)).toEqual([coded("ERR_TOO_LARGE")]);
    expect(server.stats()).toMatchObject({ refused: 1, peers: 0 });
    allowed.connection.abort();
  });
});

describe("authorize", () => {
  test("that never answers is a no, and the place is free again", async () => {
    let isAborted = false;
    const { server, client } = await door({
      authorizeTimeoutMs: 50,
      limits: { maxPendingHandshakes: 1 },
      authorize: (_, { meta }, { signal }) => {
        if (meta["token"] === "good") return true;
        signal.addEventListener("abort", () => {
          isAborted = true;
        });
        return new Promise(() => {});
      },
    });
    await expect(client()).rejects.toEqual(coded("ERR_REFUSED"));
    expect(isAborted).toBe(true);
    keep(await client({ meta: { token: "good" } }));
    expect(server.stats()).toMatchObject({ refused: 1, peers: 1 });
  });
});

describe("clients", () => {
  test("are no more than allowed; one more may come when another has left", async () => {
    const { server, client } = await door({ limits: { maxPeers: 2 } });
    const first = await client();
    keep(await client());
    await expect(client()).rejects.toMatchObject({
      code: "ERR_BUSY",
      message: expect.stringMatching(/refused this client \(busy\)/) as string,
    });
    expect(server.peers.size).toBe(2);
    await first.close();
    keep(await client());
  });
});

describe("a server that says nothing", () => {
  test("does not keep a client waiting for ever: it is cut after the time for a welcome", async () => {
    const network = memoryNetwork();
    const { clock, transport } = network;
    const connections: Connection[] = [];
    void transport.listen(address, (connection) => {
      connections.push(connection);
      connection.open({ onData() {}, onDrain() {}, onClose() {} });
    });
    const options = { transports: [transport], clock, retry: false, timeoutMs: 60_000 } as const;
    const connecting = connect("memory:door", options);
    await expect(clock.until(connecting)).rejects.toEqual(coded("ERR_TIMEOUT"));
    expect(clock.now()).toBeGreaterThanOrEqual(limits.welcomeTimeoutMs);
    expect(clock.now()).toBeLessThan(2 * limits.welcomeTimeoutMs);
    expect(connections).toHaveLength(1);
  });
});
