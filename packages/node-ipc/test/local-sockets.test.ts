// Socket files: whose they are, who may take them away, and which folder they live in.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  clientOf,
  collect,
  connectLocal,
  failureOf,
  next,
  open,
  pair,
  serveLocal,
  socketRoot,
  start,
} from "./scenario.ts";
import { staleSocket } from "./stale-socket.ts";
import { type Config, everyVersion, type Ipc, ours } from "./versions.ts";
import { dial, frame } from "./wire-peer.ts";

const mode = (path: string) => lstatSync(path).mode & 0o777;

/** The error that starting this instance's server ends with. */
function startFailure(ipc: Ipc): Promise<NodeJS.ErrnoException> {
  return failureOf(
    () => ipc.server,
    () => {
      ipc.serve();
      ipc.server.start();
    },
  );
}

describe.each(everyVersion)("socket files of $name", (version) => {
  test("a stale file is cleared", async () => {
    const ipc = open(version);
    await staleSocket(`${ipc.config.socketRoot}app.world`);
    const server = await serveLocal(ipc);
    const client = await connectLocal(open(version, { socketRoot: ipc.config.socketRoot }));
    const heard = collect(server, "n");
    client.emit("n", 1);
    await heard.atLeast(1);
  });

  test("unlink: false leaves a stale file, and the server says EADDRINUSE", async () => {
    const ipc = open(version, { unlink: false });
    const path = `${ipc.config.socketRoot}app.world`;
    await staleSocket(path);
    const { ino } = lstatSync(path);
    expect(await startFailure(ipc)).toMatchObject({ code: "EADDRINUSE", syscall: "listen" });
    expect(lstatSync(path).ino).toBe(ino);
  });

  test("finding 21: the mode is the process's umask's", async () => {
    const ipc = open(version);
    const before = process.umask();
    const server = await serveLocal(ipc);
    expect(mode(server.path)).toBe(0o777 & ~before);
    expect(process.umask()).toBe(before);
  });

  test.each([
    [{ readableAll: true, writableAll: true }, 0o666],
    [{ readableAll: true }, 0o444],
    [{ writableAll: true }, 0o222],
  ])("finding 21: %j is for everybody", async (config, bits) => {
    const server = await serveLocal(open(version, config));
    expect(mode(server.path) & bits).toBe(bits);
  });
});

