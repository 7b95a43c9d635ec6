// Builds what is published: the core with the compiler, the drop-in with the bundler.
import { spawnSync } from "node:child_process";
import { buildDropIn } from "./build-drop-in.mjs";

const tsc = spawnSync(
  process.execPath,
  ["node_modules/typescript/bin/tsc", "-b", "packages/core", "packages/node-ipc"],
  { stdio: "inherit" },
);
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
await buildDropIn();
