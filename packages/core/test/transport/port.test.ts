// Connections between threads: workers of their own, and what both sides of a port may rely on.
import { once } from "node:events";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { type Connection, port, type Way } from "myelin";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Recorder } from "../../../../test/conformance/recorder.ts";
import { bundleCore } from "../../../../test/support/core-bundle.ts";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";
import { turns, until, within } from "../../../../test/support/within.ts";
import { limits } from "../../src/limits.ts";

const workers: Worker[] = [];
let library: string;

beforeAll(async () => {
  library = await bundleCore(tempFolder());
});
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.terminate();
});
afterAll(removeTempFolders);

function start(what: "echo" | "die" | "unref"): Worker {
  const worker = new Worker(new URL("fixtures/port-worker.mjs", import.meta.url), {
    workerData: { library, what },
  });
  workers.push(worker);
  return worker;
}

/** The next message of the program's own. */
async function plainMessage(worker: Worker): Promise<unknown> {
  for (;;) {
    const [said]: unknown[] = await within("a plain message", once(worker, "message"));
    if (typeof said === "string" || Object.hasOwn(said as object, "closed")) return said;
  }
}

async function dial<Carrier>(way: Way<Carrier>): Promise<[Connection, Recorder]> {
  const connection = await way.dial(way.address);
  return [connection, new Recorder(connection)];
}

async function accepted<Carrier>(way: Way<Carrier>): Promise<Connection> {
  return within(
    "a connection",
    new Promise<Connection>((resolve, reject) => {
      way.listen(way.address, resolve).catch(reject);
    }),
  );
}

async function messageAt(port: MessagePort): Promise<unknown> {
  const [said]: unknown[] = await within("a message", once(port, "message"));
  return said;
}

/** A connection, and the bare port at its other end. */
async function bare() {
  const { port1, port2 } = new MessageChannel();
  // Somebody is there.
  port2.postMessage({ "myelin:1": 0 });
  const [connection, hears] = await dial(port(port1));
  // Twice we are: when we came, and when we heard.
  for (let n = 0; n < 2; n++) expect(await messageAt(port2)).toEqual({ "myelin:1": 0 });
  return { connection, hears, port1, port2 };
}

describe("a worker", () => {
  test("talks with its maker, and both keep their own messages and the worker", async () => {
    const worker = start("echo");
    const [connection, hears] = await dial(port(worker));
    connection.send("sent before the worker ran");
    await hears.received(26);
    expect(hears.bytes.toString()).toBe("sent before the worker ran");
    worker.postMessage("plain");
    expect(await plainMessage(worker)).toBe("PLAIN");
    expect(hears.byteCount).toBe(26);

    const told = plainMessage(worker);
    await within("close", connection.close());
    expect(await told).toEqual({ closed: "in order" });
    const exit = once(worker, "exit");
    worker.postMessage("enough");
    expect(await plainMessage(worker)).toBe("ENOUGH");
    // Nothing of the connection keeps it alive.
    const [code]: unknown[] = await within("the worker's end", exit);
    expect(code).toBe(0);
  });

  test("that dies is missed, after what it has said", async () => {
    const connection = await accepted(port(start("die")));
    const hears = new Recorder(connection);
    await hears.closed();
    expect(hears.bytes.toString()).toBe("last words");
    expect(hears.error?.code).toBe("ERR_CONNECTION_LOST");
  });

  test("that is terminated is missed", async () => {
    const worker = start("echo");
    const [connection, hears] = await dial(port(worker));
    connection.send("?");
    await hears.received(1);
    await worker.terminate();
    await hears.closed();
    expect(hears.error?.code).toBe("ERR_CONNECTION_LOST");
  });

  test("ends by itself with an open connection that was unref'd", async () => {
    const worker = start("unref");
    const exit = once(worker, "exit");
    const hears = new Recorder(await accepted(port(worker)));
    const [code]: unknown[] = await within("the worker's end", exit);
    expect(code).toBe(0);
    await hears.closed();
  });

  test("can be made anew for each dial", async () => {
    const way = port(() => start("echo"));
    for (let n = 0; n < 2; n++) {
      const [connection, hears] = await dial(way);
      connection.send("again");
      await hears.received(5);
      connection.abort();
    }
    expect(workers).toHaveLength(2);
  });
});