describe("whose socket file it is", () => {
  test("a second server on a living path gets EADDRINUSE; the first is untouched", async () => {
    const { server, client, serving } = await pair();
    const { ino } = lstatSync(server.path);
    const second = open(ours, { socketRoot: serving.config.socketRoot });
    expect(await startFailure(second)).toMatchObject({ code: "EADDRINUSE" });
    expect(lstatSync(server.path).ino).toBe(ino);
    const heard = collect(server, "n");
    client.emit("n", 1);
    const newcomer = await connectLocal(open(ours, { socketRoot: serving.config.socketRoot }));
    newcomer.emit("n", 2);
    await heard.atLeast(2);
    expect(heard.data.sort()).toEqual([1, 2]);
  });

  test("the second one's end does not take the first one's file away", async () => {
    const { server, serving } = await pair();
    const second = open(ours, { socketRoot: serving.config.socketRoot });
    await startFailure(second);
    second.server.stop();
    expect(existsSync(server.path)).toBe(true);
    await dial(server.path);
  });

  test("of two servers over a stale file exactly one wins", async () => {
    const root = socketRoot();
    await staleSocket(`${root}app.world`);
    const servers = [open(ours, { socketRoot: root }), open(ours, { socketRoot: root })];
    const outcomes = await Promise.allSettled(servers.map((ipc) => serveLocal(ipc)));
    const won = outcomes.filter(({ status }) => status === "fulfilled");
    const lost = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(won).toHaveLength(1);
    expect(lost.map(({ reason }) => (reason as NodeJS.ErrnoException).code)).toEqual([
      "EADDRINUSE",
    ]);
    const winner = servers[outcomes.findIndex(({ status }) => status === "fulfilled")] as Ipc;
    const heard = collect(winner.server, "n");
    (await dial(`${root}app.world`)).send(frame("n", 1));
    await heard.atLeast(1);
  });

  test("a file that is no socket is never removed", async () => {
    const ipc = open();
    const path = `${ipc.config.socketRoot}app.world`;
    writeFileSync(path, "precious");
    expect(await startFailure(ipc)).toMatchObject({ code: "ERR_IPC_UNLINK_NOT_SOCKET" });
    expect(lstatSync(path).isFile()).toBe(true);
    expect(readdirSync(ipc.config.socketRoot)).toEqual(["app.world"]);
  });

  test("finding 22: the end of a server leaves alone what took its place", async () => {
    const first = open();
    const server = await serveLocal(first);
    renameSync(server.path, `${server.path}.moved`);
    const second = open(ours, { socketRoot: first.config.socketRoot });
    const successor = await serveLocal(second);
    const { ino } = lstatSync(successor.path);
    server.stop();
    expect(lstatSync(successor.path).ino).toBe(ino);
    await dial(successor.path);
  });

  test("finding 22: server.path stays the public name, and no other name stays behind", async () => {
    const ipc = open();
    const path = `${ipc.config.socketRoot}app.world`;
    const server = await serveLocal(ipc);
    expect(server.path).toBe(path);
    server.stop();
    expect(readdirSync(ipc.config.socketRoot)).toEqual([]);
  });

  test("finding 22: with unlink: false the file is bound plainly", async () => {
    const ipc = open(ours, { unlink: false });
    const server = await serveLocal(ipc);
    expect(readdirSync(ipc.config.socketRoot)).toEqual(["app.world"]);
    expect(server.server.address()).toBe(server.path);
  });

  test("the path of a server that failed can be served once it is free", async () => {
    const { server, serving, connecting } = await pair();
    connecting.config.stopRetrying = true;
    const second = open(ours, { socketRoot: serving.config.socketRoot });
    await startFailure(second);
    server.stop();
    await start(second);
    await dial(second.server.path);
  });
});

describe("paths that are too long", () => {
  const long = "x".repeat(140);

  test("a server says ERR_IPC_PATH_TOO_LONG and makes no file", async () => {
    const ipc = open(ours, { id: long });
    const error = await startFailure(ipc);
    expect(error).toMatchObject({ name: "IPCProtocolError", code: "ERR_IPC_PATH_TOO_LONG" });
    expect(error.message).toContain(long);
    expect(readdirSync(ipc.config.socketRoot)).toEqual([]);
  });

  test("a client says the same", async () => {
    const ipc = open(ours, { maxRetries: 0 });
    const error = await failureOf(
      () => ipc.of[long],
      () => ipc.connectTo(long),
    );
    expect(error).toMatchObject({ name: "IPCProtocolError", code: "ERR_IPC_PATH_TOO_LONG" });
  });

  test("bytes count, not characters", async () => {
    const ipc = open(ours, { id: "漢".repeat(40) });
    expect(await startFailure(ipc)).toMatchObject({ code: "ERR_IPC_PATH_TOO_LONG" });
  });

  test("a path of 80 bytes works", async () => {
    const ipc = open();
    const path = ipc.config.socketRoot + "y".repeat(80 - ipc.config.socketRoot.length);
    const server = await serveLocal(ipc, path);
    await dial(path);
    server.stop();
    expect(existsSync(path)).toBe(false);
  });
});

