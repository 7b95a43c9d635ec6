import { type Connection, MemoryRegistry, memory } from "myelin";
import { VirtualClock } from "myelin/testing";
import { describe, expect, test } from "vitest";
import { Recorder } from "../../../../test/conformance/recorder.ts";

const address = { scheme: "memory", name: "x" } as const;

/** A clock that stands still until it is told to go on. */
function makeSchedule() {
  const tasks: (() => void)[] = [];
  return {
    schedule: (run: () => void): void => void tasks.push(run),
    /** Runs what is due now, and not what that makes due. */
    step(): number {
      const due = tasks.splice(0);
      for (const run of due) run();
      return due.length;
    },
  };
}

async function pair(options: Parameters<typeof memory>[0] = {}) {
  const transport = memory({ registry: new MemoryRegistry(), ...options });
  const accepted = new Promise<Connection>((resolve) => {
    void transport.listen(address, resolve);
  });
  const client = await transport.dial(address);
  return { client, server: await accepted };
}

describe("connections in memory", () => {
  test("are found in their registry only", async () => {
    const [one, two] = [new MemoryRegistry(), new MemoryRegistry()];
    const listener = await memory({ registry: one }).listen(address, () => {});
    await expect(memory({ registry: two }).dial(address)).rejects.toMatchObject({
      code: "ERR_CONNECTION_REFUSED",
      address: "memory:x",
    });
    await memory({ registry: one }).dial(address);
    await listener.close();
  });

  test("share one registry in the process unless told otherwise", async () => {
    const name = `process-wide ${process.pid}`;
    const listener = await memory().listen({ scheme: "memory", name }, () => {});
    await expect(memory().dial({ scheme: "memory", name })).resolves.toBeDefined();
    await listener.close();
  });

  test("deliver when their schedule says so, and not before", async () => {
    const clock = makeSchedule();
    const transport = memory({ registry: new MemoryRegistry(), schedule: clock.schedule });
    let server: Recorder | undefined;
    await transport.listen(address, (connection) => {
      server = new Recorder(connection);
    });
    const dialling = transport.dial(address);
    clock.step();
    const client = await dialling;
    clock.step();
    clock.step();
    client.send("one");
    client.send("two");
    expect(server?.chunks).toEqual([]);
    clock.step();
    expect(server?.chunks.map(String)).toEqual(["one", "two"]);
    client.abort();
    expect(server?.closes).toBe(0);
    clock.step();
    expect(server?.closes).toBe(1);
    expect(clock.step()).toBe(0);
  });

  test("give up a close by their clock", async () => {
    const clock = new VirtualClock();
    const transport = memory({ registry: new MemoryRegistry(), clock });
    let server: Recorder | undefined;
    await transport.listen(address, (connection) => {
      connection.pause();
      server = new Recorder(connection);
    });
    const client = await clock.until(transport.dial(address));
    client.send("never read");
    const closing = client.close({ timeoutMs: 60_000 });
    await expect(clock.until(closing)).rejects.toMatchObject({ code: "ERR_UNDELIVERED" });
    expect(clock.now()).toBe(60_000);
    expect(server?.byteCount).toBe(0);
  });

  test("never share bytes between sender and reader", async () => {
    const { client, server } = await pair({ poison: true });
    const heard: { now: string; chunk: Uint8Array }[] = [];
    const done = new Promise<void>((resolve) =>
      server.open({
        onData: (chunk) => heard.push({ now: String(Buffer.from(chunk)), chunk }),
        onDrain() {},
        onClose: () => resolve(),
      }),
    );
    const clientHears = new Recorder(client);
    const sent = Buffer.from("hello");
    client.send(sent);
    sent.fill("!");
    await client.close();
    await Promise.all([done, clientHears.closed()]);
    expect(heard[0]?.now).toBe("hello");
    expect(sent.toString()).toBe("!!!!!");
    // Who keeps a chunk finds rubbish in it, and so finds the mistake.
    expect([...(heard[0]?.chunk ?? [])]).toEqual([0xdd, 0xdd, 0xdd, 0xdd, 0xdd]);
  });

  test("are full at the mark that they are given", async () => {
    const { client, server } = await pair({ highWaterMarkBytes: 10 });
    const hears = new Recorder(client);
    const serverHears = new Recorder(server);
    server.pause();
    expect(client.send("123456789")).toBe(true);
    expect(client.send("0")).toBe(false);
    expect(client.pendingBytes).toBe(10);
    const drained = hears.drained();
    server.resume();
    await Promise.all([drained, serverHears.received(10)]);
    expect(client.pendingBytes).toBe(0);
  });

  test("go on after a reader that throws", async () => {
    const clock = makeSchedule();
    const { client, server } = await (async () => {
      const transport = memory({ registry: new MemoryRegistry(), schedule: clock.schedule });
      let accepted: Connection | undefined;
      await transport.listen(address, (connection) => {
        accepted = connection;
      });
      const dialling = transport.dial(address);
      clock.step();
      const client = await dialling;
      clock.step();
      return { client, server: accepted as Connection };
    })();
    const heard: string[] = [];
    server.open({
      onData: (chunk) => {
        heard.push(String(Buffer.from(chunk)));
        if (heard.length === 1) throw new Error("from a reader");
      },
      onDrain() {},
      onClose() {},
    });
    clock.step();
    client.send("one");
    client.send("two");
    expect(() => clock.step()).toThrow("from a reader");
    clock.step();
    expect(heard).toEqual(["one", "two"]);
  });
});
