// Connections over the IPC channels of real children, which the program goes on using.
import { type ChildProcess, type ForkOptions, fork, spawn } from "node:child_process";
import cluster, { type Worker } from "node:cluster";
import { randomBytes } from "node:crypto";
import { on, once } from "node:events";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Connection, connect, ipc } from "myelin";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Recorder } from "../../../../test/conformance/recorder.ts";
import { bundleCore } from "../../../../test/support/core-bundle.ts";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";
import { within } from "../../../../test/support/within.ts";

const program = fileURLToPath(new URL("fixtures/ipc-child.mjs", import.meta.url));
const children: ChildProcess[] = [];
const heard = new Map<ChildProcess, AsyncIterator<unknown>>();
let library: string;

beforeAll(async () => {
  library = await bundleCore(tempFolder());
});
afterEach(async () => {
  heard.clear();
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await within("a process to die", gone);
  }
});
afterAll(removeTempFolders);

function start(what: "echo" | "dial" | "unref" | "half", options: ForkOptions = {}): ChildProcess {
  const child = fork(program, [library, what], { execArgv: [], ...options });
  children.push(child);
  heard.set(child, on(child, "message"));
  return child;
}

async function dial(child: ChildProcess | Worker): Promise<[Connection, Recorder]> {
  const way = ipc(child);
  const connection = await way.dial(way.address);
  return [connection, new Recorder(connection)];
}

async function accepted(child: ChildProcess): Promise<Recorder> {
  const way = ipc(child);
  return within(
    "a connection",
    new Promise<Recorder>((resolve, reject) => {
      way.listen(way.address, (connection) => resolve(new Recorder(connection))).catch(reject);
    }),
  );
}

/** The next message of the program's own; several may come in one turn. */
async function plainMessage(child: ChildProcess): Promise<unknown> {
  for (;;) {
    const { value } = await within("a plain message", heard.get(child)?.next() ?? Promise.reject());
    const [said] = value as [unknown];
    if (typeof said === "string" || Object.hasOwn(said as object, "closed")) return said;
  }
}

async function exitCode(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null) return child.exitCode;
  const [code]: unknown[] = await within("the child's end", once(child, "exit"));
  return code;
}

describe.each(["json", "advanced"] as const)("a child with a channel of %s", (serialization) => {
  test("talks with its parent, and both keep their own messages and the channel", async () => {
    const child = start("echo", { serialization });
    const [connection, hears] = await dial(child);
    const sent = randomBytes(1024 * 1024);
    connection.send(Buffer.from(sent));
    await hears.received(sent.length);
    expect(hears.bytes.equals(sent)).toBe(true);
    child.send("plain");
    expect(await plainMessage(child)).toBe("PLAIN");

    const told = plainMessage(child);
    await within("close", connection.close());
    expect(await told).toEqual({ closed: "in order" });
    expect(child.connected).toBe(true);
    child.send("enough");
    expect(await plainMessage(child)).toBe("ENOUGH");
    // Nothing of the connection keeps it alive.
    expect(await exitCode(child)).toBe(0);
  });

  test("gets bytes as bytes where they arrive as such, else as text", async () => {
    const child = start("echo", { serialization });
    const kinds: string[] = [];
    child.on("message", (message: Record<string, unknown>) => {
      const { "myelin:1": piece } = message;
      if (typeof piece !== "number")
        kinds.push(piece instanceof Uint8Array ? "bytes" : typeof piece);
    });
    const [connection, hears] = await dial(child);
    for (let n = 1; n <= 2; n++) {
      connection.send("hello");
      await hears.received(5 * n);
    }
    const usual = serialization === "advanced" ? "bytes" : "string";
    expect(kinds).toEqual([usual, usual]);
    connection.abort();
  });
});

