// Runs node-ipc programs in processes of their own, under the implementation that a test names.
//
//   import { test } from "../support/program.ts";
//
//   test("says hello", async ({ programs }) => {
//     const server = programs.start(new URL("./hello-server.mjs", import.meta.url), { implementation: "node-ipc@9.2.1" });
//     await server.next("started");
//     const client = programs.start(new URL("./hello-client.mjs", import.meta.url), { implementation: "ours" });
//     expect(await client.next("greeting")).toMatchObject({ text: "hello" });
//     expect(await client.exit).toEqual({ code: 0, signal: null });
//   });
//
// A program takes `ipc`, `options`, `report(type, fields)` and `onCommand(handler)` from load-node-ipc.cjs. All
// programs of a test share one socket folder, made for it; both are gone when the test ends.
import { type ChildProcess, fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { test as plainTest } from "vitest";
import { type Implementation, moduleOf, nodeBinary } from "./implementations.ts";

/** What a program says through `report`. */
export interface Report {
  readonly type: string;
}

/** How a process ended: one of the two is null. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface StartOptions {
  /** Which node-ipc `load-node-ipc.cjs` gives the program. */
  readonly implementation: Implementation;
  /** JSON for the program: its `options`. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Added to the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Options for Node.js itself, such as `--expose-gc`. */
  readonly nodeArgs?: readonly string[];
}

interface Waiter<R> {
  readonly wants: (report: R) => boolean;
  readonly resolve: (report: R) => void;
  readonly reject: (error: Error) => void;
}

/** Only a safety net: every wait ends by a report or by the end of the process. */
const defaultDeadlineMs = 20_000;
const maxOutputLength = 64 * 1024;

/** One running program. `R` is the union of what it reports. */
export class Program<R extends Report = Report> implements AsyncDisposable {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<Exit>;
  readonly #reports: R[] = [];
  readonly #waiters = new Set<Waiter<R>>();
  #output = "";
  #exit: Exit | undefined;
  #killed = false;
  #exitWasRead = false;

