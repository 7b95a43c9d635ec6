// Builds what is published: the core with the compiler, the drop-in with the bundler. With a package's folder as
// argument that one alone, as `prepack` does.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { buildDropIn } from "./build-drop-in.mjs";
import { root, run, tool } from "./command.mjs";

const wanted = process.argv[2] === undefined ? ["core", "node-ipc"] : [process.argv[2]];

// Files whose source is gone would be published for ever.
if (wanted.includes("core")) {
  rmSync(join(root, "packages/core/dist"), { recursive: true, force: true });
}
const folders = wanted.map((folder) => `packages/${folder}`);
const compile = tool("typescript", ["-b", "--force", ...folders], "tsc");
const { ok, output } = await run(compile);
// Not to where `npm pack --json` prints what it made.
process.stderr.write(output);
if (!ok) process.exit(1);
if (wanted.includes("node-ipc")) await buildDropIn();
