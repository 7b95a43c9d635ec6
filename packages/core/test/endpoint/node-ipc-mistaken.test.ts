// Clients of the myelin wire whose first bytes come late, at a server that takes those of node-ipc, too; and
// servers that speak nothing else.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import { type ConnectOptions, connect, type ServeOptions, serve, stdio } from "myelin";
import { memoryNetwork } from "myelin/testing";
import { describe, expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import { both, frame, serveBoth, sockets } from "./legacy-program.ts";
import { freshAddress, keep } from "./pairing.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const quickly = { minMs: 1, maxMs: 5 };

/** Closed with the sockets of a test. */
async function listening(onSocket: (socket: Socket) => void) {
  const server = createServer(onSocket);
  await once(server.listen(0, "127.0.0.1"), "listening");
  sockets.push({ destroy: () => server.close() } as unknown as Socket);
  return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** As the server's clock knows its patience with those who say nothing. */
const sniffMs = 59_999;

/** A clock on which that patience is over at once with some connections, and never with the others. */
function impatient(isLate: (connection: number) => boolean): Clock {
  let connections = 0;
  return {
    ...systemClock,
    setTimeout(run, ms) {
      const isOver = ms === sniffMs && isLate(connections++);
      return systemClock.setTimeout(run, isOver ? 0 : ms);
    },
  };
}

/**
 * A server of both wires that speaks to everybody who is in, and a way to it: what the client says over a
 * connection that is `isLate` comes when the server has taken it for another.
 */
async function slowWay(isLate: (connection: number) => boolean, options: ServeOptions = {}) {
  const { server } = await serveBoth({ sniffMs, clock: impatient(isLate), ...options });
  server.handle("ping", () => "pong");
  const ways: Socket[] = [];
  const address = await listening((from) => {
    const to = dial(server.address.replace("unix:", ""));
    const late = isLate(ways.length);
    sockets.push(from, to);
    ways.push(from);
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      one.on("error", () => {}).on("close", () => other.destroy());
    }
    to.on("data", (bytes) => {
      from.write(bytes);
      if (late) from.on("data", (text) => to.write(text));
    });
    if (!late) from.on("data", (bytes) => to.write(bytes));
  });
  // Who is in hears of it, and that is all that one of node-ipc's would hear.
  server.onPeer((peer) => {
    if (peer.dialect === "node-ipc") peer.send("news", 1);
  });
  return { address, server, ways };
}

describe("one that was late", () => {
  test("tries again, and comes in", async () => {
    const { address, server, ways } = await slowWay((connection) => connection < 2);
    const client = keep(await connect(address, { retry: quickly }));
    expect(await client.call("ping")).toBe("pong");
    expect(ways).toHaveLength(3);
    await until("the others are gone", () => server.peers.size === 1);
  });

  test("goes on with its session, however often it was late", async () => {
    const resume = { windowMs: 60_000 };
    const isLate = (connection: number) => connection > 0 && connection < 6;
    const { address, ways } = await slowWay(isLate, { resume });
    const client = keep(await connect(address, { retry: quickly, resume }));
    const states: string[] = [];
    client.onState((state) => void states.push(state));
    const { id } = client;
    ways[0]?.destroy();
    await until("it is back", () => client.stats().resumed === 1);
    expect(states).toEqual(["detached", "open"]);
    expect(client.id).toBe(id);
    expect(await client.call("ping")).toBe("pong");
    expect(ways).toHaveLength(7);
  });

  test("is told at once where it is not to try again", async () => {
    const { address } = await slowWay(() => true);
    await expect(connect(address, { retry: false })).rejects.toEqual(coded("ERR_PROTOCOL"));
  });
});

describe("a server of node-ipc's clients", () => {
  async function legacy() {
    let connections = 0;
    const address = await listening((socket) => {
      sockets.push(socket);
      connections += 1;
      socket.on("error", () => {}).write(frame("hello", connections));
    });
    return { address, connections: () => connections };
  }

  test.each<[string, ConnectOptions, number]>([
    ["three times", { retry: quickly }, 3],
    ["as often as it is to be tried", { retry: { ...quickly, maxAttempts: 1 } }, 2],
    ["once", { retry: false }, 1],
  ])("is told apart when it has spoken %s", async (_, options, count) => {
    const { address, connections } = await legacy();
    await expect(within("the end", connect(address, options))).rejects.toEqual(
      coded("ERR_PROTOCOL", { message: expect.stringContaining('dialect: "node-ipc"') }),
    );
    expect(connections()).toBe(count);
  });

  test("is named as the cause when time is up before", async () => {
    const { address } = await legacy();
    const retry = { minMs: 60_000, maxMs: 60_000 };
    await expect(connect(address, { retry, timeoutMs: 100 })).rejects.toEqual(
      coded("ERR_TIMEOUT", { cause: coded("ERR_PROTOCOL") }),
    );
  });
});

test.each([
  ["tcp", 1_000],
  ["unix", 200],
])("over %s a client may be silent for %i ms", async (kind, expected) => {
  const waits: number[] = [];
  const clock = {
    ...systemClock,
    setTimeout(run: () => void, ms: number) {
      waits.push(ms);
      return systemClock.setTimeout(run, ms);
    },
  };
  const server = keep(await serve(freshAddress(kind), { ...both, clock }));
  const [, port] = /:(\d+)$/.exec(server.address) ?? [];
  sockets.push(
    dial(port === undefined ? { path: server.address.slice(5) } : { port: Number(port) }),
  );
  await until("it is there", () => waits.length > 0);
  expect(waits).toEqual([expected]);
});

describe("a server that takes the connection and says nothing", () => {
  const silent = expect.stringContaining("accepted the connection and said nothing");
  const hint = expect.stringContaining('dialect: "node-ipc"');

  test.each<[string, NonNullable<ConnectOptions["retry"]>]>([
    ["and with retry: false", false],
    ["and while it is tried again", quickly],
  ])("is named so when the time is up, %s", async (_, retry) => {
    const address = await listening((socket) => void sockets.push(socket));
    const outcome = connect(address, { retry, timeoutMs: 300 });
    const error: unknown = await within(
      "the end",
      outcome.catch((reason: unknown) => reason),
    );
    expect(error).toEqual(coded("ERR_TIMEOUT", { message: silent }));
    expect(error).toEqual(coded("ERR_TIMEOUT", { message: hint }));
  });

  test.each<[string, ConnectOptions]>([
    ["connect()", { timeoutMs: 300 }],
    ["a handshake", { limits: { handshakeTimeoutMs: 100 }, retry: false }],
  ])("is not taken for one of node-ipc where none can be: the time of %s", async (_, options) => {
    const child = spawn(process.execPath, ["-e", "process.stdin.resume()"]);
    const { clock, transport } = memoryNetwork();
    await transport.listen({ scheme: "memory", name: "silent" }, (connection) =>
      connection.open({ onData() {}, onDrain() {}, onClose() {} }),
    );
    const shared = { ...options, clock, transports: [transport] };
    const outcomes = [
      connect(stdio(child), options),
      clock.until(connect("memory:silent", shared)),
    ].map((each) => each.catch((reason: unknown) => reason));
    const errors = await within("the ends", Promise.all(outcomes));
    child.kill();
    for (const error of errors) {
      expect(error).toEqual(coded("ERR_TIMEOUT", { message: silent }));
      expect(error).not.toEqual(coded("ERR_TIMEOUT", { message: hint }));
    }
  });

  test("is not named so where nobody is", async () => {
    const outcome = connect(freshAddress(), { retry: quickly, timeoutMs: 50 });
    const error: unknown = await within(
      "the end",
      outcome.catch((reason: unknown) => reason),
    );
    expect(error).not.toEqual(coded("ERR_TIMEOUT", { message: silent }));
  });
});
