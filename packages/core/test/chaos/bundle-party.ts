/** Makes JavaScript of the program that runs in processes of its own. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Writes it into a folder. @returns its path */
export async function bundleParty(folder: string): Promise<string> {
  const outfile = join(folder, "party.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("programs/party.ts", import.meta.url))],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    sourcemap: "inline",
    logLevel: "warning",
  });
  return outfile;
}
