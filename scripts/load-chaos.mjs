// The chaos of the tests, as modules that plain Node reads; for the scripts that run much of it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { root } from "./command.mjs";

const source = join(root, "packages/core/test/chaos");

/**
 * Bundles a module of the chaos.
 * @param {string} folder
 * @param {string} module
 */
async function bundle(folder, module) {
  const outfile = join(folder, `${module}.mjs`);
  await build({
    entryPoints: [join(source, `${module}.ts`)],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    external: ["esbuild"],
    conditions: ["@myelin/source"],
    sourcemap: "inline",
    logLevel: "warning",
  });
  return outfile;
}

/**
 * A folder with a short path, for sockets, books and programs; it is removed when the process ends.
 */
export function chaosFolder() {
  const folder = mkdtempSync(join(tmpdir(), "my-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** @param {string} folder */
export async function loadOneProcessRun(folder) {
  /** @type {typeof import("../packages/core/test/chaos/one-process-run.ts")} */
  const loaded = await import(pathToFileURL(await bundle(folder, "one-process-run")).href);
  return loaded.oneProcessRun;
}

/** @param {string} folder */
export async function loadProcessRun(folder) {
  /** @type {typeof import("../packages/core/test/chaos/process-run.ts")} */
  const loaded = await import(pathToFileURL(await bundle(folder, "process-run")).href);
  const party = await bundle(folder, "programs/party");
  return { processRun: loaded.processRun, party };
}

/** @param {string} folder */
export async function loadSoakRun(folder) {
  /** @type {typeof import("../packages/core/test/chaos/soak-run.ts")} */
  const loaded = await import(pathToFileURL(await bundle(folder, "soak-run")).href);
  return loaded.soakRun;
}