describe("a child", () => {
  test("that is killed has ended the connection, as on a socket", async () => {
    const child = start("dial");
    const hears = await accepted(child);
    await hears.received(9);
    child.kill("SIGKILL");
    await hears.closed();
    expect(hears.bytes.toString()).toBe("I am here");
    expect(hears.error).toBeUndefined();
  });

  test("that is killed before it has read everything makes close say so", async () => {
    const child = start("echo");
    const [connection, hears] = await dial(child);
    connection.send("?");
    await hears.received(1);
    child.kill("SIGSTOP");
    connection.send(new Uint8Array(4 * 1024 * 1024));
    expect(connection.writable).toBe(false);
    expect(connection.pendingBytes).toBeGreaterThan(0);
    const closing = connection.close();
    child.kill("SIGKILL");
    await expect(within("close", closing)).rejects.toMatchObject({ code: "ERR_UNDELIVERED" });
    await hears.closed();
  });

  test("ends with the channel where Node emits no 'disconnect'", async () => {
    const child = start("echo");
    const [, hears] = await dial(child);
    // As Node does after disconnect() with messages on their way.
    const emit = child.emit.bind(child) as (name: string, ...more: unknown[]) => boolean;
    child.emit = (name: string, ...more: unknown[]): boolean =>
      name !== "disconnect" && emit(name, ...more);
    child.disconnect();
    await hears.closed();
  });

  // Node waits with the end of the channel for the rest of such a message, and then overlooks it.
  test.each(["go", "go, and speak"])(
    "that disconnects while a message arrives is gone: %s",
    async (what) => {
      const child = spawn(process.execPath, [program, library, "leave"], {
        stdio: ["ignore", "inherit", "inherit", "pipe"],
        env: { ...process.env, NODE_CHANNEL_FD: "3", NODE_CHANNEL_SERIALIZATION_MODE: "json" },
      });
      children.push(child);
      // Node's own end of it writes whole messages only.
      const channel = child.stdio[3] as Socket;
      const ended = once(channel, "end");
      const lines = createInterface({ input: channel })[Symbol.asyncIterator]();
      channel.write('{"myelin:1":0}\n');
      // It says that it is here, and again when it has heard the same.
      for (let n = 0; n < 2; n++) await within("a sign", lines.next());
      channel.write(`"${what}"\n{"half`);
      await within("the end of the channel", ended);
      expect(child.exitCode).toBeNull();
    },
  );

  test("hears that its parent disconnects while a message arrives", async () => {
    const child = start("half");
    const hears = await accepted(child);
    expect(await plainMessage(child)).toBe("said");
    child.disconnect();
    await hears.closed();
    expect(await exitCode(child)).toBe(0);
  });

  test("ends by itself with an open connection that was unref'd", async () => {
    const child = start("unref");
    const hears = await accepted(child);
    expect(await exitCode(child)).toBe(0);
    await hears.closed();
  });

  test("without a channel cannot be reached over it", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await expect(dial(child)).rejects.toMatchObject({
      code: "ERR_UNSUPPORTED",
      message: expect.stringContaining("fork()"),
      address: "ipc:",
    });
  });

  test("that dies amid what it is sent is lost", async () => {
    const child = start("echo");
    const [connection, hears] = await dial(child);
    connection.send(Buffer.alloc(64 * 1024 * 1024));
    await hears.received(1);
    child.kill("SIGKILL");
    await hears.closed();
    expect(hears.error).toMatchObject({
      code: "ERR_CONNECTION_LOST",
      message: expect.stringContaining("bytes had left"),
    });
  });

  test("whose channel has ended cannot be reached, which is no mistake of the program's", async () => {
    const child = start("echo");
    child.disconnect();
    const ended = { code: "ERR_CONNECTION_LOST", address: "ipc:" };
    await expect(dial(child)).rejects.toMatchObject(ended);
    await expect(connect(ipc(child))).rejects.toMatchObject(ended);
  });

  test("carries one connection in its life", async () => {
    const child = start("echo");
    const [connection] = await dial(child);
    await expect(dial(child)).rejects.toMatchObject({ code: "ERR_CONFIG" });
    connection.abort();
  });

  test("may be a worker of a cluster", async () => {
    cluster.setupPrimary({ exec: program, args: [library, "echo"], execArgv: [] });
    const worker = cluster.fork();
    children.push(worker.process);
    const [connection, hears] = await dial(worker);
    connection.send("hello, worker");
    await hears.received(13);
    await within("close", connection.close());
  });
});
