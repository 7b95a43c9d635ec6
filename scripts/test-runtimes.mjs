// `npm run test:runtimes [versions]`: the test suite on every line of Node that is supported, each
// fetched from npm. Without versions: all of them.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { npm, root, run, tool } from "./command.mjs";
import { fetchRuntime } from "./runtimes.mjs";

const lines = ["18", "20", "22", "24", "26"];
const wanted = process.argv.slice(2);
const targets = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"];
const target = `${process.platform}-${process.arch}`;
if (!targets.includes(target)) {
  console.log(`npm has no Node for ${target}; run \`npm test\` under each release instead`);
  process.exit(1);
}

// The newest vitest needs Node 20. This is the last one that runs on 18, with the vite of its time.
const vitestFor18 = { vitest: "3.2.7", vite: "6.4.6" };

/** Installs it beside the project's own, once. @returns {Promise<string>} the folder of vitest */
async function fetchVitestFor18() {
  const folder = join(root, ".cache", `vitest-${vitestFor18.vitest}`);
  const vitest = join(folder, "node_modules/vitest");
  if (!existsSync(vitest)) {
    mkdirSync(folder, { recursive: true });
    const manifest = { private: true, dependencies: vitestFor18 };
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
    const install = npm(["install", "--ignore-scripts", "--no-audit", "--no-fund"]);
    const { ok, output } = await run(install, { cwd: folder });
    if (!ok) {
      rmSync(folder, { recursive: true });
      throw new Error(`vitest for Node 18 cannot be installed:\n${output}`);
    }
  }
  return vitest;
}

/**
 * @param {string} line
 * @param {string} node
 * @returns {Promise<string[]>} the command line that runs the suite
 */
async function suite(line, node) {
  if (line.split(".")[0] !== "18") {
    return [node, ...tool("vitest", ["run"]).slice(1)];
  }
  const vitest = await fetchVitestFor18();
  return [node, join(vitest, "vitest.mjs"), "run", "--config", "scripts/vitest-18.config.mjs"];
}

/** @param {string} line */
async function test(line) {
  const start = performance.now();
  const { node, version } = await fetchRuntime(line);
  console.log(`\nNode ${version}`);
  const report = join(root, ".cache/runtimes", `tests-${line}.json`);
  rmSync(report, { force: true });
  const { ok } = await run(
    [
      ...(await suite(line, node)),
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
    ],
    // What the tests start by name shall be this Node, too.
    { live: true, env: { PATH: `${dirname(node)}${delimiter}${process.env["PATH"]}` } },
  );
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : {};
  return {
    node: version,
    passed: counts.numPassedTests ?? 0,
    failed: counts.numFailedTests ?? 0,
    skipped: counts.numPendingTests ?? 0,
    seconds: Math.round((performance.now() - start) / 1000),
    verdict: ok && counts.numPassedTests > 0 ? "ok" : "FAILED",
  };
}

const results = [];
for (const line of wanted.length > 0 ? wanted : lines) results.push(await test(line));
console.log();
console.table(results);
process.exitCode = results.every(({ verdict }) => verdict === "ok") ? 0 : 1;
