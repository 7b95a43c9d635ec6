// Bundles the drop-in, core included, into the one CommonJS file that `import` and `require` share.
import { renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = new URL("../packages/node-ipc/", import.meta.url);

// What Node's lexer must find for `import { IPC } from "node-ipc"`: every name that the types declare.
// The instance itself is the module, so that `require`, `import` and `import *` share one object.
const names = [
  "AssuredParser",
  "close",
  "config",
  "connectTo",
  "connectToNet",
  "createParser",
  "Defaults",
  "disconnect",
  "FastParser",
  "flush",
  "GuardedParser",
  "IPC",
  "IPCModule",
  "IPCProtocolError",
  "log",
  "MessageParser",
  "of",
  "Parser",
  "RawParser",
  "reservedEventTypes",
  "serve",
  "server",
  "serveNet",
];
const footer = `module.exports = module.exports.default;\n0 && (module.exports = { ${names.join(", ")} });`;

/** Writes packages/node-ipc/index.js. */
export async function buildDropIn() {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("src/main.ts", root))],
    write: false,
    bundle: true,
    platform: "node",
    target: "node18",
    format: "cjs",
    conditions: ["@myelin/source"],
    footer: { js: footer },
    legalComments: "none",
    logLevel: "warning",
    // Only the core's look for koffi asks where the module is, and the drop-in never asks for that.
    logOverride: { "empty-import-meta": "silent" },
  });
  // In one step: a test run that starts while another goes on must not pull the file away from it.
  const partial = new URL(`index.js.${process.pid}`, root);
  writeFileSync(partial, outputFiles[0]?.contents ?? "");
  renameSync(partial, new URL("index.js", root));
}
