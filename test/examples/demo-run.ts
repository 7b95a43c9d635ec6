// One run of the demo, in a temporary folder of its own, with a list of all the processes that it starts.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { nodeBinary } from "../support/implementations.ts";
import { writeOwnCore } from "./own-core.ts";

const demo = fileURLToPath(new URL("../../demo/run.mjs", import.meta.url));
const notePid = fileURLToPath(new URL("fixtures/note-pid.cjs", import.meta.url));

const core = mkdtempSync(join(tmpdir(), "demo-core-"));
beforeAll(() => writeOwnCore(core));
afterAll(() => rmSync(core, { recursive: true, force: true }));

export class DemoRun implements Disposable {
  // Short: the demo puts Unix sockets into a folder of its own inside of this one.
  readonly #folder = mkdtempSync(join(tmpdir(), "d-"));
  readonly #temporary = join(this.#folder, "t");
  readonly #pids = join(this.#folder, "pids");
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  output = "";

  constructor(transports: readonly string[], env: Readonly<Record<string, string>> = {}) {
    mkdirSync(this.#temporary);
    this.#child = spawn(nodeBinary, [demo, ...transports], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        TMPDIR: this.#temporary,
        TEMP: this.#temporary,
        NODE_OPTIONS: [
          `--require "${notePid.replaceAll("\\", "\\\\")}"`,
          `--import=${pathToFileURL(join(core, "own-core.mjs")).href}`,
        ].join(" "),
        NOTED_PIDS: this.#pids,
        ...env,
      },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
      });
    }
    this.#ended = once(this.#child, "close");
  }

  /** The lines of the table that speak of this transport, without the empty first column. */
  rows(transport: string): readonly string[] {
    const lines = this.output.split("\n");
    const first = lines.findIndex((line) => line.startsWith(`  ${transport} `));
    if (first === -1) return [];
    const rest = lines.slice(first + 1);
    const end = rest.findIndex((line) => !line.startsWith(" ".repeat(11)));
    return [lines[first] ?? "", ...rest.slice(0, end)].map((line) => line.slice(11).trim());
  }

  /** Resolves with the exit status when the demo is over. */
  async status(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }

  /** Resolves when the demo has printed this. */
  async printed(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      if (this.#child.exitCode !== null)
        throw new Error(`Never printed "${text}":\n${this.output}`);
      await Promise.race([once(this.#child.stdout!, "data"), this.#ended]);
    }
  }

  interrupt(): void {
    this.#child.kill("SIGINT");
  }

  /** Every process that the demo has started, itself included. */
  get started(): readonly number[] {
    return readFileSync(this.#pids, "utf8").trim().split("\n").map(Number);
  }

  /** Those of them that still run. A killed process may take a moment to go. */
  get alive(): readonly number[] {
    return this.started.filter(runs);
  }

  /** What the demo has left in the folder for temporary files. */
  get litter(): readonly string[] {
    return readdirSync(this.#temporary);
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A dead process whose new parent has not asked for its status yet (in a container it may never) still has a number.
    return (
      process.platform !== "linux" ||
      !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"))
    );
  } catch {
    return false;
  }
}
