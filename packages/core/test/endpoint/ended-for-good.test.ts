// A client that ends by itself, and for good: what it had accepted is told as a gap, as when a new session begins.
import { MessageChannel } from "node:worker_threads";
import { type Client, type ConnectOptions, connect, type Notice, port, serve, unix } from "myelin";
import { faulty } from "myelin/testing";
import { describe, expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "./pairing.ts";

const coded = (code: string) => expect.objectContaining({ code });
const quickly = { minMs: 1, maxMs: 5 };
const five = { events: 5, calls: 0 };
const nothing = { events: 0, calls: 0 };

function sendFive(client: Client): void {
  for (let n = 0; n < 5; n++) client.send("news", n);
}

/** What it hears until it is closed. */
function noticesOf(client: Client): Notice[] {
  const notices: Notice[] = [];
  client.onNotice((notice) => void notices.push(notice));
  return notices;
}

/** A client of a server, over a connection that breaks when we say so. */
async function cuttable(options: ConnectOptions = {}) {
  const server = keep(await serve(freshAddress(), { events: { news: () => {} } }));
  const line = faulty(unix());
  const client = keep(await connect(server.address, { transports: [line], ...options }));
  return { client, server, cut: () => line.faults.cutAll() };
}

/** A client whose connection is lost with five events on their way. */
async function lost(options: ConnectOptions = {}) {
  const { client, cut } = await cuttable({ retry: false, ...options });
  sendFive(client);
  cut();
  return client;
}

// The first in this file: of each kind one is warned of in a process.
test("a warning of the process tells it where nobody listens", async () => {
  const warnings: Error[] = [];
  const listener = (warning: Error): void => void warnings.push(warning);
  process.on("warning", listener);
  const client = await lost();
  await within("it is over", client.closed);
  await until("it is warned of", () => warnings.length > 0);
  process.off("warning", listener);
  expect(warnings).toMatchObject([
    { name: "MyelinWarning", message: `gap: 5 events (peer "${client.id}")` },
  ]);
});

describe("tells of a gap, and then is closed", () => {
  const ends: Record<string, () => Promise<{ client: Client; notices: Notice[] }>> = {
    "when its only connection breaks": async () => {
      const client = await lost();
      return { client, notices: noticesOf(client) };
    },
    "when it has tried often enough": async () => {
      const { client, server } = await cuttable({ retry: { ...quickly, maxAttempts: 2 } });
      const notices = noticesOf(client);
      await server.close();
      sendFive(client);
      return { client, notices };
    },
    "when the one attempt that it makes is none": async () => {
      const client = await lost({ retry: { ...quickly, maxAttempts: 0 } });
      return { client, notices: noticesOf(client) };
    },
    "when the next server refuses it": async () => {
      const { client, server } = await cuttable({ retry: quickly });
      const notices = noticesOf(client);
      const { address } = server;
      await server.close();
      sendFive(client);
      keep(await serve(address, { secret: "a secret of sixteen or more" }));
      return { client, notices };
    },
    "when it was lazy, and its time is up": async () => {
      const client = keep(await connect(freshAddress(), { lazy: true, timeoutMs: 20 }));
      const notices = noticesOf(client);
      sendFive(client);
      return { client, notices };
    },
    "when it was lazy over UDP": async () => {
      const client = keep(await connect("udp://127.0.0.1:9", { lazy: true, timeoutMs: 20 }));
      const notices = noticesOf(client);
      sendFive(client);
      return { client, notices };
    },
    "when its server tells it never to come back": async () => {
      const { client, server } = await cuttable({ retry: quickly });
      const notices = noticesOf(client);
      let isAtWork = false;
      client.handle("work", (_, { signal }) => {
        isAtWork = true;
        // The goodbye cancels it: what is sent behind that waits for a session that does not come.
        signal.addEventListener("abort", () => sendFive(client));
        return new Promise(() => {});
      });
      for (const peer of server.peers.values()) peer.call("work").catch(() => {});
      await until("it is at work", () => isAtWork);
      await server.close({ drainMs: 0, retry: "never" });
      return { client, notices };
    },
    "when its transport has one connection": async () => {
      const { port1, port2 } = new MessageChannel();
      const served = serve(port(port1));
      const client = keep(await connect(port(port2)));
      keep(await served);
      const notices = noticesOf(client);
      sendFive(client);
      port2.close();
      return { client, notices };
    },
  };

  test.each(Object.entries(ends))("%s", async (_, end) => {
    const { client, notices } = await end();
    const { undelivered } = await within("it is over", client.closed);
    const { unacknowledged, unsent } = undelivered;
    expect(unacknowledged.events + unsent.events).toBe(5);
    const mayHaveArrived = unacknowledged.events > 0;
    const gap = { kind: "gap", peer: expect.anything(), ...five, mayHaveArrived };
    expect(notices).toEqual([gap]);
    expect(notices[0]?.peer).toBe(client);
  });
});

describe("once, whatever is done then", () => {
  test("close() still says so by its error, and `await using` adds no notice", async () => {
    const client = await lost();
    const notices = noticesOf(client);
    await within("it is over", client.closed);
    await client[Symbol.asyncDispose]();
    await expect(client.close()).rejects.toEqual(coded("ERR_UNDELIVERED"));
    expect(notices.map(({ kind }) => kind)).toEqual(["gap"]);
  });

  test("who hears of it can send nothing more, and close it in no time", async () => {
    const client = await lost();
    const said: unknown[] = [];
    client.onNotice(() => {
      said.push(client.state);
      try {
        client.send("news");
      } catch (reason) {
        said.push(reason);
      }
      client.close({ drainMs: 0, timeoutMs: 0 }).catch((reason) => said.push(reason));
    });
    const { by, undelivered } = await within("it is over", client.closed);
    expect([by, undelivered.unacknowledged]).toEqual(["failure", five]);
    await until("the close is over", () => said.length === 3);
    expect(said).toEqual(["closed", coded("ERR_CLOSED"), coded("ERR_UNDELIVERED")]);
  });
});

describe("is silent", () => {
  test("where close() tells it by its error", async () => {
    const { client, server } = await cuttable({ retry: quickly });
    const notices = noticesOf(client);
    await server.close();
    sendFive(client);
    const closing = client.close({ drainMs: 0, timeoutMs: 20 });
    await expect(within("the close", closing)).rejects.toEqual(coded("ERR_UNDELIVERED"));
    expect(notices).toEqual([]);
  });

  test("where nothing is missing", async () => {
    const { client, cut } = await cuttable({ retry: false });
    const notices = noticesOf(client);
    sendFive(client);
    await client.flush();
    cut();
    const { undelivered } = await within("it is over", client.closed);
    expect(undelivered).toEqual({ unsent: nothing, unacknowledged: nothing });
    expect(notices).toEqual([]);
  });
});
