// A signal that lives as long as the program holds nobody who is gone: not peers, nor clients, nor servers.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Client, connect, type ServerPeer, serve } from "myelin";
import { expect, test } from "vitest";
import { until } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "./pairing.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Each way to listen, until the signal aborts. */
const ways: Record<string, (peer: Client | ServerPeer, signal: AbortSignal) => void> = {
  on: (peer, signal) => peer.on("event", () => void peer, { signal }),
  onState: (peer, signal) => peer.onState(() => void peer, { signal }),
  onDrain: (peer, signal) => peer.onDrain(() => void peer, { signal }),
  onNotice: (peer, signal) => peer.onNotice(() => void peer, { signal }),
};

test.each(Object.keys(ways))("%s", async (way) => {
  const listen = ways[way] as (typeof ways)[string];
  const { signal } = new AbortController();
  const gone: WeakRef<object>[] = [];
  const server = keep(await serve(freshAddress()));
  server.onPeer((peer) => {
    listen(peer, signal);
    gone.push(new WeakRef(peer));
  });
  const visit = async (): Promise<void> => {
    const client = await connect(server.address);
    listen(client, signal);
    gone.push(new WeakRef(client));
    await client.close();
  };
  for (let n = 0; n < 10; n += 1) await visit();
  await until("all have left", () => server.peers.size === 0);
  // One or two may be in somebody's variable still.
  await until("they are forgotten", () => {
    collectGarbage();
    return gone.filter((each) => each.deref() !== undefined).length <= 2;
  });
  expect(gone).toHaveLength(20);
});
