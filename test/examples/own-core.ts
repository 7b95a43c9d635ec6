// The library as it is in the sources, for the processes of the examples: a build may be older.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const source = (path: string): string =>
  fileURLToPath(new URL(`../../packages/core/src/${path}`, import.meta.url));

/** Writes `own-core.mjs`: a process that imports it first gets these sources as `myelin`. */
export async function writeOwnCore(folder: string): Promise<void> {
  const outdir = join(folder, "core");
  await build({
    entryPoints: { index: source("index.ts"), testing: source("testing/index.ts") },
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    logLevel: "warning",
  });
  const goals = {
    myelin: pathToFileURL(join(outdir, "index.mjs")).href,
    "myelin/testing": pathToFileURL(join(outdir, "testing.mjs")).href,
  };
  const resolve = `const goals = ${JSON.stringify(goals)};
export function resolve(specifier, context, next) {
  return next(Object.hasOwn(goals, specifier) ? goals[specifier] : specifier, context);
}
`;
  writeFileSync(join(folder, "own-core-hooks.mjs"), resolve);
  // Node 26 warns about the older of the two.
  const register = `import * as module from "node:module";
import { resolve } from "./own-core-hooks.mjs";
if (module.registerHooks === undefined) module.register("./own-core-hooks.mjs", import.meta.url);
else module.registerHooks({ resolve });
`;
  writeFileSync(join(folder, "own-core.mjs"), register);
}