describe("the folder", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("finding 17: a missing socketRoot is created, for nobody else, in any mode", async () => {
    const root = `${socketRoot()}deep/er/`;
    await serveLocal(open(ours, { socketRoot: root }));
    expect(mode(root)).toBe(0o700);
  });

  test("the mode of a folder that exists is not changed", async () => {
    const root = socketRoot();
    chmodSync(root, 0o755);
    await serveLocal(open(ours, { socketRoot: root }));
    expect(mode(root)).toBe(0o755);
  });

  test.each<[string, string, Partial<Config>]>([
    ["secureSocketRoot", "under XDG_RUNTIME_DIR", { secureSocketRoot: true }],
    ["parser: assured", "under XDG_RUNTIME_DIR", { parser: "assured", allowedEvents: ["n"] }],
  ])("findings 17 and 39: %s chooses node-ipc/ %s, as 14 does", async (_name, _where, config) => {
    const runtime = socketRoot();
    vi.stubEnv("XDG_RUNTIME_DIR", runtime.slice(0, -1));
    const serving = open(ours, { ...config, socketRoot: ours.create().config.socketRoot });
    const server = await serveLocal(serving);
    expect(server.path).toBe(`${runtime}node-ipc/app.world`);
    expect(mode(`${runtime}node-ipc`)).toBe(0o700);
    const connecting = open(ours, { ...config, socketRoot: "/tmp/" });
    const client = await connectLocal(connecting);
    const heard = collect(server, "n");
    client.emit("n", 1);
    await heard.atLeast(1);
  });

  test("finding 39: without XDG_RUNTIME_DIR it is <tmpdir>/node-ipc-<uid>/", async () => {
    const temporary = socketRoot();
    vi.stubEnv("XDG_RUNTIME_DIR", undefined);
    vi.stubEnv("TMPDIR", temporary.slice(0, -1));
    expect(tmpdir()).toBe(temporary.slice(0, -1));
    const server = await serveLocal(open(ours, { secureSocketRoot: true, socketRoot: "/tmp/" }));
    const folder = join(temporary, `node-ipc-${process.getuid?.()}`);
    expect(server.path).toBe(join(folder, "app.world"));
    expect(mode(folder)).toBe(0o700);
  });

  test("finding 39: by id alone, 14 finds ours there and ours finds 14", async () => {
    const real = everyVersion.find(({ name }) => name.includes("14"));
    if (!real) return; // It does not load on this Node.js.
    const runtime = socketRoot();
    vi.stubEnv("XDG_RUNTIME_DIR", runtime.slice(0, -1));
    const root14 = real.create().config.socketRoot;
    const mine = open(ours, { id: "ours", secureSocketRoot: true, socketRoot: "/tmp/" });
    const theirs = open(real, { id: "theirs", socketRoot: root14 });
    await serveLocal(mine);
    await serveLocal(theirs);
    const atMine = next(mine.server, "n");
    const atTheirs = next(theirs.server, "n");
    (await connectLocal(theirs, "ours")).emit("n", 1);
    (await connectLocal(mine, "theirs")).emit("n", 2);
    expect((await atMine)[0]).toBe(1);
    expect((await atTheirs)[0]).toBe(2);
  });

  test("finding 17: a folder that others may enter is refused, and not changed", async () => {
    const root = socketRoot();
    chmodSync(root, 0o750);
    const ipc = open(ours, { secureSocketRoot: true, socketRoot: root });
    expect(await startFailure(ipc)).toMatchObject({ code: "ERR_IPC_SOCKET_ROOT" });
    expect(mode(root)).toBe(0o750);
    expect(readdirSync(root)).toEqual([]);
  });

  test("finding 17: a folder of our own that is private is used as it is", async () => {
    const root = socketRoot();
    const server = await serveLocal(open(ours, { secureSocketRoot: true, socketRoot: root }));
    expect(server.path).toBe(`${root}app.world`);
    expect(statSync(root).mode & 0o777).toBe(0o700);
  });

  test("finding 17: a symbolic link instead of a folder is refused", async () => {
    const parent = socketRoot();
    mkdirSync(`${parent}real`, { mode: 0o700 });
    symlinkSync(`${parent}real`, `${parent}link`);
    const ipc = open(ours, { secureSocketRoot: true, socketRoot: `${parent}link/` });
    expect(await startFailure(ipc)).toMatchObject({ code: "ERR_IPC_SOCKET_ROOT" });
    rmSync(`${parent}link`);
  });

  test("finding 21: nobody calls process.umask", async () => {
    const umask = vi.spyOn(process, "umask");
    try {
      await pair();
      await serveLocal(open(ours, { secureSocketRoot: true, socketRoot: `${socketRoot()}new/` }));
      expect(umask).not.toHaveBeenCalled();
    } finally {
      umask.mockRestore();
    }
  });

  test("a client does not create folders", async () => {
    const root = `${socketRoot()}absent/`;
    const ipc = open(ours, { socketRoot: root, maxRetries: 0 });
    ipc.connectTo("world");
    await next(clientOf(ipc), "destroy");
    expect(existsSync(root)).toBe(false);
  });
});
