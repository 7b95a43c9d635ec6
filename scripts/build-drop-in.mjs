// Bundles the drop-in, core included, into the one CommonJS file that `import` and `require` share.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = new URL("../packages/node-ipc/", import.meta.url);

/** Writes packages/node-ipc/index.js. */
export async function buildDropIn() {
  await build({
    entryPoints: [fileURLToPath(new URL("src/main.ts", root))],
    outfile: fileURLToPath(new URL("index.js", root)),
    bundle: true,
    platform: "node",
    target: "node18",
    format: "cjs",
    conditions: ["@myelin/source"],
    legalComments: "none",
    logLevel: "warning",
  });
}
