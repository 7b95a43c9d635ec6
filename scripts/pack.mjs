// Packs a workspace the way `npm publish` would, so that checks and tests see what users install.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { npm, root, run } from "./command.mjs";

/**
 * @param {"core" | "node-ipc"} name the folder under packages/
 * @param {string} [folder] where the tarball goes
 * @returns {Promise<{ tarball: string, files: string[] }>} `files` as they lie in the package
 */
export async function pack(name, folder = join(root, ".cache/pack")) {
  mkdirSync(folder, { recursive: true });
  const line = npm(["pack", "--json", "--ignore-scripts", "--pack-destination", folder]);
  const { ok, stdout, output } = await run(line, { cwd: join(root, "packages", name) });
  if (!ok) throw new Error(`npm pack failed in packages/${name}:\n${output}`);
  const [packed] = JSON.parse(stdout);
  return {
    tarball: join(folder, packed.filename.replace("@", "").replace("/", "-")),
    files: packed.files.map((/** @type {{ path: string }} */ file) => file.path),
  };
}
