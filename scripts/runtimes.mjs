// Other releases of Node, from npm's `node-<system>-<cpu>` packages, kept in .cache/. They stand in
// no package.json: each is 100 MB, and `npm ci` refuses packages of another system.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { npm, root, run } from "./command.mjs";

/**
 * Fetches the newest release of a line, once.
 * @param {string} major for example "22", or an exact version
 * @param {string} [target] system and processor, as in npm's name for the package
 * @returns {Promise<{ node: string, version: string }>} `node` is the path of its program
 */
export async function fetchRuntime(major, target = `${process.platform}-${process.arch}`) {
  const folder = join(root, ".cache/runtimes", `${target}-${major}`);
  if (!existsSync(folder)) await download(`node-${target}@${major}`, folder);
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const program = target.startsWith("win") ? "node.exe" : "node";
  return { node: join(folder, "bin", program), version: manifest.version.replace(/^v/, "") };
}

/**
 * @param {string} specifier
 * @param {string} folder appears only when it is complete
 */
async function download(specifier, folder) {
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  // `pack` and not `install`: it takes packages of any system, and runs no script of theirs.
  const packed = await run(npm(["pack", specifier, "--json", "--pack-destination", partial]));
  if (!packed.ok) throw new Error(`${specifier} cannot be fetched:\n${packed.output}`);
  const [{ filename }] = JSON.parse(packed.stdout);
  const unpacked = await run(["tar", "-xzf", join(partial, filename), "-C", partial]);
  if (!unpacked.ok) throw new Error(`${filename} cannot be unpacked:\n${unpacked.output}`);
  mkdirSync(dirname(folder), { recursive: true });
  renameSync(join(partial, "package"), folder);
  rmSync(partial, { recursive: true });
}
