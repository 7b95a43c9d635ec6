// A side that closes and runs out of time says so: the other end does not wait for it to come back.
import { connect, type ServerPeer, serve } from "myelin";
import { describe, expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "./pairing.ts";

/** Listeners that never finish: what is sent them fills the window, and the rest has not left. */
function stuck() {
  const aborted: unknown[] = [];
  const slow = (_: unknown, { signal }: { signal: AbortSignal }): Promise<never> => {
    signal.addEventListener("abort", () => aborted.push(signal.reason));
    return new Promise(() => {});
  };
  return { aborted, events: { slow } };
}

/** A client whose listeners are at work on 64 of 200 events, and its peer. */
async function stuckClient(network: string) {
  const { events } = stuck();
  const server = keep(await serve(freshAddress(network)));
  const client = keep(await connect(server.address, { events, limits: { windowMessages: 64 } }));
  const [peer] = [...server.peers.values()] as [ServerPeer];
  for (let n = 0; n < 200; n += 1) peer.send("slow", n);
  await until("they are at work", () => client.stats().received.messages === 64);
  return { client, peer, server };
}

describe.each(["tcp", "unix"])("over %s", (network) => {
  test.each(["timeoutMs", "signal"])("a client, by its %s", async (how) => {
    const { aborted, events } = stuck();
    const server = keep(
      await serve(freshAddress(network), { events, limits: { windowMessages: 64 } }),
    );
    const client = keep(await connect(server.address));
    for (let n = 0; n < 200; n += 1) client.send("slow", n);
    await until("they are at work", () => server.stats().received.messages === 64);
    const [peer] = [...server.peers.values()] as [ServerPeer];
    const controller = new AbortController();
    const { signal } = controller;
    const closed = client.close(how === "signal" ? { signal } : { drainMs: 0, timeoutMs: 50 });
    if (how === "signal") setImmediate(() => controller.abort());
    await expect(closed).rejects.toMatchObject({ code: "ERR_UNDELIVERED" });
    const { by, error } = await within("the server's news of it", peer.closed);
    expect([by, error?.code]).toEqual(["failure", "ERR_TIMEOUT"]);
    expect([server.peers.size, server.stats().detached, aborted.length]).toEqual([0, 0, 64]);
  });

  test("a server's peer, and `never` is heard", async () => {
    const { client, peer, server } = await stuckClient(network);
    const closed = peer.close({ retry: "never", drainMs: 0, timeoutMs: 50 });
    await expect(closed).rejects.toMatchObject({ code: "ERR_UNDELIVERED" });
    const { error } = await within("the client's news of it", client.closed);
    expect([error?.code, server.peers.size]).toEqual(["ERR_TIMEOUT", 0]);
  });

  test("one that has said goodbye in order, while the other end has more", async () => {
    const { client, peer, server } = await stuckClient(network);
    await client.close({ drainMs: 0, timeoutMs: 50 });
    const { by, error, undelivered } = await within("the server's news of it", peer.closed);
    expect([by, error?.code, undelivered.unsent.events]).toEqual(["peer", "ERR_TIMEOUT", 136]);
    expect([server.peers.size, server.stats().detached]).toEqual([0, 0]);
  });

  test("one that has heard the other end's goodbye", async () => {
    const { client, peer } = await stuckClient(network);
    const closed = client.close();
    // New calls are refused behind a goodbye.
    await until("the server has heard it", () => {
      try {
        return !peer.send("more") && false;
      } catch {
        return true;
      }
    });
    await expect(peer.close({ drainMs: 0, timeoutMs: 50 })).rejects.toMatchObject({
      ...{ code: "ERR_UNDELIVERED", cause: { code: "ERR_TIMEOUT" } },
    });
    expect(await peer.closed).toMatchObject({ by: "peer", error: { code: "ERR_TIMEOUT" } });
    await within("close()", closed);
    expect(await client.closed).toMatchObject({ by: "failure", error: { code: "ERR_TIMEOUT" } });
  });

  test("one without any time, where nothing waits, is no failure for the other end", async () => {
    const server = keep(await serve(freshAddress(network)));
    const client = keep(await connect(server.address));
    const [peer] = [...server.peers.values()] as [ServerPeer];
    await client.close({ drainMs: 0, timeoutMs: 0 });
    const { by, error } = await within("the server's news of it", peer.closed);
    expect([by, error]).toEqual(["peer", undefined]);
  });
});
