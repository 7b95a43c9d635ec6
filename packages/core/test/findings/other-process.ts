/** A server in another process, for what two ends in one process cannot show. */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ServeOptions } from "myelin";
import { afterAll, afterEach, beforeAll } from "vitest";
import { bundleCore } from "../../../../test/support/core-bundle.ts";
import { within } from "../../../../test/support/within.ts";
import { freshAddress } from "../endpoint/pairing.ts";

const folder = mkdtempSync(join(tmpdir(), "my-"));
const program = fileURLToPath(new URL("programs/server.mjs", import.meta.url));
const started: ChildProcess[] = [];
let core = "";
beforeAll(async () => {
  core = await bundleCore(folder);
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts it; it ends with the test. @returns its address */
export function startServer(kind: "unix" | "tcp", options: ServeOptions = {}): Promise<string> {
  const child = fork(program, {
    env: {
      ...process.env,
      MYELIN_CORE: core,
      SERVER_OPTIONS: JSON.stringify({ address: freshAddress(kind), options }),
    },
  });
  started.push(child);
  return within(
    "the server listens",
    new Promise((resolve, reject) => {
      child.once("message", (address: string) => resolve(address));
      child.once("exit", (code) => reject(new Error(`the server ended with code ${code}`)));
    }),
  );
}

/** Computes, and sees nothing of what arrives. */
export function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
