// Messages on node-ipc's wire that begin to arrive and do not go on.
import { MemoryRegistry, memory, serve } from "myelin";
import { VirtualClock } from "myelin/testing";
import { describe, expect, test } from "vitest";
import { frame } from "../endpoint/legacy-program.ts";
import { keep } from "../endpoint/pairing.ts";

const coded = (code: string) => expect.objectContaining({ code });
const half = `{"type":"x","data":"${"y".repeat(100_000)}`;
const rest = '"}\f';

/** A server in time of its own, and a client that says what it likes. */
async function legacy(limits: object = {}) {
  const clock = new VirtualClock();
  const transport = memory({ registry: new MemoryRegistry() });
  const server = keep(
    await serve("memory:progress", {
      ...{ accept: ["node-ipc"], clock, transports: [transport] },
      limits: { messageProgressTimeoutMs: 1_000, ...limits },
    }),
  );
  const entered = new Promise<Parameters<Parameters<typeof server.onPeer>[0]>[0]>((resolve) => {
    server.onPeer(resolve);
  });
  const connection = await transport.dial({ scheme: "memory", name: "progress" });
  connection.open({ onData() {}, onDrain() {}, onClose() {} });
  const say = (text: string) => connection.send(text);
  /** Lets all that is under way arrive, and then so much time pass. */
  const pass = async (ms: number) => {
    for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve));
    await clock.advanceAsync(ms);
  };
  await pass(1);
  return { clock, pass, peer: await clock.until(entered), say, server };
}

describe("a message that does not go on", () => {
  test("ends the connection after a while: ERR_TIMEOUT", async () => {
    const { clock, pass, peer, say, server } = await legacy();
    say(half);
    await pass(990);
    expect(peer.state).toBe("open");
    await pass(20);
    expect(await clock.until(peer.closed)).toMatchObject({
      ...{ by: "failure", error: coded("ERR_TIMEOUT") },
    });
    expect(server.stats()).toMatchObject({ peers: 0, bufferedBytes: 0 });
  });

  test("not as long as more of it comes, and not when it is complete", async () => {
    const { clock, pass, peer, say, server } = await legacy();
    const heard: unknown[] = [];
    server.on("x", (data) => void heard.push((data as string).length));
    say(half);
    for (let n = 0; n < 10; n++) {
      await pass(900);
      say("y");
    }
    say(rest);
    await pass(10_000);
    expect(heard).toEqual([100_010]);
    expect(peer.state).toBe("open");
    say(half);
    await pass(1_100);
    expect(await clock.until(peer.closed)).toMatchObject({ error: coded("ERR_TIMEOUT") });
  });

  test("not while it may wait for handlers of the server's", async () => {
    const { clock, pass, peer, say, server } = await legacy({ windowMessages: 2 });
    const open: (() => void)[] = [];
    server.on("slow", () => new Promise<void>((resolve) => open.push(resolve)));
    say(frame("slow", 1) + frame("slow", 2) + half);
    await pass(10_000);
    expect(open).toHaveLength(2);
    expect(peer.state).toBe("open");
    for (const finish of open) finish();
    await pass(900);
    expect(peer.state).toBe("open");
    await pass(1_200);
    expect(await clock.until(peer.closed)).toMatchObject({ error: coded("ERR_TIMEOUT") });
  });

  test("nor where a few bytes are left behind a message, as by hand", async () => {
    const { pass, peer, say } = await legacy();
    say(`${frame("x", 1)}\n`);
    await pass(10_000);
    expect(peer.state).toBe("open");
  });
});
