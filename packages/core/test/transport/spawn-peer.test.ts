// Children with a connection of their own.
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Connection, over, type SpawnedPeer, spawnPeer } from "myelin";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Recorder } from "../../../../test/conformance/recorder.ts";
import { bundleCore } from "../../../../test/support/core-bundle.ts";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";
import { turns, within } from "../../../../test/support/within.ts";

const program = fileURLToPath(new URL("fixtures/fd-peer.mjs", import.meta.url));
const children: ChildProcess[] = [];
let library: string;

beforeAll(async () => {
  library = await bundleCore(tempFolder());
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

async function start(what: "echo" | "die"): Promise<SpawnedPeer> {
  const peer = await spawnPeer(process.execPath, [program, library, what], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(peer.child);
  return peer;
}

describe("a child that was started as a peer", () => {
  test("talks over a connection of its own, and prints what it wants", async () => {
    const { child, connection } = await start("echo");
    const printed = createInterface({ input: child.stdout as Readable })[Symbol.asyncIterator]();
    const hears = new Recorder(connection);
    const sent = randomBytes(1024 * 1024);
    connection.send(Buffer.from(sent));
    await hears.received(sent.length);
    expect(hears.bytes.equals(sent)).toBe(true);
    expect(await within("a line", printed.next())).toMatchObject({ value: "printed by the child" });
    const exit = once(child, "exit");
    await within("close", connection.close());
    expect(await within("a line", printed.next())).toMatchObject({ value: "closed in order" });
    expect(await within("the child's end", exit)).toEqual([0, null]);
  });

  test("is heard to the end, also when it is gone before anybody listens", async () => {
    const { child, connection } = await start("die");
    const [code]: unknown[] = await within("the child's end", once(child, "exit"));
    expect(code).toBe(7);
    await turns();
    const hears = new Recorder(connection);
    await hears.closed();
    expect(hears.bytes.toString()).toBe("last words");
  });

  test("is heard to the end, also when nobody reads as it goes", async () => {
    const { child, connection } = await start("die");
    connection.pause();
    const hears = new Recorder(connection);
    await within("the child's end", once(child, "exit"));
    await turns();
    expect(hears.byteCount).toBe(0);
    connection.resume();
    await hears.closed();
    expect(hears.bytes.toString()).toBe("last words");
  });

  test("ends the connection when it is killed", async () => {
    const { child, connection } = await start("echo");
    const hears = new Recorder(connection);
    connection.send("?");
    await hears.received(1);
    child.kill("SIGKILL");
    await hears.closed();
  });

  test("is nobody whose credentials were asked for: the system names who made the socket", async () => {
    const { connection } = await start("echo");
    expect(connection.peer).toEqual({ credentials: "unknown" });
    connection.abort();
  });

  test("may be given up by its signal, which ends it and the connection, and nothing else", async () => {
    const controller = new AbortController();
    const { child, connection } = await spawnPeer(process.execPath, [program, library, "echo"], {
      signal: controller.signal,
      stdio: ["ignore", "ignore", "inherit"],
    });
    children.push(child);
    const hears = new Recorder(connection);
    controller.abort();
    await hears.closed();
  });

  test("can be served like any other peer", async () => {
    const way = over();
    const accepted = new Promise<Connection>((resolve, reject) => {
      way.listen(way.address, resolve).catch(reject);
    });
    way.accept((await start("echo")).connection);
    const connection = await within("a connection", accepted);
    const hears = new Recorder(connection);
    connection.send("served");
    await hears.received(6);
    connection.abort();
  });
});

describe("a program that cannot be started", () => {
  test("is an error that says so", async () => {
    await expect(spawnPeer("/nowhere/no-such-program")).rejects.toMatchObject({
      code: "ERR_NOT_FOUND",
      message: expect.stringContaining("no-such-program"),
    });
  });

  test.skipIf(process.platform === "win32")(
    "is none of a socket's where it is no program",
    async () => {
      await expect(spawnPeer(tempFolder())).rejects.toMatchObject({
        code: "ERR_PERMISSION",
        message: expect.stringMatching(/EACCES \(is it a program that this user may run\?\)$/),
      });
    },
  );

  test("since its signal was aborted, is not", async () => {
    const options = { signal: AbortSignal.abort() };
    await expect(spawnPeer(process.execPath, ["-e", ""], options)).rejects.toMatchObject({
      code: "ERR_ABORTED",
    });
  });

  test("with more standard streams than there are is refused before it starts", async () => {
    const stdio = ["ignore", "ignore", "ignore", "pipe"] as const;
    await expect(spawnPeer(process.execPath, [], { stdio })).rejects.toMatchObject({
      code: "ERR_CONFIG",
    });
  });
});