  constructor(file: string, socketRoot: string, start: StartOptions) {
    this.name = `${basename(file)} on ${start.implementation}`;
    this.#child = fork(file, start.args ?? [], {
      execPath: nodeBinary,
      execArgv: [...(start.nodeArgs ?? [])],
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: {
        ...process.env,
        NODE_IPC_MODULE: moduleOf(start.implementation),
        NODE_IPC_ROOT: socketRoot,
        PROGRAM_OPTIONS: JSON.stringify(start.options ?? {}),
        ...start.env,
      },
    });
    const collect = (text: string) => {
      this.#output = (this.#output + text).slice(-maxOutputLength);
    };
    this.#child.stdout?.setEncoding("utf8").on("data", collect);
    this.#child.stderr?.setEncoding("utf8").on("data", collect);
    this.#child.on("message", (report: R) => this.#receive(report));
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      // "close" comes after the last report and the last line of output, "exit" may come before them.
      this.#child.once("close", (code, signal) => {
        this.#exit = { code, signal };
        for (const waiter of this.#waiters) {
          waiter.reject(this.#failure("ended before it reported what the test waits for"));
        }
        resolve(this.#exit);
      });
    });
    this.#ended.catch(() => {});
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What it wrote to stdout and stderr so far: the last 64 KiB. */
  get output(): string {
    return this.#output;
  }

  /**
   * Resolves when the process is gone and everything it said has arrived. A test that never reads it says that the
   * program must not fail: then a crash fails the test when the program is disposed of.
   */
  get exit(): Promise<Exit> {
    this.#exitWasRead = true;
    return this.#ended;
  }

  /**
   * The oldest report of this type, or that the predicate accepts, which no other call has taken; other reports stay for
   * others. Rejects when the program ends without it, with what the program did say.
   */
  next<T extends R["type"]>(type: T, deadlineMs?: number): Promise<Extract<R, { type: T }>>;
  next<S extends R>(wants: (report: R) => report is S, deadlineMs?: number): Promise<S>;
  next(wants: (report: R) => boolean, deadlineMs?: number): Promise<R>;
  async next(
    wanted: string | ((report: R) => boolean),
    deadlineMs = defaultDeadlineMs,
  ): Promise<R> {
    const wants = typeof wanted === "string" ? (report: R) => report.type === wanted : wanted;
    const report = this.#reports.find(wants);
    if (report) {
      this.#reports.splice(this.#reports.indexOf(report), 1);
      return report;
    }
    const what = typeof wanted === "string" ? `"${wanted}"` : "a matching report";
    if (this.#exit) throw this.#failure(`ended without ${what}`);
    let deadline: NodeJS.Timeout | undefined;
    let waiter: Waiter<R> | undefined;
    try {
      return await new Promise<R>((resolve, reject) => {
        waiter = { wants, resolve, reject };
        this.#waiters.add(waiter);
        deadline = setTimeout(() => {
          reject(this.#failure(`did not report ${what} within ${deadlineMs} ms`));
        }, deadlineMs);
      });
    } finally {
      clearTimeout(deadline);
      if (waiter) this.#waiters.delete(waiter);
    }
  }

  /** Reports that nobody has taken yet, oldest first. */
  get pending(): readonly R[] {
    return this.#reports;
  }

  /** Sends a command to the program's `onCommand` handler. */
  send(command: Readonly<Record<string, unknown>>): void {
    this.#child.send(command);
  }

  /** Ends the process and waits until it is gone. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<Exit> {
    this.#killed ||= this.#exit === undefined;
    this.#child.kill(signal);
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { code, signal } = await this.kill();
    if (!this.#killed && !this.#exitWasRead && (code !== 0 || signal)) {
      throw this.#failure("failed while the test looked elsewhere");
    }
  }

  #receive(report: R): void {
    for (const waiter of this.#waiters) {
      if (!waiter.wants(report)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(report);
      return;
    }
    this.#reports.push(report);
  }

  #failure(what: string): Error {
    const { code, signal } = this.#exit ?? {};
    return new Error(
      [
        `${this.name} ${what}`,
        this.#exit ? `exit: code ${code}, signal ${signal}` : "still running",
        `unread reports: ${JSON.stringify(this.#reports).slice(0, 2000)}`,
        `output: ${this.#output.slice(-4000) || "none"}`,
      ].join("\n  "),
    );
  }
}

/** The programs of one test, and the folder for their sockets. */
export class Programs implements AsyncDisposable {
  /** A folder of mode 0700 with a slash at its end; the programs' `ipc.config.socketRoot`. */
  readonly socketRoot: string;
  readonly #started: AsyncDisposable[] = [];

  private constructor(socketRoot: string) {
    this.socketRoot = socketRoot;
  }

  /** Prefer the `programs` fixture of `test`; this is for what lives longer than one test. */
  static async open(): Promise<Programs> {
    // Short, because the path of a Unix socket has no more than about 100 bytes.
    return new Programs((await mkdtemp(join(tmpdir(), "ipc-"))) + sep);
  }

  /** Starts a program file (`.mjs` or `.cjs`). */
  start<R extends Report = Report>(file: URL | string, start: StartOptions): Program<R> {
    const path = typeof file === "string" ? file : fileURLToPath(file);
    const program = new Program<R>(path, this.socketRoot, start);
    this.#started.push(program);
    return program;
  }

  /** Ends what still runs and removes the folder; rejects when a program had crashed unnoticed. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ends = await Promise.allSettled(
      this.#started.map((program) => program[Symbol.asyncDispose]()),
    );
    await rm(this.socketRoot, { recursive: true, force: true });
    const crash = ends.find((end) => end.status === "rejected");
    if (crash) throw crash.reason;
  }
}

/** vitest's `test` with a `programs` fixture, safe in concurrent tests too. */
export const test = plainTest.extend<{ programs: Programs }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the dependencies off this pattern
  programs: async ({}, use) => {
    const programs = await Programs.open();
    try {
      await use(programs);
    } finally {
      await programs[Symbol.asyncDispose]();
    }
  },
});
