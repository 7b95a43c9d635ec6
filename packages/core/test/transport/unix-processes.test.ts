// What only separate processes show: races, sudden death, clusters.
import assert from "node:assert/strict";
import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, existsSync, linkSync, readdirSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { unix } from "myelin";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { bundleCore } from "../../../../test/support/core-bundle.ts";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";
import { within } from "../../../../test/support/within.ts";

const children = new Set<ChildProcess>();
let library: string;

beforeAll(async () => {
  library = await bundleCore(tempFolder());
});
afterEach(async () => {
  for (const child of children) await kill(child);
});
afterAll(removeTempFolders);

function fixture(program: string): string {
  return fileURLToPath(new URL(`fixtures/${program}`, import.meta.url));
}

function start(program: string, args: readonly string[] = []): ChildProcess {
  return watched(fork(fixture(program), [library, ...args], { execArgv: [] }));
}

/** As another user, who may not be able to read the folder that this repository is in. */
function startAs(uid: number, program: string): ChildProcess {
  const folder = dirname(fileURLToPath(library));
  chmodSync(folder, 0o755);
  const copy = join(folder, program);
  copyFileSync(fixture(program), copy);
  return watched(fork(copy, [library], { execArgv: [], cwd: folder, uid, gid: uid }));
}

function watched(child: ChildProcess): ChildProcess {
  children.add(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await within("a process to die", gone);
}

async function message(child: ChildProcess): Promise<unknown> {
  const [said]: unknown[] = await within("a message", once(child, "message"));
  return said;
}

/** Who answers at a path. */
async function answering(path: string): Promise<number> {
  const socket = connect(path);
  const [chunk]: unknown[] = await within("an answer", once(socket, "data"));
  socket.destroy();
  return Number(chunk);
}

interface Outcome {
  readonly pid: number;
  readonly code?: string;
  readonly message?: string;
}

async function startRacers(count: number): Promise<ChildProcess[]> {
  const racers = Array.from({ length: count }, () => start("racer.mjs"));
  await Promise.all(racers.map(message));
  return racers;
}

/** All are told at once to listen at a path, or without one to close. */
async function race(racers: readonly ChildProcess[], path?: string): Promise<Outcome[]> {
  const outcomes = racers.map(message);
  for (const racer of racers) racer.send({ path });
  return (await Promise.all(outcomes)) as Outcome[];
}

describe("servers that race for one path", () => {
  test("over a free path and over the files of the dead: exactly one wins", async () => {
    const path = join(tempFolder(), "s");
    let racers = await startRacers(6);
    while (racers.length > 1) {
      const outcomes = await race(racers, path);
      const winners = outcomes.filter(({ code }) => code === undefined);
      const codes = new Set(outcomes.map(({ code }) => code ?? "won"));
      expect(winners).toHaveLength(1);
      expect([...codes].sort()).toEqual(["ERR_ADDRESS_IN_USE", "won"]);
      expect(await answering(path)).toBe(winners[0]?.pid);
      // Nobody who lost left anything behind.
      expect(readdirSync(join(path, ".."))).toEqual(["s"]);
      const winner = racers.find(({ pid }) => pid === winners[0]?.pid);
      assert(winner !== undefined);
      await kill(winner);
      expect(existsSync(path)).toBe(true);
      racers = racers.filter((racer) => racer !== winner);
    }
  });

  // What they could do to one another takes three of them within microseconds.
  test("over the files of the dead, many times: exactly one wins", async () => {
    const path = join(tempFolder(), "s");
    const racers = await startRacers(8);
    for (let round = 0; round < 200; round++) {
      const stale = createServer().listen(`${path}-stale`);
      await once(stale, "listening");
      linkSync(`${path}-stale`, path);
      stale.close();
      await once(stale, "close");
      const codes = (await race(racers, path)).map(({ code }) => code ?? "won").sort();
      expect(codes).toEqual([...Array(7).fill("ERR_ADDRESS_IN_USE"), "won"]);
      await race(racers);
      expect(readdirSync(dirname(path))).toEqual([]);
    }
  });
});

describe("a server that was killed", () => {
  test("leaves a file that the next one takes over", async () => {
    const path = join(tempFolder(), "s");
    const [racer] = await startRacers(1);
    assert(racer !== undefined);
    expect(await race([racer], path)).toEqual([{ pid: racer.pid }]);
    await kill(racer);
    expect(existsSync(path)).toBe(true);
    const listener = await unix().listen({ scheme: "unix", path }, () => {});
    await listener.close();
    expect(existsSync(path)).toBe(false);
  });

  test("and who has no descriptor left to look with is told so", async () => {
    const path = join(tempFolder(), "s");
    const [racer] = await startRacers(1);
    assert(racer !== undefined);
    await race([racer], path);
    await kill(racer);
    const program = [process.execPath, fixture("no-descriptors.mjs"), library, path];
    // Node may read those certificates in a thread meanwhile, whose descriptor would be free then.
    const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
    // There may be a million, which take long to use up.
    const limited = spawn("sh", ["-c", 'ulimit -n 256 && exec "$0" "$@"', ...program], {
      env,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    expect(await message(watched(limited))).toEqual({
      code: "ERR_TRANSPORT",
      message: expect.stringContaining("no file descriptors left"),
    });
    expect(existsSync(path)).toBe(true);
  });

  test("but one that only does not answer is alive", async () => {
    const path = join(tempFolder(), "s");
    const [racer] = await startRacers(1);
    assert(racer !== undefined);
    await race([racer], path);
    racer.kill("SIGSTOP");
    // The system takes connections for it, until its queue is full: then it says EAGAIN.
    const sockets: Socket[] = [];
    for (let refused = false; !refused; ) {
      const socket = connect(path);
      sockets.push(socket);
      const outcome = await within(
        "a connection or a refusal",
        new Promise<string>((resolve) => {
          socket.on("connect", () => resolve("connected"));
          socket.on("error", ({ message }) => resolve(message));
        }),
      );
      refused = outcome !== "connected";
      if (refused) expect(outcome).toContain("EAGAIN");
    }
    await expect(unix().listen({ scheme: "unix", path }, () => {})).rejects.toMatchObject({
      code: "ERR_ADDRESS_IN_USE",
    });
    const answered = once(sockets[0] as Socket, "data");
    racer.kill("SIGCONT");
    const [chunk]: unknown[] = await within("an answer", answered);
    expect(Number(chunk)).toBe(racer.pid);
    for (const socket of sockets) socket.destroy();
  });
});

/** Root can start programs as somebody else, as long as those may run this Node. */
const strangersRun =
  process.getuid?.() === 0 &&
  spawnSync(process.execPath, ["-e", ""], { cwd: "/", uid: 65_534, gid: 65_534 }).status === 0;

describe.runIf(strangersRun)("another user", () => {
  test("is told whose the folder is that it may not use", async () => {
    const path = join(tempFolder(), "s");
    const stranger = startAs(65_534, "racer.mjs");
    await message(stranger);
    expect(await race([stranger], path)).toEqual([
      {
        pid: stranger.pid,
        code: "ERR_PERMISSION",
        message: expect.stringContaining(`${dirname(path)} belongs to user 0, this is user 65534`),
      },
    ]);
  });
});

describe("a cluster", () => {
  test("serves one path with four workers, and loses neither path nor file with one of them", async () => {
    const path = join(tempFolder(), "s");
    const primary = start("cluster.mjs", [path]);
    expect(await message(primary)).toBe("listening");
    const pids = new Set<number>();
    while (pids.size < 4) pids.add(await answering(path));
    const [victim] = pids;
    const gone = message(primary);
    primary.send(victim as number);
    expect(await gone).toEqual({ gone: victim });
    expect(existsSync(path)).toBe(true);
    const left = new Set<number>();
    while (left.size < 3) left.add(await answering(path));
    expect(left.has(victim as number)).toBe(false);
  });
});
