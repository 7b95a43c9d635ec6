// Bundles test files, vitest's matchers and a small runner into one program for a Node without
// access to the packages installed here.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { root } from "../command.mjs";

// Wine shows the root of this machine as drive Z.
const driveUrl = "file:///Z:";

/**
 * Sources find their neighbours by `import.meta.url`: each keeps its own, instead of the bundle's.
 * @type {import("esbuild").Plugin}
 */
const ownUrls = {
  name: "own-urls",
  setup(building) {
    building.onLoad({ filter: /\.m?ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const url = JSON.stringify(driveUrl + path);
      return { contents: source.replaceAll("import.meta.url", url), loader: "ts" };
    });
  },
};

/**
 * @param {readonly string[]} files test files, relative to the root
 * @param {string} outfile
 * @returns {Promise<string>} the path of the program
 */
export async function bundleTests(files, outfile) {
  const runner = fileURLToPath(new URL("run-bundled.mjs", import.meta.url));
  const imports = files.map((file) => `${JSON.stringify(file)}: () => import("./${file}")`);
  const contents = `
    import { runBundled } from ${JSON.stringify(runner)};
    await runBundled({ ${imports.join(", ")} });
  `;
  await build({
    stdin: { contents, resolveDir: root, sourcefile: "tests.mjs" },
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    conditions: ["@myelin/source"],
    sourcemap: true,
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
    plugins: [ownUrls],
    logLevel: "warning",
  });
  return outfile;
}
