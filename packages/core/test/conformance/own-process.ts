// Runs the conformance suite as a program: for what only a process of its own can have, such as descriptors that it
// was started with, or Node's internals.
import assert from "node:assert/strict";
import { type SpawnOptions, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { tempFolder } from "../../../../test/support/temp-path.ts";

export interface ProgramOptions {
  /** Options for Node itself. */
  readonly nodeArgs?: readonly string[];
  readonly args?: readonly string[];
  /** Descriptors from 3 on. */
  readonly extra?: readonly number[];
  /** Called as soon as the program was started, when it has the descriptors. */
  readonly onStarted?: () => void;
}

/** Bundles a program of `programs/` for Node's own test runner, runs it, and fails with what it says. */
export async function expectConformance(name: string, options: ProgramOptions = {}): Promise<void> {
  const outfile = join(tempFolder(), `${name}.mjs`);
  await build({
    entryPoints: [fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url))],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["@myelin/source"],
    alias: { vitest: "node:test" },
    logLevel: "warning",
  });
  const { nodeArgs = [], args = [], extra = [] } = options;
  const stdio: SpawnOptions["stdio"] = ["ignore", "pipe", "pipe", ...extra];
  const command = [...nodeArgs, "--no-warnings", "--test-reporter=tap", outfile, ...args];
  const child = spawn(process.execPath, command, { stdio, timeout: 60_000, killSignal: "SIGKILL" });
  options.onStarted?.();
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  const count = (what: string): number =>
    Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(output)?.[1] ?? Number.NaN);
  const failures = output.split(/^(?=\s*(?:not )?ok )/m).filter((part) => /^\s*not ok/.test(part));
  assert.equal(code, 0, failures.join("") || output.slice(-4000));
  assert.equal(count("fail"), 0, output.slice(-4000));
  // The rules ran, and most of them apply to any transport.
  assert.ok(count("pass") > 40, output.slice(-4000));
}
