// Who is at the other end of a Unix socket, told by the system through koffi, or not at all.
import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { on, once } from "node:events";
import { chmodSync, copyFileSync, mkdirSync, renameSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import {
  type Address,
  type Connection,
  connect,
  MemoryRegistry,
  memory,
  serve,
  type Transport,
  tcp,
  unix,
} from "myelin";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { bundleCore } from "../../../../test/support/core-bundle.ts";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";
import { within } from "../../../../test/support/within.ts";

const koffi = findKoffi();
const program = fileURLToPath(new URL("fixtures/credentials.mjs", import.meta.url));
/** Credentials are read on Linux only. */
const isLinux = process.platform === "linux";
/** Root can start programs as somebody else, as long as those may run this Node. */
const canBeOthers =
  process.getuid?.() === 0 &&
  spawnSync(process.execPath, ["-e", ""], { cwd: "/", uid: 65_534, gid: 65_534 }).status === 0;

const ours = { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() };
const children: ChildProcess[] = [];
const connections: Connection[] = [];
let withKoffi: string;
let without: string;

beforeAll(async () => {
  without = await bundleCore(tempFolder());
  const folder = tempFolder();
  withKoffi = await bundleCore(folder);
  if (koffi !== undefined) {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(koffi, join(folder, "node_modules/koffi"));
  }
});
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.abort();
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await within("a process to die", gone);
  }
});
afterAll(removeTempFolders);

/** The folder of the installed package, which itself is optional. */
function findKoffi(): string | undefined {
  try {
    const [folder] =
      /^.*[/\\]koffi(?=[/\\])/.exec(createRequire(import.meta.url).resolve("koffi")) ?? [];
    return folder;
  } catch {
    return undefined;
  }
}

interface StartOptions {
  readonly library: string;
  readonly nodeArgs?: readonly string[];
  /** The user, and the group of the same number. */
  readonly uid?: number;
  /** Its descriptor 4; 3 is the IPC channel. */
  readonly descriptor?: "pipe" | number;
}

function start(attempts: readonly string[], options: StartOptions): ChildProcess {
  const { library, nodeArgs = [], uid, descriptor = "ignore" } = options;
  const folder = dirname(fileURLToPath(library));
  // Another user may not be able to read this repository's folder.
  chmodSync(folder, 0o755);
  const copy = join(folder, "program.mjs");
  copyFileSync(program, copy);
  const user = uid === undefined ? {} : { uid, gid: uid };
  const child = fork(copy, [library, ...attempts], {
    execArgv: [...nodeArgs],
    cwd: folder,
    // Only the folder beside the library says whether koffi is there.
    env: { ...process.env, NODE_PATH: "" },
    ...user,
    stdio: ["inherit", "inherit", "inherit", "ipc", descriptor],
  });
  children.push(child);
  return child;
}

async function message(child: ChildProcess): Promise<unknown> {
  const [said]: unknown[] = await within("a message", once(child, "message"));
  return said;
}

/** The next so many, which may all come at once. */
async function messages(child: ChildProcess, count: number): Promise<unknown[]> {
  const said: unknown[] = [];
  const all = (async () => {
    for await (const [each] of on(child, "message") as AsyncIterable<[unknown]>) {
      if (said.push(each) === count) return said;
    }
    return said;
  })();
  return within(`${count} messages`, all);
}

/** What a program that listens learns of this process. */
async function asListener(options: StartOptions): Promise<unknown> {
  const path = join(tempFolder(), "s");
  const child = start(["listen", `unix:${path}`], options);
  expect(await message(child)).toBe("listening");
  const answer = message(child);
  connections.push(await unix().dial({ scheme: "unix", path }));
  return answer;
}

/** What a program that dials learns of this process. */
async function asDialler(options: StartOptions): Promise<unknown> {
  const path = join(tempFolder(), "s");
  const listener = await unix().listen({ scheme: "unix", path }, (each) => connections.push(each));
  try {
    return await message(start(["dial", `unix:${path}`], options));
  } finally {
    await listener.close();
  }
}

const told = (credentials: unknown, isLoaded: boolean) => ({
  credentials,
  again: true,
  loadedBefore: false,
  loadedAfter: isLoaded,
});

