// What small things that wait take is no more than what the budget of their endpoint counts for them.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  type Client,
  type ConnectOptions,
  connect,
  type EndpointLimits,
  MemoryRegistry,
  memory,
  serve,
} from "myelin";
import { faulty } from "myelin/testing";
import { expect, test } from "vitest";
import { turns, until } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "../endpoint/pairing.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

async function heldBytes(): Promise<number> {
  await turns();
  collectGarbage();
  collectGarbage();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

/** A client whose line stands still, or that has no session. */
async function waiting(
  isConnected: boolean,
  limits: EndpointLimits = {},
  trace?: ConnectOptions["trace"],
): Promise<Client> {
  const network = { registry: new MemoryRegistry() };
  const address = freshAddress("memory");
  const server = await serve(address, { transports: [memory(network)], resume: false });
  const line = faulty(memory(network));
  const client = keep(
    await connect(address, {
      offline: { policy: "queue", maxMessages: 100_000 },
      limits: { maxPendingCalls: 100_000, ...limits },
      transports: [line],
      ...(trace && { trace }),
    }),
  );
  await client.flush();
  if (isConnected) {
    keep(server);
    line.faults.stall();
  } else {
    await server.close();
    await until("it is gone", () => client.state !== "open");
  }
  // A post that comes now waits for room.
  while (client.send("event", "x".repeat(1_000)));
  return client;
}

const many = 5_000;
/** As the limits of an endpoint say it. */
const countedBytes = 2_048;

const post = (client: Client) => client.post("event", 1);
const call = (client: Client) => client.call("name", 1);

test.each([
  ["a post for which there is no room", true, post],
  ["a call that nobody answers", true, call],
  ["a post without a session", false, post],
  ["a call without a session", false, call],
])("%s takes no more than it counts", async (_, isConnected, act) => {
  const client = await waiting(isConnected);
  let refused = 0;
  const attempt = (): void => void act(client).catch(() => refused++);
  // What grows once, such as tables, has grown.
  for (let each = 0; each < many; each++) attempt();
  const before = await heldBytes();
  for (let each = 0; each < many; each++) attempt();
  const held = (await heldBytes()) - before;
  expect(refused).toBe(0);
  expect(held / many).toBeGreaterThan(100);
  expect(held / many).toBeLessThan(countedBytes);
});

test("posts wait in what is left of three quarters of the budget", async () => {
  const MiB = 1024 * 1024;
  const client = await waiting(true, { maxBufferedBytes: 4 * MiB });
  let refused = 0;
  for (let each = 0; each < many; each++) post(client).catch(() => refused++);
  await turns();
  // A queue has twice what is left at most.
  expect(many - refused).toBeGreaterThan((1.2 * MiB) / countedBytes);
  expect(many - refused).toBeLessThan((2 * MiB) / countedBytes);
});

test.each([0, 3_000])(
  "events of bytes take no more than is pending, with %i bytes of headers",
  async (length) => {
    const tracestate = `v=${"s".repeat(length)}`;
    const traceparent = `00-${"1".repeat(32)}-${"2".repeat(16)}-01`;
    const current = () => (length === 0 ? undefined : { traceparent, tracestate });
    const client = await waiting(true, { maxQueuedBytes: 128 * 1024 * 1024 }, { current });
    const act = (): void => void client.send("event", Buffer.of(1));
    // More than the window has, so that the rest has no frame yet.
    for (let each = 0; each < many; each++) act();
    const before = await heldBytes();
    const pendingBefore = client.stats().pendingBytes;
    for (let each = 0; each < many; each++) act();
    const held = (await heldBytes()) - before;
    expect(held / many).toBeGreaterThan(length + 100);
    expect(held).toBeLessThan(client.stats().pendingBytes - pendingBefore);
  },
);
