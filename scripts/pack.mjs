// Packs a package the way `npm publish` would, so that checks and tests see what users install.
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { npm, root, run } from "./command.mjs";

/**
 * @param {string} folder of the package, relative to the root or absolute
 * @param {string} [destination] where the tarball goes
 * @returns {Promise<{ tarball: string, files: string[] }>} `files` as they lie in the package
 */
export async function pack(folder, destination = join(root, ".cache/pack")) {
  mkdirSync(destination, { recursive: true });
  const line = npm(["pack", "--json", "--ignore-scripts", "--pack-destination", destination]);
  const { ok, stdout, output } = await run(line, { cwd: resolve(root, folder) });
  if (!ok) throw new Error(`npm pack failed in ${folder}:\n${output}`);
  const [packed] = JSON.parse(stdout);
  return {
    tarball: join(destination, packed.filename.replace("@", "").replace("/", "-")),
    files: packed.files.map((/** @type {{ path: string }} */ file) => file.path),
  };
}