describe.runIf(isLinux && koffi !== undefined)(
  "with koffi (skipped where it is not installed)",
  () => {
    test("a listener knows who connected, and nothing is loaded before it asks", async () => {
      expect(await asListener({ library: withKoffi })).toEqual(told(ours, true));
    });

    test("who dials knows who listens", async () => {
      expect(await asDialler({ library: withKoffi })).toEqual(told(ours, true));
    });

    test("logs and JSON show what is known", async () => {
      const address = `unix:${join(tempFolder(), "s")}`;
      await using server = await serve(address, {
        handlers: { who: (_, { peer }) => [peer.identity, inspect(peer.identity)] },
      });
      await using client = await connect(server.address);
      expect(await client.call("who")).toEqual([
        { credentials: ours },
        inspect({ credentials: ours }),
      ]);
    });

    test("a server can let in whom it knows, and nobody else", async () => {
      for (const uid of [ours.uid, 4321]) {
        const address = `unix:${join(tempFolder(), "s")}`;
        await using server = await serve(address, {
          authorize: ({ identity: { credentials } }) =>
            credentials !== "unknown" && credentials.uid === uid && credentials.pid === ours.pid,
          handlers: { greet: () => "hello" },
        });
        const connecting = connect(server.address, { retry: false });
        if (uid === ours.uid) {
          await using client = await connecting;
          expect(await client.call("greet")).toBe("hello");
          expect(client.identity.credentials).toEqual(ours);
        } else {
          await expect(connecting).rejects.toMatchObject({ code: "ERR_REFUSED" });
        }
      }
    });

    test("a Node that takes no native code knows nothing, and works", async () => {
      const nodeArgs = ["--no-addons"];
      expect(await asListener({ library: withKoffi, nodeArgs })).toMatchObject({
        credentials: "unknown",
      });
    });

    test.each(["listen", "dial"])(
      "of a socket that was inherited connected nobody is told, for the system names its maker: %s",
      async (what) => {
        const path = join(tempFolder(), "s");
        const listener = await unix().listen({ scheme: "unix", path }, (each) =>
          connections.push(each),
        );
        // The second shows that koffi works there.
        const attempts = [what, "fd:4", "dial", `unix:${path}`];
        const child = start(attempts, { library: withKoffi, descriptor: "pipe" });
        const said = await messages(child, what === "listen" ? 3 : 2);
        expect(said.slice(-2)).toEqual([told("unknown", false), told(ours, true)]);
        await listener.close();
      },
    );

    test("a listener that was inherited knows who connected", async () => {
      const path = join(tempFolder(), "s");
      const server = createServer().listen(`${path}.made`);
      await once(server, "listening");
      const { _handle: handle } = server as typeof server & { _handle: { fd: number } };
      const child = start(["listen", "fd:4"], { library: withKoffi, descriptor: handle.fd });
      // Node removes the file by its name when the maker, who shall accept nobody, lets go of the socket.
      renameSync(`${path}.made`, path);
      server.close();
      expect(await message(child)).toBe("listening");
      const answer = message(child);
      connections.push(await unix().dial({ scheme: "unix", path }));
      expect(await answer).toEqual(told(ours, true));
    });

    test.runIf(canBeOthers)("users are told apart, and user 65534 is nobody at all", async () => {
      for (const uid of [1234, 65_534]) {
        const path = join(tempFolder(), "s");
        chmodSync(dirname(path), 0o755);
        const listening = start(["listen", `unix:${path}`], { library: withKoffi });
        expect(await message(listening)).toBe("listening");
        chmodSync(path, 0o777);
        const answer = message(listening);
        const other = start(["dial", `unix:${path}`], { library: without, uid });
        const credentials = uid === 1234 ? { pid: other.pid, uid, gid: uid } : "unknown";
        expect(await answer).toMatchObject({ credentials });
      }
    });
  },
);

describe("without koffi", () => {
  test.runIf(process.platform !== "win32")("peers are unknown, and all else works", async () => {
    expect(await asListener({ library: without })).toEqual(told("unknown", false));
    expect(await asDialler({ library: without })).toEqual(told("unknown", false));
  });
});

describe("transports that cannot know", () => {
  test.each<[string, Transport, Address]>([
    ["tcp", tcp(), { scheme: "tcp", host: "127.0.0.1", port: 0 }],
    ["memory", memory({ registry: new MemoryRegistry() }), { scheme: "memory", name: "x" }],
  ])("say so: %s", async (_, transport, address) => {
    let arrived: (connection: Connection) => void = () => {};
    const arriving = new Promise<Connection>((resolve) => {
      arrived = resolve;
    });
    const listener = await transport.listen(address, arrived);
    const dialled = await transport.dial(listener.address);
    const accepted = await within("a connection", arriving);
    connections.push(dialled, accepted);
    expect(dialled.peer).toEqual({ credentials: "unknown" });
    expect(accepted.peer).toEqual({ credentials: "unknown" });
    await listener.close();
  });

  test("a closed Unix socket is not asked: its number may be another's by now", async () => {
    const path = join(tempFolder(), "s");
    const listener = await unix().listen({ scheme: "unix", path }, (each) =>
      connections.push(each),
    );
    const connection = await unix().dial({ scheme: "unix", path });
    connection.abort();
    expect(connection.peer.credentials).toBe("unknown");
    await listener.close();
  });
});
