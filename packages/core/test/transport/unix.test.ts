import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { type Connection, type Listener, unix } from "myelin";
import { afterEach, describe, expect, test } from "vitest";
import { echo } from "../../../../test/conformance/world.ts";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";
import { until, within } from "../../../../test/support/within.ts";
import { maxLocalPathBytes } from "../../src/address/local-path.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  removeTempFolders();
});

async function listen(path: string, options: Parameters<typeof unix>[0] = {}) {
  const listener = await unix(options).listen({ scheme: "unix", path }, echo);
  open.push(listener);
  return listener;
}

async function answers(path: string): Promise<boolean> {
  const socket = connect(path);
  open.push({ close: () => socket.destroy() });
  socket.write("ping");
  const [chunk]: unknown[] = await within("an answer", once(socket, "data"));
  return String(chunk) === "ping";
}

/** What a server that was killed leaves behind: a socket that refuses. */
async function makeStale(path: string): Promise<void> {
  const server = createServer().listen(path);
  await once(server, "listening");
  renameSync(path, `${path}-kept`);
  server.close();
  await once(server, "close");
  renameSync(`${path}-kept`, path);
}

const inUse = (path: string) => ({
  code: "ERR_ADDRESS_IN_USE",
  address: `unix:${path}`,
  cause: expect.objectContaining({
    code: "EADDRINUSE",
    syscall: "listen",
    address: path,
    message: expect.stringContaining("EADDRINUSE"),
  }),
});

describe("a free path", () => {
  test("can be connected to before listen returns its promise, and nothing else is left there", async () => {
    const folder = tempFolder();
    const path = join(folder, "s");
    let server: Server | undefined;
    const listening = unix().listen({ scheme: "unix", path }, echo, {
      onServer: (given) => {
        server = given;
      },
    });
    expect(readdirSync(folder)).toEqual(["s"]);
    expect(server?.listening).toBe(true);
    expect(server?.address()).toBe(path);
    const listener = await listening;
    open.push(listener);
    expect(listener.server).toBe(server);
    expect(await answers(path)).toBe(true);
  });

  test("is free again once the listener is closed", async () => {
    const folder = tempFolder();
    const listener = await listen(join(folder, "s"));
    await listener.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("is free again when somebody closes the server itself", async () => {
    const folder = tempFolder();
    const listener = await listen(join(folder, "s"));
    listener.server.close();
    expect(readdirSync(folder)).toEqual([]);
    await listener.close();
  });

  test("has the mode that the process gives its files, unless all may use it", async () => {
    const folder = tempFolder();
    await listen(join(folder, "usual"));
    const plain = createServer().listen(join(folder, "plain"));
    open.push(plain);
    await once(plain, "listening");
    expect(statSync(join(folder, "usual")).mode).toBe(statSync(join(folder, "plain")).mode);
    await listen(join(folder, "open"), { readableAll: true, writableAll: true });
    expect(statSync(join(folder, "open")).mode & 0o666).toBe(0o666);
  });
});

describe("a path in use", () => {
  test.each([{}, { reclaim: false }, { reclaim: true }])(
    "is left alone with %o",
    async (options) => {
      const path = join(tempFolder(), "s");
      await listen(path);
      const { ino } = lstatSync(path);
      await expect(listen(path, options)).rejects.toMatchObject(inUse(path));
      expect(lstatSync(path).ino).toBe(ino);
      expect(await answers(path)).toBe(true);
    },
  );

  test("by a server of anybody else is left alone, too", async () => {
    const folder = tempFolder();
    const path = join(folder, "s");
    const server = createServer(() => {}).listen(path);
    open.push(server);
    await once(server, "listening");
    await expect(listen(path)).rejects.toMatchObject(inUse(path));
    expect(readdirSync(folder)).toEqual(["s"]);
  });

  test("says so to a plain listener, in the system's own words", async () => {
    const path = join(tempFolder(), "s");
    await listen(path);
    await expect(listen(path, { plain: true })).rejects.toMatchObject(inUse(path));
    expect(await answers(path)).toBe(true);
  });
});

describe("the file of a dead server", () => {
  test("is taken over", async () => {
    const folder = tempFolder();
    const path = join(folder, "s");
    await makeStale(path);
    await listen(path);
    expect(await answers(path)).toBe(true);
    expect(readdirSync(folder)).toEqual(["s"]);
  });

  test("stays when it must not be taken over", async () => {
    const path = join(tempFolder(), "s");
    await makeStale(path);
    const { ino } = lstatSync(path);
    await expect(listen(path, { reclaim: false })).rejects.toMatchObject(inUse(path));
    await expect(listen(path, { plain: true })).rejects.toMatchObject(inUse(path));
    expect(lstatSync(path).ino).toBe(ino);
  });

  test("goes to exactly one of many listeners at once", async () => {
    const folder = tempFolder();
    const path = join(folder, "s");
    await makeStale(path);
    const attempts = Array.from({ length: 20 }, () => listen(path));
    const outcomes = await Promise.allSettled(attempts);
    const lost = outcomes.flatMap((each) =>
      each.status === "rejected" ? [(each.reason as { code: string }).code] : [],
    );
    expect(lost).toEqual(Array.from({ length: 19 }, () => "ERR_ADDRESS_IN_USE"));
    expect(await answers(path)).toBe(true);
    expect(readdirSync(folder)).toEqual(["s"]);
  });

  test("is not taken when the attempt is given up meanwhile", async () => {
    const folder = tempFolder();
    const path = join(folder, "s");
    await makeStale(path);
    const controller = new AbortController();
    const listening = unix().listen({ scheme: "unix", path }, echo, { signal: controller.signal });
    controller.abort();
    await expect(listening).rejects.toMatchObject({ code: "ERR_ABORTED" });
    await listen(path);
    expect(readdirSync(folder)).toEqual(["s"]);
  });
});

describe("what is no socket", () => {
  test.each<[string, (path: string) => void]>([
    ["a file", (path) => writeFileSync(path, "precious")],
    ["a folder", (path) => mkdirSync(path)],
    ["a link that leads nowhere", (path) => symlinkSync("nowhere", path)],
  ])("%s is never removed", async (_, make) => {
    const folder = tempFolder();
    const path = join(folder, "s");
    make(path);
    const before = lstatSync(path);
    await expect(listen(path)).rejects.toMatchObject({
      code: "ERR_NOT_A_SOCKET",
      cause: expect.objectContaining({ code: "EADDRINUSE" }),
    });
    expect(lstatSync(path).ino).toBe(before.ino);
    if (before.isFile()) expect(readFileSync(path, "utf8")).toBe("precious");
    expect(readdirSync(folder)).toEqual(["s"]);
  });

  test("a dialled file says what it is", async () => {
    const path = join(tempFolder(), "s");
    writeFileSync(path, "");
    await expect(unix().dial({ scheme: "unix", path })).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_(CONNECTION_REFUSED|NOT_A_SOCKET)$/),
      cause: expect.objectContaining({ syscall: "connect" }),
    });
  });
});

