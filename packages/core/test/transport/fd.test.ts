// Sockets that a process was started with: by a parent, and by systemd, which is played by that parent and a shell
// that sets what systemd would set and then becomes the program.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { bundleCore } from "../../../../test/support/core-bundle.ts";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";
import { within } from "../../../../test/support/within.ts";

const fixture = (name: string): string =>
  fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const parents: Parent[] = [];
let library: string;

beforeAll(async () => {
  library = await bundleCore(tempFolder());
});
afterEach(async () => {
  for (const parent of parents.splice(0)) await parent.kill();
});
afterAll(removeTempFolders);

type Made = string | 0 | { readonly connect: string } | { readonly file: string };

interface Run {
  readonly attempts: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Makes sockets and starts programs with them, one after the other; each reports. */
class Parent {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(sockets: readonly Made[], ...runs: readonly Run[]) {
    const plan = {
      sockets,
      runs: runs.map(({ attempts, env = {} }) => ({
        args: [fixture("fd-child.mjs"), library, ...attempts],
        env,
      })),
    };
    this.#child = spawn(process.execPath, [fixture("fd-parent.mjs"), JSON.stringify(plan)], {
      stdio: ["pipe", "pipe", "inherit"],
      // With all that it has started.
      detached: true,
    });
    const { stdout } = this.#child;
    if (stdout === null) throw new Error("no output");
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
    parents.push(this);
  }

  /** What is reported next. */
  async next(): Promise<unknown> {
    const { value } = await within("a report", this.#lines.next());
    return JSON.parse(String(value));
  }

  /** The ports of its sockets. */
  async ports(): Promise<readonly number[]> {
    const { ports } = (await this.next()) as { readonly ports: readonly number[] };
    return ports;
  }

  /** Closes what the program listens to, and waits for its end. */
  async endProgram(): Promise<unknown> {
    this.#child.stdin?.write("end\n");
    return this.next();
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    process.kill(-(this.#child.pid as number), "SIGKILL");
    await within("the processes to die", exit);
  }
}

async function answerOf(socket: Socket): Promise<string> {
  const [chunk]: unknown[] = await within("an answer", once(socket, "data"));
  socket.destroy();
  return String(chunk);
}

describe.skipIf(process.platform === "win32")("a descriptor", () => {
  test("that listens at a path is served, again and again, and its file is left alone", async () => {
    const path = join(tempFolder(), "s");
    const run = { attempts: ["listen", "fd:3"] };
    const parent = new Parent([path], run, run);
    await parent.ports();
    // Who comes before the program waits for it.
    const early = connect(path);
    expect(await parent.next()).toEqual({ listens: "fd:3" });
    expect(await answerOf(early)).toBe("fd:3");
    expect(await parent.endProgram()).toEqual({ status: 0 });
    expect(existsSync(path)).toBe(true);
    expect(await parent.next()).toEqual({ listens: "fd:3" });
    expect(await answerOf(connect(path))).toBe("fd:3");
  });

  test("that listens on a port tells which", async () => {
    const parent = new Parent([0], { attempts: ["listen", "fd:3"] });
    const [port = 0] = await parent.ports();
    const address = `tcp://127.0.0.1:${port}`;
    expect(await parent.next()).toEqual({ listens: address });
    expect(await answerOf(connect(port, "127.0.0.1"))).toBe(address);
    expect(await parent.endProgram()).toEqual({ status: 0 });
  });

  test.each([
    ["dial", { dialled: "fd:3" }, "hello"],
    ["listen", { listens: "fd:3" }, "fd:3"],
  ])("that is connected is talked on by who wants to %s", async (what, said, answer) => {
    const path = join(tempFolder(), "s");
    const server = createServer().listen(path);
    await once(server, "listening");
    const accepted = once(server, "connection") as Promise<[Socket]>;
    const parent = new Parent([{ connect: path }], { attempts: [what, "fd:3"] });
    await parent.ports();
    const [socket] = await within("a connection", accepted);
    expect(await parent.next()).toEqual(said);
    expect(await answerOf(socket)).toBe(answer);
    server.close();
  });

  test("that cannot be used says why", async () => {
    const attempts = ["dial fd:3", "dial fd:4", "listen fd:99", "listen fd:3"];
    const sockets = [0, { file: fixture("fd-child.mjs") }] as const;
    const parent = new Parent(sockets, { attempts: attempts.join(" ").split(" ") });
    await parent.ports();
    expect(await parent.next()).toMatchObject({
      code: "ERR_TRANSPORT",
      message: expect.stringMatching(/fd:3: .* no connected socket; .* listen/),
    });
    expect(await parent.next()).toMatchObject({ code: "ERR_NOT_A_SOCKET" });
    expect(await parent.next()).toMatchObject({
      code: "ERR_NOT_FOUND",
      message: expect.stringContaining("not started with"),
    });
    // By now its number could be anything's.
    expect(await parent.next()).toMatchObject({ code: "ERR_CONFIG" });
  });
});

describe.skipIf(process.platform === "win32")("systemd", () => {
  const env = { LISTEN_FDS: "2", LISTEN_FDNAMES: "world.socket:admin", LISTEN_PID: "$$" };

  test("passes all its sockets, or those of one name, and keeps their files", async () => {
    const path = join(tempFolder(), "s");
    const parent = new Parent(
      [path, 0],
      { attempts: ["listen", "systemd:"], env },
      { attempts: ["listen", "systemd:admin"], env },
    );
    const [, port = 0] = await parent.ports();
    const tcp = `tcp://127.0.0.1:${port}`;
    expect(await parent.next()).toEqual({ listens: "systemd:", addresses: ["fd:3", tcp] });
    expect(await answerOf(connect(path))).toBe("fd:3");
    expect(await answerOf(connect(port, "127.0.0.1"))).toBe(tcp);
    expect(await parent.endProgram()).toEqual({ status: 0 });
    expect(existsSync(path)).toBe(true);

    expect(await parent.next()).toEqual({ listens: tcp });
    expect(await answerOf(connect(port, "127.0.0.1"))).toBe(tcp);
    expect(await parent.endProgram()).toEqual({ status: 0 });
  });

  test.each([
    [{}, "passed no sockets"],
    [{ ...env, LISTEN_PID: "1" }, "are for process 1, and this is"],
    [{ ...env, LISTEN_FDS: "many" }, "is no number"],
    [{ ...env, LISTEN_FDNAMES: "a:b" }, "it passed a:b"],
  ])("that has nothing for this process (%j) is an error that says so", async (env, what) => {
    const parent = new Parent([], { attempts: ["listen", "systemd:world.socket"], env });
    await parent.ports();
    expect(await parent.next()).toEqual({
      code: "ERR_NOT_FOUND",
      message: expect.stringContaining(what),
    });
  });

  test("that passes fewer than it says is an error, and what was taken is closed again", async () => {
    const path = join(tempFolder(), "s");
    const attempts = ["listen", "systemd:", "listen", "fd:3"];
    const parent = new Parent([path, { file: fixture("fd-child.mjs") }], { attempts, env });
    await parent.ports();
    expect(await parent.next()).toMatchObject({ code: "ERR_NOT_A_SOCKET" });
    expect(await parent.next()).toMatchObject({ code: "ERR_CONFIG" });
    // Nothing is left that would keep it alive.
    expect(await parent.endProgram()).toEqual({ status: 0 });
  });

  test("is not dialled", async () => {
    const parent = new Parent([], { attempts: ["dial", "systemd:"] });
    await parent.ports();
    expect(await parent.next()).toMatchObject({ code: "ERR_UNSUPPORTED" });
  });
});
