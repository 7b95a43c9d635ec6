// Socket files: a living server keeps its own, a dead one's is taken over by one, and errors say what to do.
import { once } from "node:events";
import { chmod, lstat, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Program, Report } from "../support/program.ts";
import { complaint, type Scene } from "./complaint.ts";
import { leaveStaleFile, whoAnswers } from "./socket-file.ts";

const failToConnect = new URL("./programs/fail-to-connect.cjs", import.meta.url);
const failingClient = new URL("./programs/failing-client.mjs", import.meta.url);
const fileMode = new URL("./programs/file-mode.mjs", import.meta.url);
const namedServer = new URL("./programs/named-server.mjs", import.meta.url);
const replacedFile = new URL("./programs/replaced-file.mjs", import.meta.url);

interface Listening extends Report {
  readonly type: "listening";
  readonly path: string;
  readonly file: string;
  readonly folder: string;
}

type Serving =
  | { readonly type: "started"; readonly tookMs: number }
  | { readonly type: "refused"; readonly code: string; readonly text: string }
  | { readonly type: "stopped" };

function serverNamed({ programs, implementation }: Scene, name: string, path?: string) {
  return programs.start<Serving>(namedServer, { implementation, options: { name, path } });
}

/** Whether a server listens, or what it says instead. */
async function outcomeOf(server: Program<Serving>): Promise<string> {
  const report = await server.next(({ type }) => type === "started" || type === "refused");
  return report.type === "refused" ? report.code : report.type;
}

complaint(8, "a second server on a living path is refused, and the first one keeps it", {
  ours: { second: "EADDRINUSE", answers: "first" },
  seenOn: {
    "node-ipc@9.2.1": { second: "started", answers: "second" },
    "node-ipc@14.0.0": { second: "started", answers: "second" },
  },
  scenario: async (scene) => {
    const path = `${scene.programs.socketRoot}taken`;
    const first = serverNamed(scene, "first", path);
    expect(await outcomeOf(first)).toBe("started");
    const second = await outcomeOf(serverNamed(scene, "second", path));
    return { second, answers: await whoAnswers(path) };
  },
});

complaint(8, "of two servers that start at once over a stale file exactly one wins", {
  ours: Array.from({ length: 10 }, () => ({
    outcomes: ["EADDRINUSE", "started"],
    answers: "winner",
  })),
  scenario: async (scene) => {
    const rivals = [serverNamed(scene, "one"), serverNamed(scene, "two")] as const;
    const rounds = [];
    for (let round = 0; round < 10; round++) {
      const path = `${scene.programs.socketRoot}race-${round}`;
      await leaveStaleFile(path);
      for (const rival of rivals) rival.send({ serve: path });
      const outcomes = await Promise.all(rivals.map(outcomeOf));
      const winner = outcomes[0] === "started" ? "one" : "two";
      const answers = (await whoAnswers(path)) === winner ? "winner" : "loser";
      rounds.push({ outcomes: outcomes.sort(), answers });
    }
    return rounds;
  },
});

complaint(9, "a server that was killed can be started again at once", {
  ours: "started",
  fineOn: ["node-ipc@9.2.1", "node-ipc@14.0.0"],
  scenario: async (scene) => {
    const path = `${scene.programs.socketRoot}crash`;
    const first = serverNamed(scene, "first", path);
    await first.next("started");
    await first.kill();
    expect((await lstat(path)).isSocket()).toBe(true);

    const second = serverNamed(scene, "second", path);
    const { tookMs } = await second.next("started");
    expect(await whoAnswers(path)).toBe("second");
    // What users met was for ever; a busy machine may take its time.
    return tookMs < 5_000 ? "started" : `started after ${tookMs} ms`;
  },
});

complaint(9, "stop() removes the file that the server made, and no other", {
  ours: { othersFile: true },
  seenOn: {
    "node-ipc@9.2.1": { othersFile: false },
    "node-ipc@14.0.0": { othersFile: false },
  },
  scenario: async ({ programs, implementation }) => {
    const program = programs.start<Report & { type: "stopped"; othersFile: boolean }>(
      replacedFile,
      { implementation },
    );
    return { othersFile: (await program.next("stopped")).othersFile };
  },
});

complaint(9, "a file that is no socket is never removed to make room for one", {
  ours: { outcome: "ERR_IPC_UNLINK_NOT_SOCKET", kept: true },
  seenOn: { "node-ipc@9.2.1": { outcome: "started", kept: false } },
  fineOn: ["node-ipc@14.0.0"],
  scenario: async (scene) => {
    const path = `${scene.programs.socketRoot}notes.txt`;
    await writeFile(path, "precious");
    const outcome = await outcomeOf(serverNamed(scene, "server", path));
    return { outcome, kept: (await lstat(path)).isFile() };
  },
});

/** Where a server with a configuration listens, and who may use the file and its folder. */
async function listeningFile(
  { programs, implementation }: Scene,
  config: object,
  env: Readonly<Record<string, string>> = {},
) {
  const options = { config };
  const { type: _, ...file } = await programs
    .start<Listening>(fileMode, { implementation, options, env })
    .next("listening");
  return file;
}

