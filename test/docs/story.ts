// Plays what a document shows under one heading: its programs as files, its shell lines, and its terminal. The programs
// stand as they are printed; only their port and their folder for sockets are the test's own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildSync } from "esbuild";
import { root } from "../../scripts/command.mjs";
import { until } from "../support/within.ts";
import type { Block } from "./markdown.ts";

/** The port that documents use. */
const printedPort = "8000";
/** Only a safety net: every wait ends by output or by the end of a process. */
const deadlineMs = 15_000;

/** The name that a block gives its program in its first line: `// server.cjs`, `// client.ts`. */
export function programOf({ language, code }: Block): string | undefined {
  const ending = { js: "[mc]js", ts: "ts" }[language];
  if (ending === undefined) return undefined;
  return new RegExp(`^// ([\\w-]+\\.${ending})\n`).exec(code)?.[1];
}

/** Node 22 can strip types too, but knows no `await using`. */
const readsTypeScript = Number.parseInt(process.versions.node, 10) >= 24;

/** One command of a `console` block. */
export interface Command {
  readonly line: string;
  /** Ended by `&`: it runs on while the next ones do. */
  readonly staysOpen: boolean;
  readonly output: string;
}

/** The commands of a `console` block, each with what it prints. */
export function commandsOf({ code }: Block): Command[] {
  return Array.from(
    code.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm),
    ([, line = "", output = ""]) => ({
      line: line.replace(/ &$/, ""),
      staysOpen: line.endsWith(" &"),
      output,
    }),
  );
}

/** A project in which the packages of this repository are installed. */
export class Story implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "docs-"));
  readonly #port: string;
  readonly #running: ChildProcess[] = [];
  /** What those that stay open print after what is shown under them: it is in the same terminal. */
  #later = "";

  constructor(port: number) {
    this.#port = String(port);
    const modules = join(this.#folder, "node_modules");
    for (const name of ["node-ipc", "@myelin/node-ipc"]) {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(join(root, "packages/node-ipc"), join(modules, name), "junction");
    }
    const core = join(modules, "myelin");
    mkdirSync(core);
    this.#write(
      "node_modules/myelin/package.json",
      `{ "type": "module", "exports": { ".": "./index.js", "./testing": "./testing.js" } }`,
    );
    buildSync({
      entryPoints: {
        index: join(root, "packages/core/src/index.ts"),
        testing: join(root, "packages/core/src/testing/index.ts"),
      },
      outdir: core,
      bundle: true,
      splitting: true,
      platform: "node",
      format: "esm",
    });
    symlinkSync(join(root, "node_modules/zod"), join(modules, "zod"), "junction");
    this.#write("package.json", `{ "type": "module" }`);
    this.#write(
      "own-sockets.cjs",
      `require("node-ipc").config.socketRoot = ${JSON.stringify(`${this.#folder}/`)};`,
    );
  }

  /** Puts a program of the document into the project. */
  add(name: string, code: string): void {
    this.#write(name, this.#withOurPort(code));
  }

  /**
   * Runs a command line as a reader would, and gives back all that it has printed: to its end, or, when it stays open, to
   * the text that the document shows. Where it shows more than the command prints, others that are still open have printed
   * the rest.
   */
  async run({ line, staysOpen, output }: Command): Promise<string> {
    const [file = "", ...rest] = line.split(" ");
    const args = rest.map((arg) => this.#runnable(arg));
    const child = spawn(file === "node" ? process.execPath : file, args, {
      cwd: this.#folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        NODE_OPTIONS: `--require=${join(this.#folder, "own-sockets.cjs")}`,
        MYELIN_DIR: this.#folder,
      },
    });
    this.#running.push(child);
    let printed = "";
    let isShown = false;
    const shown = new Promise<void>((resolve) => {
      const collect = (text: string): void => {
        if (isShown) this.#later += text;
        else printed += text;
        if (!staysOpen || !this.#withPrintedPort(printed).startsWith(output)) return;
        isShown = true;
        resolve();
      };
      child.stdout.setEncoding("utf8").on("data", collect);
      child.stderr.setEncoding("utf8").on("data", collect);
      if (staysOpen && output === "") resolve();
    });
    const signal = AbortSignal.timeout(deadlineMs);
    const late = once(signal, "abort").then(() => {
      throw new Error(`\`${line}\` took too long; it printed:\n${printed}`);
    });
    const closed = once(child, "close").then(([code]) => {
      if (code !== 0) throw new Error(`\`${line}\` ended with ${String(code)}:\n${printed}`);
    });
    closed.catch(() => {});
    await Promise.race(staysOpen ? [shown, closed, late] : [closed, late]);
    const text = this.#withPrintedPort(printed);
    const missing = output.startsWith(text) ? output.slice(text.length) : "";
    if (missing === "") return text;
    const later = (): string => this.#withPrintedPort(this.#later);
    await until(`others print ${missing}`, () => later().includes(missing));
    return output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, "close");
      child.kill();
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** What Node runs for an argument: a program in TypeScript is compiled where Node cannot read it. */
  #runnable(arg: string): string {
    if (!arg.endsWith(".ts") || readsTypeScript) return arg;
    const compiled = arg.replace(/\.ts$/, ".compiled.mjs");
    buildSync({
      entryPoints: [join(this.#folder, arg)],
      outfile: join(this.#folder, compiled),
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
      target: "node20",
    });
    return compiled;
  }

  #write(path: string, text: string): void {
    writeFileSync(join(this.#folder, path), text);
  }

  #withOurPort(text: string): string {
    return text.replaceAll(printedPort, this.#port);
  }

  #withPrintedPort(text: string): string {
    return text.replaceAll(this.#port, printedPort);
  }
}
