import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type Connection, type NetworkAddress, type UdpOptions, udp } from "myelin";
import { faulty } from "myelin/testing";
import { afterEach, describe, expect, test } from "vitest";
import { Recorder } from "../../../../test/conformance/recorder.ts";
import { freePort } from "../../../../test/support/free-port.ts";
import { until, within } from "../../../../test/support/within.ts";

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of open.splice(0)) await end();
});

async function listen(options: UdpOptions = {}) {
  const accepted: { connection: Connection; hears: Recorder }[] = [];
  const listener = await udp(options).listen(
    { scheme: "udp", host: "127.0.0.1", port: 0 },
    (connection) => accepted.push({ connection, hears: new Recorder(connection) }),
  );
  open.push(() => listener.close());
  const peers = (count: number) => until(`${count} peers`, () => accepted.length >= count);
  return { listener, accepted, peers, address: listener.address };
}

async function dial(address: Parameters<ReturnType<typeof udp>["dial"]>[0]): Promise<Connection> {
  const connection = await udp().dial(address);
  open.push(() => connection.abort());
  return connection;
}

describe("a datagram", () => {
  test("is no larger than the transport was told, at both ends", async () => {
    const options = { maxDatagramBytes: 100 };
    const { accepted, address, peers } = await listen(options);
    const dialled = await udp(options).dial(address);
    open.push(() => dialled.abort());
    dialled.send(Buffer.alloc(100));
    await peers(1);
    const ends = [dialled, accepted[0]?.connection as Connection];
    // Also where faults are on its way, which hold back what they take.
    const through = await faulty(udp(options)).dial(address);
    open.push(() => through.abort());
    for (const end of [...ends, through]) {
      expect(() => end.send(Buffer.alloc(101))).toThrow(
        expect.objectContaining({ code: "ERR_TOO_LARGE" }),
      );
    }
  });
});

describe("a listener's peers", () => {
  test("are told apart by their source, and answered one by one", async () => {
    const { accepted, address, peers } = await listen();
    const [one, two] = [await dial(address), await dial(address)];
    const [oneHears, twoHears] = [new Recorder(one), new Recorder(two)];
    one.send("one");
    await peers(1);
    two.send("two");
    await peers(2);
    one.send("one again");
    await until("both datagrams", () => accepted[0]?.hears.chunks.length === 2);
    expect(accepted).toHaveLength(2);
    expect(accepted.map(({ connection }) => connection.remote)).toEqual(
      [one.local, two.local].map((local) => ({ ...local, host: "127.0.0.1" })),
    );
    accepted[0]?.connection.send("to one");
    accepted[1]?.connection.send("to two");
    await Promise.all([oneHears.received(6), twoHears.received(6)]);
    expect([oneHears.bytes.toString(), twoHears.bytes.toString()]).toEqual(["to one", "to two"]);
  });

  test("are no more than allowed: the one longest unheard makes room", async () => {
    const { accepted, address, peers } = await listen({ maxPeers: 2 });
    const clients = [await dial(address), await dial(address), await dial(address)];
    clients[0]?.send("0");
    await peers(1);
    clients[1]?.send("1");
    await peers(2);
    clients[0]?.send("0");
    await until("the first to be heard again", () => accepted[0]?.hears.byteCount === 2);
    clients[2]?.send("2");
    await peers(3);
    await accepted[1]?.hears.closed();
    expect(accepted.map(({ hears }) => hears.closes)).toEqual([0, 1, 0]);
    expect(accepted[1]?.hears.error).toMatchObject({ code: "ERR_CONNECTION_LOST" });
    // Forgotten is not banned.
    clients[1]?.send("1");
    await peers(4);
  });

  test("are forgotten when they were silent for long", async () => {
    const { accepted, address, peers } = await listen({ peerIdleMs: 10 });
    const client = await dial(address);
    client.send("hello");
    await peers(1);
    await accepted[0]?.hears.closed();
    expect(accepted[0]?.hears.error).toMatchObject({ code: "ERR_TIMEOUT" });
  });

  test("end with the listener", async () => {
    const { accepted, address, listener, peers } = await listen();
    const client = await dial(address);
    client.send("hello");
    await peers(1);
    await listener.close();
    await accepted[0]?.hears.closed();
    expect(accepted[0]?.hears.error).toMatchObject({ code: "ERR_CLOSED" });
    expect(() => accepted[0]?.connection.send("x")).toThrow(
      expect.objectContaining({ code: "ERR_CLOSED" }),
    );
  });

  test("start anew after this side has closed one", async () => {
    const { accepted, address, peers } = await listen();
    const client = await dial(address);
    client.send("first");
    await peers(1);
    await accepted[0]?.connection.close();
    client.send("second");
    await peers(2);
    await accepted[1]?.hears.received(6);
    expect(accepted[1]?.hears.bytes.toString()).toBe("second");
  });
});

