// Streams that come to their end while a side closes: who reads them has all of it, and no error.
import { type Client, connect, type Peer, type Server, type ServerPeer, serve } from "myelin";
import { describe, expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "./pairing.ts";

/** Ten items, and then no end before it is told to. */
function staged() {
  const state = { end: () => {} };
  const ending = new Promise<void>((resolve) => {
    state.end = resolve;
  });
  const items = async function* (data: unknown) {
    if (data !== undefined) for await (const _ of data as AsyncIterable<unknown>);
    for (let n = 0; n < 10; n += 1) yield n;
    await ending;
  };
  return { state, items };
}

interface Ends {
  readonly client: Client;
  readonly server: Server;
  readonly peer: ServerPeer;
}

/** Who closes, and who reads. */
const closers: Record<
  string,
  (ends: Ends) => { closer: { close(): Promise<void> }; reader: Peer }
> = {
  "the server that serves them": ({ client, server }) => ({ closer: server, reader: client }),
  "the server's peer that serves them": ({ client, peer }) => ({ closer: peer, reader: client }),
  "the client that serves them": ({ client, peer }) => ({ closer: client, reader: peer }),
  "the client that reads them": ({ client }) => ({ closer: client, reader: client }),
};

describe.each(["unix", "tcp"])("over %s", (network) => {
  describe.each(Object.keys(closers))("closed by %s", (who) => {
    test.each(["stream", "duplex"] as const)("%s", async (kind) => {
      const { items, state } = staged();
      const handlers = { items };
      const server = keep(await serve(freshAddress(network), { handlers }));
      const client = keep(await connect(server.address, { handlers, retry: false }));
      const [peer] = [...server.peers.values()] as [ServerPeer];
      const choose = closers[who] as (typeof closers)[string];
      const { closer, reader } = choose({ client, server, peer });
      const stream = kind === "stream" ? reader.stream("items") : reader.duplex("items", [1, 2]);
      const received: unknown[] = [];
      const read = (async () => {
        for await (const item of stream) received.push(item);
      })();
      await until("all have left", () => received.length === 10);
      const closed = closer.close();
      state.end();
      await within("the stream", read);
      expect(received).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      await within("close()", closed);
    });
  });

  test("a source that fails is told of though its side closes", async () => {
    const outcome: unknown[] = [];
    const server = keep(
      await serve(freshAddress(network), {
        handlers: {
          take: async (items) => {
            try {
              for await (const item of items as AsyncIterable<unknown>) outcome.push(item);
            } catch (error) {
              outcome.push((error as Error).message);
            }
          },
        },
      }),
    );
    const client = keep(await connect(server.address, { retry: false }));
    const broken = new AbortController();
    const failing = new Promise<never>((_, reject) => {
      broken.signal.addEventListener("abort", () => reject(new Error("no more")));
    });
    const source = async function* () {
      yield 1;
      await failing;
    };
    const upload = client.upload("take", source());
    await until("an item", () => outcome.length === 1);
    const closed = client.close();
    broken.abort();
    await expect(upload).rejects.toMatchObject({ code: "ERR_SOURCE" });
    await within("close()", closed);
    await until("the handler's end", () => outcome.length === 2);
    expect(outcome).toEqual([1, "no more"]);
  });
});
