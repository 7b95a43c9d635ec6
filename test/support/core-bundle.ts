// The library as one JavaScript file, for processes that a test starts: no version of Node before 22.18 reads the
// sources, and a build may be older than they are.
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const entry = fileURLToPath(new URL("../../packages/core/src/index.ts", import.meta.url));

/** Writes the bundle into a folder and gives its URL, for `import()`. */
export async function bundleCore(folder: string): Promise<string> {
  const outfile = join(folder, "myelin.mjs");
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "warning",
  });
  return pathToFileURL(outfile).href;
}