describe("a port", () => {
  test("gets exactly the bytes that were sent, and never the pool that they lie in", async () => {
    const { connection, port2 } = await bare();
    const pooled = Buffer.from("hello");
    expect(pooled.buffer.byteLength).toBeGreaterThan(5);
    for (const data of [pooled, pooled.subarray(1, 3), "grüße"]) {
      const message = messageAt(port2);
      connection.send(data);
      const { "myelin:1": bytes } = (await message) as { "myelin:1": Uint8Array };
      expect(Buffer.from(bytes)).toEqual(Buffer.from(data));
      expect(bytes.buffer.byteLength).toBe(bytes.byteLength);
    }
    expect(pooled.toString()).toBe("hello");
    connection.abort();
  });

  test("is closed with its connection", async () => {
    const { connection, hears, port2 } = await bare();
    // A port notices its end only after all messages, which somebody must take.
    port2.on("message", () => {});
    const closed = once(port2, "close");
    connection.abort();
    await Promise.all([hears.closed(), within("the port's end", closed)]);
  });

  test("that the other side closes is a lost connection", async () => {
    const { hears, port2 } = await bare();
    port2.postMessage({ "myelin:1": new Uint8Array([1, 2]) });
    port2.close();
    await hears.closed();
    expect(hears.byteCount).toBe(2);
    expect(hears.error?.code).toBe("ERR_CONNECTION_LOST");
  });

  test.each([
    ["large pieces", 1 << 20],
    ["single bytes", 1],
  ])("may flood it while nobody reads: beyond a limit it is cut, of %s", async (_, length) => {
    const { connection, hears, port2 } = await bare();
    connection.pause();
    const cost = length + 256;
    const flood = Array.from({ length: Math.ceil(limits.maxPausedBytes / cost) + 1 }, () => length);
    for (const bytes of flood) {
      port2.postMessage({ "myelin:1": new Uint8Array(bytes) });
      if (hears.closes > 0) break;
      if (bytes > 1) await turns(1);
    }
    await hears.closed();
    expect(hears.error?.code).toBe("ERR_BUSY");
    expect(hears.byteCount).toBe(0);
  });

  test("may carry messages of others, which are left alone", async () => {
    const { connection, hears, port2 } = await bare();
    for (const message of [null, "text", 7, [1], { data: 1 }, { "myelin:2": 1 }, new Map()]) {
      port2.postMessage(message);
    }
    port2.postMessage({ "myelin:1": new Uint8Array([7]) });
    await hears.received(1);
    expect(hears.closes).toBe(0);
    connection.abort();
  });

  test.each([[{}], [3], ["text"], [null], [new DataView(new ArrayBuffer(1))]])(
    "that brings a message of ours without sense (%j) ends the connection, and only that",
    async (sense) => {
      const { hears, port2 } = await bare();
      port2.postMessage({ "myelin:1": sense });
      await hears.closed();
      expect(hears.error?.code).toBe("ERR_CONNECTION_LOST");
    },
  );

  test("carries one connection in its life", async () => {
    const { connection, hears, port1 } = await bare();
    const again = port(port1);
    await expect(again.dial(again.address)).rejects.toMatchObject({ code: "ERR_CONFIG" });
    expect(() => port().accept(port1)).toThrow(expect.objectContaining({ code: "ERR_CONFIG" }));
    connection.abort();
    await hears.closed();
  });
});

describe("a dial", () => {
  test("waits until somebody is there, whoever comes first", async () => {
    const { port1, port2 } = new MessageChannel();
    const dialling = dial(port(port1));
    // What arrives before anybody listens is nobody's.
    port2.on("message", () => {});
    await turns();
    const server = new Recorder(await accepted(port(port2)));
    const [client] = await within("the dial", dialling);
    client.send("hello");
    await server.received(5);
    client.abort();
    await server.closed();
  });

  test("can be given up while it waits", async () => {
    const { port1, port2 } = new MessageChannel();
    const controller = new AbortController();
    const way = port(port1);
    const dialling = way.dial(way.address, { signal: controller.signal });
    expect(await messageAt(port2)).toEqual({ "myelin:1": 0 });
    controller.abort();
    await expect(within("the dial", dialling)).rejects.toMatchObject({ code: "ERR_ABORTED" });
    expect(await messageAt(port2)).toEqual({ "myelin:1": 2 });
  });

  test("fails when the port closes before anybody answers", async () => {
    const { port1, port2 } = new MessageChannel();
    const dialling = dial(port(port1));
    port2.close();
    await expect(within("the dial", dialling)).rejects.toMatchObject({
      code: "ERR_CONNECTION_LOST",
    });
  });
});

