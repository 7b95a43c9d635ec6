// Runs commands of a README as a reader would: each in a terminal of its own, in the repository's root.
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { nodeBinary } from "../support/implementations.ts";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const typescript = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));

// Only a safety net: an example ends by itself.
const deadlineMs = 20_000;

/** A command that runs, and what it prints. */
export class Terminal {
  readonly #command: string;
  readonly #child: ChildProcess;
  readonly #firstLine: Promise<void>;
  readonly #ended: Promise<number | null>;
  #printed = "";
  #complaints = "";

  constructor(command: string, env: Readonly<Record<string, string>>) {
    this.#command = command;
    this.#child = spawn(nodeBinary, argumentsOf(command), {
      cwd: repository,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#firstLine = new Promise((resolve) => {
      this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
        this.#printed += text;
        if (this.#printed.includes("\n")) resolve();
      });
      this.#child.once("close", () => resolve());
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#complaints += text;
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", resolve);
    });
    this.#ended.catch(() => {});
  }

  /** What it printed to stdout, colours included. */
  get printed(): string {
    return this.#printed;
  }

  /** What a reader sees of it. */
  get text(): string {
    return stripVTControlCharacters(this.#printed);
  }

  /** Settles when the next terminal may be opened: this one has printed a line, or has ended. */
  async started(): Promise<void> {
    await this.#inTime(this.#firstLine, "printed nothing");
  }

  /** Settles when the program has ended by itself and without complaint; rejects otherwise. */
  async ended(): Promise<void> {
    const status = await this.#inTime(this.#ended, "did not end");
    if (status !== 0 || this.#complaints !== "") throw this.#failure(`ended with status ${status}`);
  }

  /** Ends the program if it still runs. */
  async close(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended.catch(() => {});
  }

  async #inTime<T>(wanted: Promise<T>, complaint: string): Promise<T> {
    let deadline: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      deadline = setTimeout(
        () => reject(this.#failure(`${complaint} within ${deadlineMs} ms`)),
        deadlineMs,
      );
    });
    try {
      return await Promise.race([wanted, late]);
    } finally {
      clearTimeout(deadline);
    }
  }

  #failure(what: string): Error {
    return new Error(
      `"${this.#command}" ${what}\n${this.text}${this.#complaints === "" ? "" : `stderr:\n${this.#complaints}`}`,
    );
  }
}

/** `node x` runs on the tests' Node, `npx tsc` is the compiler of this repository; there are no other commands. */
function argumentsOf(command: string): readonly string[] {
  const [program, ...args] = command.split(" ");
  if (program === "node") return args;
  // Types come from the sources, as in all tests: a build may be older. They use a little more of the
  // language than a program needs to use them.
  const fromSources = ["--customConditions", "@myelin/source", "--preserveSymlinks"];
  fromSources.push("--lib", "es2024,esnext.disposable");
  if (program === "npx" && args[0] === "tsc") return [typescript, ...args.slice(1), ...fromSources];
  throw new Error(`The tests do not know how to run "${command}"`);
}
