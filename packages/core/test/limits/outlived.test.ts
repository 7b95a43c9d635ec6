// What handlers are still at work on when their session is over: nobody comes in while it is too much.
import {
  type Client,
  type ConnectOptions,
  connect,
  MemoryRegistry,
  memory,
  type ServeOptions,
  serve,
  type Transport,
} from "myelin";
import { VirtualClock } from "myelin/testing";
import { expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "../endpoint/pairing.ts";

const maxBufferedBytes = 1024 * 1024;
const limits = { maxBufferedBytes, windowMessages: 1_024 };
const quickly = { drainMs: 0, timeoutMs: 100 };

/** Handlers that finish when they are let. */
function slow() {
  const open = new Set<() => void>();
  return {
    get count() {
      return open.size;
    },
    run: (): Promise<void> => new Promise((resolve) => void open.add(resolve)),
    finish(): void {
      for (const resolve of open) resolve();
      open.clear();
    },
  };
}

async function serving(address: string, options: ServeOptions = {}) {
  const work = slow();
  const { transports } = options;
  const network = transports === undefined ? {} : { transports };
  const server = keep(await serve(address, { limits, ...options }));
  server.on("work", work.run);
  server.handle("work", work.run);
  const visit = (more?: ConnectOptions) =>
    connect(server.address, { retry: false, ...network, ...more });
  return { server, visit, work };
}

type Scene = Awaited<ReturnType<typeof serving>>;

/** Comes in, gives the handlers something to do, and leaves; again and again until it is turned away. */
async function comeAndGo({ server, visit, work }: Scene, give: (client: Client) => Promise<void>) {
  const standing = server.peers.size;
  for (let visits = 0; visits < 100; visits++) {
    const before = work.count;
    let client: Client;
    try {
      client = keep(await visit());
    } catch (error) {
      return { visits, error: error as Error & { code: string } };
    }
    await give(client);
    await until("it is at work", () => work.count > before);
    await client.close(quickly).catch(() => {});
    await until("it has left", () => server.peers.size === standing);
  }
  throw new Error("it was let in a hundred times");
}

const inMemory = () =>
  serving("memory:outlived", { transports: [memory({ registry: new MemoryRegistry() })] });
const half = "x".repeat(maxBufferedBytes / 2);

test.each<[string, (client: Client) => Promise<void>]>([
  ["events", async (client) => void client.send("work", half)],
  ["calls", async (client) => void client.call("work", half).catch(() => {})],
  [
    "calls that are small",
    async (client) => {
      for (let n = 0; n < 500; n++) client.call("work").catch(() => {});
    },
  ],
])("%s: whoever fills its window and leaves does not come in for ever", async (_, give) => {
  const scene = await inMemory();
  const { server, visit, work } = scene;
  const standing = keep(await visit());
  const { error, visits } = await comeAndGo(scene, give);
  expect(error.code).toBe("ERR_BUSY");
  expect(error.message).toContain("sessions that are over");
  expect(visits).toBeGreaterThan(1);
  expect(visits).toBeLessThan(6);
  expect(server.stats()).toMatchObject({ peers: 1, refused: 1 });
  // Who stands is neither ended for it nor kept from sending.
  standing.on("more", () => {});
  standing.send("work", "one more");
  await standing.flush();
  work.finish();
  await until("all is done", () => server.stats().activeHandlers === 0);
  keep(await visit());
});

test("over UDP", async () => {
  const scene = await serving(freshAddress("tcp").replace("tcp:", "udp:"));
  const { error } = await comeAndGo(scene, async (client) => {
    for (let n = 0; n < 200; n++) {
      client.send("work", "x".repeat(1_100));
      if (n % 20 === 0) await client.flush();
    }
  });
  expect(error.code).toBe("ERR_BUSY");
  scene.work.finish();
  keep(await scene.visit());
});

test("over node-ipc's wire, where a client that is turned away is cut", async () => {
  const scene = await serving(freshAddress(), { accept: ["node-ipc"] });
  const { server, visit, work } = scene;
  const meet = async () => {
    const client = keep(await visit({ dialect: "node-ipc" }));
    const { size } = server.peers;
    client.send("work", half);
    const outcome = await Promise.race([
      client.closed.then(() => "cut"),
      until("it is in", () => server.peers.size > size).then(() => "in"),
    ]);
    return { client, outcome };
  };
  for (let visits = 0; visits < 2; visits++) {
    const before = work.count;
    const { client, outcome } = await meet();
    expect(outcome).toBe("in");
    await until("it is at work", () => work.count > before);
    await client.close(quickly).catch(() => {});
    await until("it has left", () => server.peers.size === 0);
  }
  const { client } = await meet();
  await within("it is cut", client.closed);
  expect(server.stats().refused).toBe(1);
});

test("a client that its server fills and ends comes back when its handlers are done", async () => {
  const clock = new VirtualClock();
  const transports = [memory({ registry: new MemoryRegistry() })];
  const work = slow();
  const serveAgain = async () => keep(await serve("memory:filler", { transports }));
  let server = await serveAgain();
  const options = { limits, transports, clock, retry: { minMs: 10, maxMs: 10 } };
  keep(await connect("memory:filler", { ...options, events: { work: work.run } }));
  /** Five seconds of the client's pass. */
  const pass = async () => {
    for (let n = 0; n < 50; n++) {
      await clock.advanceAsync(100);
      await turns(1);
    }
  };
  for (let n = 0; n < 2; n++) {
    expect(server.peers.size).toBe(1);
    server.broadcast("work", half);
    await pass();
    expect(work.count).toBe(n + 1);
    await server.close(quickly).catch(() => {});
    server = await serveAgain();
    await pass();
  }
  expect(server.peers.size).toBe(0);
  work.finish();
  await pass();
  expect(server.peers.size).toBe(1);
});

/** A transport on which text that has this mark in it is no JSON any more. */
function breaking(inner: Transport): Transport {
  return {
    ...inner,
    async dial(...where) {
      const connection = await inner.dial(...where);
      const send = connection.send.bind(connection);
      connection.send = (data) => {
        const text = Buffer.from(data as Uint8Array).toString("latin1");
        return send(Buffer.from(text.replaceAll("<broken>", "\n\n\n\n\n\n\n\n"), "latin1"));
      };
      return connection;
    },
  };
}

test.each([
  ["a large one", (client: Client) => void client.send("work", `<broken>${half}`)],
  [
    "the first of many",
    (client: Client) => {
      client.send("work", "<broken>");
      for (let n = 0; n < 500; n++) client.send("work", "x".repeat(1_000));
    },
  ],
])("what no handler had does not count: broken messages lock nobody out, %s", async (_, say) => {
  const registry = new MemoryRegistry();
  const { server, visit, work } = await serving("memory:broken", {
    transports: [memory({ registry })],
  });
  for (let n = 0; n < 6; n++) {
    const client = await visit({ transports: [breaking(memory({ registry }))] });
    say(client);
    const { error } = await client.closed;
    expect(error?.code).toBe("ERR_BAD_FRAME");
    await until("it has left", () => server.peers.size === 0);
  }
  expect(work.count).toBe(0);
  keep(await visit());
});

test("waiting for its own handlers uses up no attempt", async () => {
  const clock = new VirtualClock();
  const transports = [memory({ registry: new MemoryRegistry() })];
  const work = slow();
  const serveAgain = async () => keep(await serve("memory:patient", { transports }));
  let server = await serveAgain();
  const retry = { minMs: 10, maxMs: 60_000, maxAttempts: 3 };
  const options = { limits, transports, clock, retry, events: { work: work.run } };
  const client = keep(await connect("memory:patient", options));
  const pass = async (times: number) => {
    for (let n = 0; n < times; n++) {
      await clock.advanceAsync(100);
      await turns(1);
    }
  };
  for (let n = 0; n < 2; n++) {
    server.broadcast("work", half);
    await pass(20);
    expect(work.count).toBe(n + 1);
    await server.close(quickly).catch(() => {});
    server = await serveAgain();
    await pass(50);
  }
  await pass(300);
  expect(client.state).toBe("connecting");
  work.finish();
  await turns();
  await pass(20);
  expect(server.peers.size).toBe(1);
});
