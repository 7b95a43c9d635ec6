// Connections over the standard streams of real children: over the sockets that Node gives them, and over plain pipes
// as a shell makes them.
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, constants, openSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Connection, type StandardStreams, stdio } from "myelin";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Recorder } from "../../../../test/conformance/recorder.ts";
import { bundleCore } from "../../../../test/support/core-bundle.ts";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";
import { within } from "../../../../test/support/within.ts";

const program = fileURLToPath(new URL("fixtures/stdio-child.mjs", import.meta.url));
const children: ChildProcess[] = [];
let library: string;
/** A module that says where it was found: through a link, in another folder. */
let linked: string;

beforeAll(async () => {
  library = await bundleCore(tempFolder());
  linked = new URL("linked/module.mjs", library).href;
  const folder = tempFolder();
  writeFileSync(join(folder, "module.mjs"), "export default import.meta.url;");
  symlinkSync(folder, new URL("linked", library), "junction");
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await within("a process to die", gone);
  }
});
afterAll(removeTempFolders);

type What = "echo" | "close" | "leave" | "abort" | "refuse" | "unref" | "import";

/** A child, its end of the connection, and what it logs. */
interface Started {
  readonly child: ChildProcess;
  readonly streams: StandardStreams;
  readonly log: AsyncIterator<string>;
}

function start(what: What, streams: SpawnOptions["stdio"] = ["pipe", "pipe", "pipe"]): Started {
  const child = spawn(process.execPath, [program, library, what, linked], { stdio: streams });
  children.push(child);
  const log = createInterface({ input: child.stderr as Socket })[Symbol.asyncIterator]();
  return { child, streams: child, log };
}

/** As `program < one > other` in a shell. */
function startOnPipes(what: What): Started {
  const folder = tempFolder();
  const [one, other] = [join(folder, "one"), join(folder, "other")];
  execFileSync("mkfifo", [one, other]);
  const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;
  // Opened for both directions first, so that nobody waits for anybody.
  const both = [openSync(one, O_RDWR), openSync(other, O_RDWR)];
  const theirs = [openSync(one, O_RDONLY), openSync(other, O_WRONLY)] as const;
  const ours = {
    stdin: new Socket({ fd: openSync(one, O_WRONLY | O_NONBLOCK), readable: false }),
    stdout: new Socket({ fd: openSync(other, O_RDONLY | O_NONBLOCK), writable: false }),
  };
  const started = start(what, [...theirs, "pipe"]);
  for (const descriptor of [...both, ...theirs]) closeSync(descriptor);
  return { ...started, streams: ours };
}

async function logged(log: AsyncIterator<string>): Promise<unknown> {
  const { value } = await within("a line of the log", log.next());
  return value;
}

async function dial(streams: StandardStreams): Promise<[Connection, Recorder]> {
  const way = stdio(streams);
  const connection = await way.dial(way.address);
  return [connection, new Recorder(connection)];
}

const kinds: [string, (what: What) => Started][] = [
  ["sockets", start],
  ...(process.platform === "win32"
    ? []
    : ([["plain pipes", startOnPipes]] as [string, typeof startOnPipes][])),
];

describe.each(kinds)("a child on %s", (_, startOn) => {
  test("talks with its parent, and logs on stderr", async () => {
    const { child, log, streams } = startOn("echo");
    const exit = once(child, "exit");
    const [connection, hears] = await dial(streams);
    const sent = randomBytes(4 * 1024 * 1024);
    connection.send(Buffer.from(sent));
    await hears.received(sent.length);
    expect(hears.bytes.equals(sent)).toBe(true);
    await within("close", connection.close());
    expect(await logged(log)).toBe("closed in order");
    // Nothing of the connection keeps it alive.
    expect(await within("the child's end", exit)).toEqual([0, null]);
    expect(hears.error).toBeUndefined();
  });

  test("finds modules through links as before", async () => {
    const { log } = startOn("import");
    const found = pathToFileURL(realpathSync(fileURLToPath(linked))).href;
    expect(await logged(log)).toBe(found);
  });

  test("that closes and leaves is heard to the end", async () => {
    const { child, streams } = startOn("leave");
    const exit = once(child, "exit");
    const [, hears] = await dial(streams);
    expect(await within("the child's end", exit)).toEqual([0, null]);
    await hears.closed();
    expect(hears.bytes.toString()).toBe("bye");
    expect(hears.error).toBeUndefined();
  });

  test("that is killed has ended the connection", async () => {
    const { child, streams } = startOn("echo");
    const [connection, hears] = await dial(streams);
    connection.send("?");
    await hears.received(1);
    child.kill("SIGKILL");
    await hears.closed();
  });

  test("ends by itself with an open connection that was unref'd", async () => {
    const { child, streams } = startOn("unref");
    const exit = once(child, "exit");
    const [, hears] = await dial(streams);
    expect(await within("the child's end", exit)).toEqual([0, null]);
    await hears.closed();
  });
});

// A plain pipe ends with its last holder, which is the process.
describe("a child that goes on after its connection", () => {
  test("has closed it, and is heard to the end", async () => {
    const { log, streams } = start("close");
    const [, hears] = await dial(streams);
    await hears.closed();
    expect(hears.bytes.toString()).toBe("bye");
    expect(hears.error).toBeUndefined();
    expect(await logged(log)).toBe("stays");
  });

  test("has broken it off, which is noticed, whatever is on its way", async () => {
    const { log, streams } = start("abort");
    const [connection, hears] = await dial(streams);
    connection.send(new Uint8Array(8 * 1024 * 1024));
    await hears.closed();
    expect(await logged(log)).toBe("stays");
  });
});

describe("a child", () => {
  test("whose stdin is no pipe is told so", async () => {
    const { log } = start("refuse", ["ignore", "pipe", "pipe"]);
    expect(await logged(log)).toMatch(/^ERR_NOT_A_SOCKET stdio: stdin is/);
  });

  test("that has no pipes cannot be reached over them", async () => {
    const { child } = start("refuse", ["ignore", "ignore", "pipe"]);
    await expect(dial(child)).rejects.toMatchObject({
      code: "ERR_CONFIG",
      message: expect.stringContaining("spawn"),
      address: "stdio:",
    });
  });

  test("carries one connection in its life", async () => {
    const { child } = start("echo");
    const [connection, hears] = await dial(child);
    await expect(dial(child)).rejects.toMatchObject({ code: "ERR_CONFIG" });
    connection.abort();
    await hears.closed();
  });
});