const permissions = [
  [{}, "00"],
  [{ readableAll: true }, "44"],
  [{ writableAll: true }, "22"],
  [{ readableAll: true, writableAll: true }, "66"],
] as const;
for (const [config, mode] of permissions) {
  complaint(19, `${JSON.stringify(config)} says how far others may use the socket file`, {
    ours: mode,
    fineOn: ["node-ipc@9.2.1", "node-ipc@14.0.0"],
    scenario: async (scene) => (await listeningFile(scene, config)).file,
  });
}

complaint(20, "a folder that somebody else made keeps its mode", {
  ours: "55",
  seenOn: { "node-ipc@14.0.0": "00" },
  fineOn: ["node-ipc@9.2.1"],
  scenario: async (scene) => {
    await chmod(scene.programs.socketRoot, 0o755);
    return (await listeningFile(scene, {})).folder;
  },
});

complaint(20, "secureSocketRoot gives each user a folder that nobody else may enter", {
  ours: { path: "node-ipc/app.mode", folder: "00" },
  fineOn: ["node-ipc@14.0.0"],
  scenario: async (scene) => {
    const { socketRoot } = scene.programs;
    const env = { NODE_IPC_ROOT: "", XDG_RUNTIME_DIR: socketRoot };
    const { path, folder } = await listeningFile(scene, { secureSocketRoot: true }, env);
    return { path: relative(socketRoot, path), folder };
  },
});

interface GaveUp extends Report {
  readonly type: "gave up";
  readonly code: string;
  readonly text: string;
}

/** What a client is told where the system answers every attempt with `code`. */
async function toldOf(code: string, { programs, implementation }: Scene) {
  const program = programs.start<GaveUp>(failingClient, {
    implementation,
    nodeArgs: ["--require", fileURLToPath(failToConnect)],
    env: { FAIL_TO_CONNECT: code },
    options: { path: `${programs.socketRoot}volume.sock` },
  });
  const { type: _, ...told } = await program.next("gave up");
  return told;
}

/** The system's own words and no more. */
const bare = (code: string) => ({ code, text: expect.stringMatching(`^connect ${code} \\S+$`) });

const hints = [
  [19, "EPERM", /readableAll.*writableAll/],
  [34, "ECONNREFUSED", /volume.*TCP/],
  [34, "ENOTSOCK", /mount/],
  [34, "EOPNOTSUPP", /volume.*TCP/],
] as const;
for (const [row, code, hint] of hints) {
  complaint(row, `${code} comes with a hint`, {
    ours: { code, text: expect.stringMatching(hint) },
    seenOn: { "node-ipc@9.2.1": bare(code), "node-ipc@14.0.0": bare(code) },
    scenario: (scene) => toldOf(code, scene),
  });
}

complaint(20, "EACCES says whose socket it is", {
  ours: { code: "EACCES", text: expect.stringContaining(`user ${process.getuid?.()}`) },
  seenOn: { "node-ipc@9.2.1": bare("EACCES"), "node-ipc@14.0.0": bare("EACCES") },
  scenario: async ({ programs, implementation }) => {
    const path = `${programs.socketRoot}private.sock`;
    const server = createServer().listen(path);
    await once(server, "listening");
    try {
      await chmod(programs.socketRoot, 0o755);
      await chmod(path, 0);
      // Root is refused nothing: then the client becomes somebody else.
      const uid = process.getuid?.() === 0 ? 65534 : undefined;
      const program = programs.start<GaveUp>(failingClient, {
        implementation,
        options: { path, uid },
      });
      const { code, text } = await program.next("gave up");
      return { code, text };
    } finally {
      server.close();
    }
  },
});

const tooLong = { code: "ERR_IPC_PATH_TOO_LONG", text: expect.stringMatching(/120.*10[37]/s) };
/** Node 20 and 22 cut the path, later ones answer EINVAL; neither says why. */
const lengthUnsaid = expect.not.objectContaining({ code: "ERR_IPC_PATH_TOO_LONG" });

/** A path of 120 bytes, which is over the limit of every system. */
function longPath({ programs }: Scene): string {
  return programs.socketRoot.padEnd(120, "x");
}

complaint(21, "a server says that its path is too long, and makes no file of another name", {
  ours: { told: tooLong, files: [] },
  seenOn: {
    "node-ipc@9.2.1": expect.objectContaining({ told: lengthUnsaid }),
    "node-ipc@14.0.0": expect.objectContaining({ told: lengthUnsaid }),
  },
  scenario: async (scene) => {
    const server = serverNamed(scene, "server", longPath(scene));
    const { type, ...told } = await server.next(({ type }) => type !== "stopped");
    const files = await readdir(scene.programs.socketRoot);
    return { told: type === "started" ? { type } : told, files };
  },
});

complaint(21, "a client says that its path is too long", {
  ours: tooLong,
  seenOn: { "node-ipc@9.2.1": lengthUnsaid, "node-ipc@14.0.0": lengthUnsaid },
  scenario: async (scene) => {
    const { programs, implementation } = scene;
    const options = { path: longPath(scene) };
    const program = programs.start<GaveUp>(failingClient, { implementation, options });
    const { code, text } = await program.next("gave up");
    return { code, text };
  },
});