describe("a path that another server took meanwhile", () => {
  test("is not removed by the close of the first", async () => {
    const path = join(tempFolder(), "s");
    const first = await listen(path);
    unlinkSync(path);
    await listen(path);
    await first.close();
    expect(await answers(path)).toBe(true);
  });

  test("nor is a file that somebody put there", async () => {
    const path = join(tempFolder(), "s");
    const first = await listen(path);
    unlinkSync(path);
    writeFileSync(path, "precious");
    await first.close();
    expect(readFileSync(path, "utf8")).toBe("precious");
  });

  test("is no trouble when it is simply gone", async () => {
    const path = join(tempFolder(), "s");
    const first = await listen(path);
    unlinkSync(path);
    await first.close();
  });
});

describe("a path too long", () => {
  test("is refused before bind and before connect", async () => {
    const folder = tempFolder();
    const path = join(folder, "x".repeat(maxLocalPathBytes - folder.length));
    const expected = { code: "ERR_PATH_TOO_LONG", message: expect.stringContaining(path) };
    await expect(listen(path)).rejects.toMatchObject(expected);
    await expect(unix().dial({ scheme: "unix", path })).rejects.toMatchObject(expected);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("begins one byte after the longest that works", async () => {
    const folder = tempFolder();
    const path = join(folder, "x".repeat(maxLocalPathBytes - folder.length - 1));
    await listen(path);
    expect(await answers(path)).toBe(true);
    expect(existsSync(path)).toBe(true);
  });
});

describe("a path that leaves no room for a hidden name beside it", () => {
  // The folder's name is so long that only a name of three bytes fits.
  function tightFolder(): string {
    const parent = tempFolder();
    const folder = join(parent, "x".repeat(maxLocalPathBytes - parent.length - 1 - 4));
    mkdirSync(folder);
    return folder;
  }

  test("is served all the same", async () => {
    const folder = tightFolder();
    const path = join(folder, "abc");
    expect(Buffer.byteLength(path)).toBe(maxLocalPathBytes);
    const listener = await listen(path);
    expect(await answers(path)).toBe(true);
    await expect(listen(path)).rejects.toMatchObject(inUse(path));
    expect(await answers(path)).toBe(true);
    await listener.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("is taken over from the dead", async () => {
    const path = join(tightFolder(), "abc");
    const server = createServer().listen(path);
    await once(server, "listening");
    // The usual way to keep the file needs a longer name.
    const kept = join(tempFolder(), "kept");
    renameSync(path, kept);
    server.close();
    await once(server, "close");
    renameSync(kept, path);
    await listen(path);
    expect(await answers(path)).toBe(true);
  });

  test("is not removed when another server took it", async () => {
    const path = join(tightFolder(), "abc");
    const first = await listen(path);
    unlinkSync(path);
    await listen(path);
    await first.close();
    expect(await answers(path)).toBe(true);
  });
});

describe("a folder that is missing", () => {
  test("is named, on both sides", async () => {
    const folder = join(tempFolder(), "missing");
    const path = join(folder, "s");
    const expected = {
      code: "ERR_NOT_FOUND",
      message: expect.stringContaining(`the folder ${folder} does not exist`),
      cause: expect.objectContaining({ code: expect.stringMatching(/^E(ACCES|NOENT)$/) }),
    };
    await expect(listen(path)).rejects.toMatchObject(expected);
    await expect(unix().dial({ scheme: "unix", path })).rejects.toMatchObject(expected);
  });

  test.skipIf(process.getuid?.() === 0)("or closed to us says whose it is", async () => {
    const folder = tempFolder();
    chmodSync(folder, 0o500);
    await expect(listen(join(folder, "s"))).rejects.toMatchObject({
      code: "ERR_PERMISSION",
      message: expect.stringContaining("is this user's own"),
    });
    chmodSync(folder, 0o700);
  });
});

describe("plain listening", () => {
  test("binds the path itself and leaves its removal to Node", async () => {
    const path = join(tempFolder(), "s");
    const listener = await listen(path, { plain: true });
    expect(await answers(path)).toBe(true);
    await listener.close();
    expect(existsSync(path)).toBe(false);
  });
});

describe("more connections than allowed", () => {
  test("are closed, and those that stand are not", async () => {
    const path = join(tempFolder(), "s");
    await listen(path, { maxConnections: 1 });
    const first = await unix().dial({ scheme: "unix", path });
    const heard: string[] = [];
    first.open({ onData: (chunk) => heard.push(String(chunk)), onDrain() {}, onClose() {} });
    const second = await unix().dial({ scheme: "unix", path });
    await within(
      "the second to be closed",
      new Promise<void>((resolve) =>
        second.open({ onData() {}, onDrain() {}, onClose: () => resolve() }),
      ),
    );
    first.send("still here");
    await until("an answer", () => heard.length > 0);
    expect(heard).toEqual(["still here"]);
    first.abort();
  });
});

describe.skipIf(process.platform !== "linux")("an abstract name", () => {
  test("is served, exclusive, and free again after close", async () => {
    const name = `myelin-test-${process.pid}-${Date.now()}`;
    const address = { scheme: "unix", path: name, abstract: true } as const;
    let listener: Listener = await unix().listen(address, echo);
    await expect(unix().listen(address, echo)).rejects.toMatchObject({
      code: "ERR_ADDRESS_IN_USE",
      address: `unix:@${name}`,
    });
    const connection = await unix().dial(address);
    await echoes(connection);
    await listener.close();
    await expect(unix().dial(address)).rejects.toMatchObject({
      code: "ERR_CONNECTION_REFUSED",
      message: expect.stringContaining(`nothing has the name unix:@${name};`),
    });
    listener = await unix().listen(address, echo);
    await listener.close();
  });

  async function echoes(connection: Connection): Promise<void> {
    const answer = new Promise<string>((resolve) =>
      connection.open({ onData: (chunk) => resolve(String(chunk)), onDrain() {}, onClose() {} }),
    );
    connection.send("ping");
    expect(await within("an answer", answer)).toBe("ping");
    connection.abort();
  }
});

test("a hard link to a socket is the same socket", () => {
  // What the whole of this rests on, so that a system without it is known by its name.
  const folder = tempFolder();
  const path = join(folder, "s");
  const server = createServer().listen(path);
  open.push(server);
  linkSync(path, join(folder, "t"));
  expect(lstatSync(join(folder, "t")).ino).toBe(lstatSync(path).ino);
});