describe("a dialled connection", () => {
  test("hears its peer only", async () => {
    const { accepted, address, peers } = await listen();
    const client = await dial(address);
    const hears = new Recorder(client);
    client.send("hello");
    await peers(1);
    const stranger = await dial({ ...client.local, host: "127.0.0.1" } as NetworkAddress);
    stranger.send("psst");
    accepted[0]?.connection.send("answer");
    await hears.received(6);
    expect(hears.bytes.toString()).toBe("answer");
  });

  test("goes on when nobody listens for a while, and tells diagnostics", async () => {
    const port = await freePort("udp4");
    const address = { scheme: "udp", host: "127.0.0.1", port } as const;
    const client = await dial(address);
    const failures: unknown[] = [];
    const hear = (payload: unknown): unknown => failures.push(payload);
    subscribe("myelin:datagram:failed", hear);
    open.push(() => unsubscribe("myelin:datagram:failed", hear));
    client.send("anybody?");
    await until("a failure", () => failures.length > 0);
    expect(failures[0]).toMatchObject({
      remote: `udp://127.0.0.1:${port}`,
      error: { code: "ERR_CONNECTION_REFUSED" },
    });
    let heard = "";
    const listener = await udp().listen(address, (connection) =>
      connection.open({ onData: (chunk) => (heard += String(chunk)), onDrain() {}, onClose() {} }),
    );
    open.push(() => listener.close());
    client.send("now?");
    await until("a datagram", () => heard !== "");
    expect(heard).toBe("now?");
  });

  test("finds hosts by name", async () => {
    const listener = await udp().listen(
      { scheme: "udp", host: "localhost", port: 0 },
      (connection) =>
        connection.open({ onData: () => void connection.send("yes"), onDrain() {}, onClose() {} }),
    );
    open.push(() => listener.close());
    const { port } = listener.address as NetworkAddress;
    const client = await dial({ scheme: "udp", host: "localhost", port });
    const hears = new Recorder(client);
    client.send("there?");
    await hears.received(3);
    await expect(dial({ scheme: "udp", host: "no such host", port })).rejects.toMatchObject({
      code: "ERR_NOT_FOUND",
    });
    await expect(dial({ scheme: "udp", host: "127.0.0.1", port: 0 })).rejects.toMatchObject({
      code: "ERR_INVALID_ADDRESS",
    });
  });

  test("keeps what comes while it is paused, up to 64 KiB", async () => {
    const { accepted, address, peers } = await listen();
    const client = await dial(address);
    client.send("hello");
    await peers(1);
    const { connection, hears } = accepted[0] ?? expect.fail();
    await hears.datagrams(1);
    connection.pause();
    for (let n = 0; n < 5; n++) client.send(Buffer.alloc(20_000, n));
    // A second client's datagram comes after those of the first.
    const second = await dial(address);
    second.send("done");
    await peers(2);
    connection.resume();
    await hears.datagrams(4);
    client.send("more");
    await hears.datagrams(5);
    expect(hears.chunks.slice(1).map(({ length }) => length)).toEqual([20_000, 20_000, 20_000, 4]);
  });
});

test("a close waits until the system has taken all", async () => {
  const { accepted, address, peers } = await listen();
  const client = await dial(address);
  for (let n = 0; n < 20; n++) client.send(`datagram ${n}`);
  await within("close", client.close());
  await peers(1);
  await until("all datagrams", () => accepted[0]?.hears.chunks.length === 20);
});
