// What was answered has arrived, and all before it: no break counts it among what may be lost.
import { connect, MemoryRegistry, memory, type Notice, type ServeOptions, serve } from "myelin";
import { faulty } from "myelin/testing";
import { describe, expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { all, keep } from "./pairing.ts";

const never = () => new Promise(() => {});

/** A client and a server without resume, and what they are told. */
async function breakable(options: ServeOptions = {}) {
  const transport = memory({ registry: new MemoryRegistry() });
  const handlers = { echo: (data: unknown) => data, never, sum: sizeOf };
  const server = keep(
    await serve("memory:answered", { transports: [transport], handlers, ...options }),
  );
  const unreliable = faulty(transport);
  const retry = { minMs: 1, maxMs: 5 };
  const client = keep(await connect("memory:answered", { transports: [unreliable], retry }));
  client.handle("vote", () => "yes");
  const notices: Notice[] = [];
  client.onNotice((notice) => void notices.push(notice));
  server.onNotice((notice) => void notices.push(notice));
  const [peer] = [...server.peers.values()];
  if (peer === undefined) throw new Error("nobody came in");
  /** The connection breaks, and the client has another one. */
  const breakOff = async () => {
    unreliable.faults.cutAll();
    await until("it is gone", () => client.state === "connecting");
    unreliable.faults.heal();
    await until("it is back", () => client.state === "open");
  };
  return { server, client, peer, notices, faults: unreliable.faults, breakOff };
}

async function sizeOf(items: unknown): Promise<number> {
  return (await all(items as AsyncIterable<unknown>)).length;
}

describe("a break", () => {
  test("is no gap when every call was answered, with an error, or as large as it is", async () => {
    const { client, notices, breakOff } = await breakable({ events: { news: () => {} } });
    client.send("news", 1);
    for (let n = 0; n < 5; n++) await client.call("echo", n);
    expect(await client.upload("sum", [1, 2, 3])).toBe(3);
    await client.call("echo", new Uint8Array(300_000));
    await expect(client.call("nobody")).rejects.toMatchObject({ code: "ERR_NO_HANDLER" });
    await breakOff();
    expect(notices).toEqual([]);
  });

  test("is one of the call that was not answered, however many were", async () => {
    const { client, notices, breakOff } = await breakable();
    await Promise.all(Array.from({ length: 100 }, (_, n) => client.call("echo", n)));
    await client.call("echo", "the last");
    const open = expect(client.call("never")).rejects.toMatchObject({ ran: "maybe" });
    await breakOff();
    await open;
    const gap = { kind: "gap", events: 0, calls: 1, mayHaveArrived: true };
    expect(notices).toEqual([expect.objectContaining(gap)]);
  });

  test("is one of what was sent after the last answer", async () => {
    const { client, faults, notices, breakOff } = await breakable({ events: { news: () => {} } });
    client.send("news", 1);
    await client.call("echo", 1);
    faults.stall("up");
    client.send("news", 2);
    await breakOff();
    const gap = { kind: "gap", events: 1, calls: 0, mayHaveArrived: true };
    expect(notices).toEqual([expect.objectContaining(gap)]);
  });
});

test("a server whose peer has answered, and breaks off while it closes, has delivered all", async () => {
  const { server, peer, faults } = await breakable();
  expect(await peer.call("vote")).toBe("yes");
  faults.stall("down");
  const closing = server.close();
  faults.cutAll();
  await within("it is closed", closing);
  const nothing = { events: 0, calls: 0 };
  const undelivered = { unsent: nothing, unacknowledged: nothing };
  expect(await within("it is over", peer.closed)).toMatchObject({ undelivered });
});
