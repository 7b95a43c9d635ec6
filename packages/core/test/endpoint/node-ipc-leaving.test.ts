// Clients of node-ipc that leave while it is decided about them: they are heard, and nothing stays of them.
import { connect, type Peer, serve } from "myelin";
import { describe, expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { both, frame, Legacy, serveBoth } from "./legacy-program.ts";
import { freshAddress, keep } from "./pairing.ts";

/** Answers of authorize that are given by hand. */
function answers() {
  const waiting: ((isAllowed: boolean) => void)[] = [];
  const ask = () => new Promise<boolean>((resolve) => void waiting.push(resolve));
  return { ask, waiting };
}

describe("one that has left before it is let in", () => {
  test("is heard, after those who hear of peers, and is gone then", async () => {
    const { ask, waiting } = answers();
    const { server } = await serveBoth({ authorize: { legacy: ask } });
    const order: string[] = [];
    server.on("x", (data) => void order.push(`x ${String(data)}`));
    server.onPeer((peer) => {
      order.push(`peer ${peer.state}`);
      peer.on("own", (data) => void order.push(`own ${String(data)}`));
      void peer.closed.then(() => order.push("closed"));
    });
    const legacy = await Legacy.dial(server.address);
    legacy.socket.end(frame("x", 1) + frame("own", 2));
    await until("it is asked", () => waiting.length === 1);
    await legacy.closed();
    waiting[0]?.(true);
    await until("it is gone", () => order.includes("closed"));
    expect(order).toEqual(["peer open", "x 1", "own 2", "closed"]);
    expect(server.peers.size).toBe(0);
    expect(server.stats()).toMatchObject({ peers: 0, received: { messages: 2 } });
  });

  test("takes no place from those who come after it", async () => {
    const { ask, waiting } = answers();
    const { server } = await serveBoth({
      limits: { maxPeers: 2 },
      authorize: { myelin: () => true, legacy: ask },
    });
    const left = [await Legacy.dial(server.address), await Legacy.dial(server.address)];
    for (const { socket } of left) socket.end("{");
    await until("both have asked", () => waiting.length === 2);
    for (const each of left) await each.closed();
    for (const answer of waiting) answer(true);
    await turns();
    await until("they are gone", () => server.peers.size === 0);
    const client = keep(await connect(server.address, { retry: false }));
    expect(client.state).toBe("open");
  });

  test("may be closed by who hears of it", async () => {
    const { ask, waiting } = answers();
    const { server } = await serveBoth({ authorize: { legacy: ask } });
    const closings: Promise<unknown>[] = [];
    server.onPeer((peer) => void closings.push(peer.close()));
    const legacy = await Legacy.dial(server.address);
    legacy.socket.end(frame("x", 1));
    await until("it is asked", () => waiting.length === 1);
    await legacy.closed();
    waiting[0]?.(true);
    await until("it is in", () => closings.length === 1);
    await within("it is closed", Promise.all(closings));
    expect(server.peers.size).toBe(0);
  });
});

describe("one that is there", () => {
  test("gets all that is sent to it where it is welcomed, and a drain behind it", async () => {
    const server = keep(await serve(freshAddress(), both));
    let drained = false;
    const pad = "y".repeat(100_000);
    server.onPeer((peer) => {
      peer.onDrain(() => {
        drained = true;
      });
      for (let n = 0; n < 50; n++) peer.send("news", pad);
    });
    const legacy = await Legacy.dial(server.address);
    legacy.say("x", 1);
    await until("all arrive", () => legacy.text.split("\f").length === 51);
    await until("there is room", () => drained);
  });

  test("is closed at once when it was of the myelin wire after all, and nobody takes its place", async () => {
    const { server } = await serveBoth({ sniffMs: 1 });
    const seen: Peer[] = [];
    server.onPeer((peer) => void seen.push(peer));
    const silent = await Legacy.dial(server.address);
    await until("it is taken for one that listens", () => server.peers.size === 1);
    silent.socket.write(Uint8Array.of(0x89));
    await until("it is none", () => server.peers.size === 0);
    await turns();
    expect(seen.map(({ state }) => state)).toEqual(["closed"]);
    expect(silent.isClosed).toBe(false);
  });
});