describe("what had ended before", () => {
  async function closedPort(closes: "its own side" | "the other side"): Promise<MessagePort> {
    const { port1, port2 } = new MessageChannel();
    const closed = Promise.all([once(port1, "close"), once(port2, "close")]);
    (closes === "its own side" ? port1 : port2).close();
    await within("the end of both", closed);
    return port1;
  }

  async function handedOn(): Promise<MessagePort> {
    const { port1 } = new MessageChannel();
    const other = new MessageChannel();
    const closed = once(port1, "close");
    other.port1.postMessage(port1, [port1]);
    await within("its end here", closed);
    other.port1.close();
    return port1;
  }

  async function deadWorker(): Promise<Worker> {
    const worker = start("echo");
    await worker.terminate();
    return worker;
  }

  test.each<[string, () => Promise<MessagePort | Worker>]>([
    ["a port that was closed", () => closedPort("its own side")],
    ["a port whose other end was closed", () => closedPort("the other side")],
    ["a port that was handed on", handedOn],
    ["a worker", deadWorker],
  ])("fails a dial at once, and keeps nobody from serving: %s", async (_, make) => {
    const way = port(await make());
    await expect(within("the dial", way.dial(way.address))).rejects.toMatchObject({
      code: "ERR_CONNECTION_LOST",
      message: "the port was closed before, or its thread has ended",
    });
    const server = port(await make());
    const listener = await server.listen(server.address, () => {});
    server.accept(await make());
    await listener.close();
  });

  test("is no port that is merely unref'd", async () => {
    const { port1, port2 } = new MessageChannel();
    port1.on("message", () => {});
    port1.unref();
    port2.postMessage({ "myelin:1": 0 });
    const way = port(port1);
    const connection = await within("the dial", way.dial(way.address));
    expect((port1 as MessagePort & { hasRef(): boolean }).hasRef()).toBe(false);
    connection.abort();
  });
});

describe("a way", () => {
  test("keeps what it accepts until somebody listens", async () => {
    const { port1, port2 } = new MessageChannel();
    const way = port();
    way.accept(port2);
    const [client] = await dial(port(port1));
    client.send("early");
    await turns();
    const server = new Recorder(await accepted(way));
    await server.received(5);
    client.abort();
    await server.closed();
  });

  test("accepts nothing once its listener was closed, until it is listened to again", async () => {
    const way = port();
    const { port1, port2 } = new MessageChannel();
    const listener = await way.listen(way.address, () => {});
    await listener.close();
    expect(() => way.accept(port2)).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
    const connecting = accepted(way);
    way.accept(port2);
    const [client] = await dial(port(port1));
    (await connecting).abort();
    client.abort();
  });

  test("hands one thing over once, however often it is listened to", async () => {
    const { port1, port2 } = new MessageChannel();
    port1.postMessage({ "myelin:1": 0 });
    const way = port(port2);
    const heard: Connection[] = [];
    for (let n = 0; n < 2; n++) {
      const listener = await way.listen(way.address, (connection) => heard.push(connection));
      if (n === 0) await until("a connection", () => heard.length > 0);
      await turns();
      await listener.close();
    }
    expect(heard).toHaveLength(1);
    heard[0]?.abort();
    port1.close();
  });

  test("without anything to lead over cannot be dialled", async () => {
    const way = port();
    await expect(way.dial(way.address)).rejects.toMatchObject({ code: "ERR_CONFIG" });
  });

  test("to a parent needs one", async () => {
    const way = port("parent");
    const expected = { code: "ERR_UNSUPPORTED", address: "port:" };
    await expect(way.dial(way.address)).rejects.toMatchObject(expected);
    await expect(way.listen(way.address, () => {})).rejects.toMatchObject(expected);
  });

  test("that cannot make its thing says why", async () => {
    const way = port(() => {
      throw new Error("no worker today");
    });
    await expect(way.dial(way.address)).rejects.toMatchObject({
      code: "ERR_TRANSPORT",
      message: "no worker today",
    });
  });
});
