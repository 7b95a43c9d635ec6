// Builds what is published: the core with the compiler, the drop-in with the bundler.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { buildDropIn } from "./build-drop-in.mjs";
import { root, run, tool } from "./command.mjs";

// Files whose source is gone would be published for ever.
rmSync(join(root, "packages/core/dist"), { recursive: true, force: true });
const compile = tool("typescript", ["-b", "--force", "packages/core", "packages/node-ipc"], "tsc");
const { ok } = await run(compile, { live: true });
if (!ok) process.exit(1);
await buildDropIn();
