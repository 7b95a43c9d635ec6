// A peer that never ends its side cannot keep `close()` waiting: where nobody says how long, it is 5 s.
import { MessageChannel } from "node:worker_threads";
import { type Connection, connect, MemoryRegistry, memory, port, serve, tcp } from "myelin";
import { connectedPair, memoryNetwork } from "myelin/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { turns, within } from "../../../../test/support/within.ts";

const undelivered = expect.objectContaining({ code: "ERR_UNDELIVERED" });
const silent = { onData() {}, onDrain() {}, onClose() {} };

afterEach(() => {
  vi.useRealTimers();
});

test("a client's, though the server has stopped reading", async () => {
  const { clock, faults, transport } = memoryNetwork();
  const options = { transports: [transport], clock };
  const server = await clock.until(serve("memory:close", options));
  const client = await clock.until(connect("memory:close", options));
  faults.stall();
  client.send("x", 1);
  const since = clock.now();
  await expect(clock.until(client.close({ drainMs: 0 }))).rejects.toEqual(undelivered);
  expect(clock.now() - since).toBe(5_000);
  await clock.until(server.close());
});

describe("a connection's, whose other end is paused", () => {
  test("in memory, and with faults on its way", async () => {
    const { clock, accepted, dialled } = connectedPair();
    const plain = memory({ registry: new MemoryRegistry(), clock });
    const address = { scheme: "memory", name: "paused" } as const;
    const other = new Promise<Connection>((resolve) => void plain.listen(address, resolve));
    const direct = await clock.until(plain.dial(address));
    for (const [end, far] of [
      [dialled, accepted],
      [direct, await clock.until(other)],
    ] as const) {
      far.open(silent);
      far.pause();
      end.open(silent);
      end.send("never read");
      const since = clock.now();
      await expect(clock.until(end.close())).rejects.toEqual(undelivered);
      expect(clock.now() - since).toBe(5_000);
    }
  });

  /** Of connections that have no clock but the system's. */
  async function expectEndAfter5s(connection: Connection): Promise<void> {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let isOver = false;
    const closing = connection.close().then(
      () => undefined,
      () => undefined,
    );
    void closing.then(() => {
      isOver = true;
    });
    vi.advanceTimersByTime(4_999);
    await turns();
    expect(isOver).toBe(false);
    vi.advanceTimersByTime(1);
    await within("the end", closing);
  }

  test("over a socket", async () => {
    let meet!: (connection: Connection) => void;
    const met = new Promise<Connection>((resolve) => {
      meet = resolve;
    });
    const listener = await tcp().listen({ scheme: "tcp", host: "127.0.0.1", port: 0 }, meet);
    const connection = await tcp().dial(listener.address);
    const other = await within("the other end", met);
    other.open(silent);
    other.pause();
    connection.open(silent);
    connection.send(new Uint8Array(8 * 1024 * 1024));
    await expectEndAfter5s(connection);
    other.abort();
    await listener.close();
  });

  test("over a port", async () => {
    const { port1, port2 } = new MessageChannel();
    port2.postMessage({ "myelin:1": 0 });
    const way = port(port1);
    const connection = await way.dial(way.address);
    connection.open(silent);
    await expectEndAfter5s(connection);
    port2.close();
  });
});
