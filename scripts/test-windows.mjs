// `npm run test:windows [versions]`: the tests of named pipes on the Windows build of Node, under
// Debian's Wine. On Windows itself `npm test` runs the same files.
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildDropIn } from "./build-drop-in.mjs";
import { root, run } from "./command.mjs";
import { fetchRuntime } from "./runtimes.mjs";
import { bundleTests } from "./windows/bundle-tests.mjs";

const wine = "/usr/lib/wine/wine64";
const folder = join(root, ".cache/windows");
const environment = {
  WINEPREFIX: join(folder, "prefix"),
  WINEDEBUG: "-all",
  WINEDLLOVERRIDES: "mscoree,mshtml=",
  DISPLAY: "",
  // Tests leave out what Wine does otherwise than Windows: exclusive names and half-closing.
  MYELIN_TEST_WINE: "1",
};
// Node 24 and 26 do not start under Wine 8.
const lines = process.argv.length > 2 ? process.argv.slice(2) : ["20", "22"];
const deadlineMs = 180_000;

const windowsTests = "packages/node-ipc/test/windows";
const files = [
  "packages/core/test/conformance/pipe.test.ts",
  ...readdirSync(join(root, windowsTests))
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `${windowsTests}/${name}`),
];

async function installWine() {
  if (existsSync(wine)) return;
  if (process.platform !== "linux" || process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    throw new Error(
      `${wine} is missing. On Debian: apt-get install --no-install-recommends wine64 wine`,
    );
  }
  console.log("installing wine64 (100 MB)");
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", "wine64", "wine"]]) {
    const { ok, output } = await run(["apt-get", ...args], {
      env: { DEBIAN_FRONTEND: "noninteractive" },
    });
    if (!ok) throw new Error(output);
  }
}

async function createPrefix() {
  if (existsSync(join(environment.WINEPREFIX, "system.reg"))) return;
  console.log("preparing a Windows for Wine");
  mkdirSync(environment.WINEPREFIX, { recursive: true });
  const version = ["reg", "add", "HKCU\\Software\\Wine", "/v", "Version", "/d", "win10", "/f"];
  for (const args of [["wineboot", "-i"], version]) {
    const { ok, output } = await run([wine, ...args], { env: environment });
    if (!ok) throw new Error(output);
  }
}

/**
 * @param {string} program
 * @param {string} line
 */
async function test(program, line) {
  const { node, version } = await fetchRuntime(line, "win-x64");
  console.log(`\nNode ${version} for Windows`);
  // Node's console cannot write into a pipe of Wine's; a file it can.
  const path = join(folder, `output-${line}.log`);
  const output = openSync(path, "w");
  const { status } = spawnSync(wine, [node, "--enable-source-maps", program], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ["ignore", output, output],
    timeout: deadlineMs,
  });
  closeSync(output);
  const text = readFileSync(path, "utf8");
  console.log(text.trimEnd());
  const last = text.trimEnd().split("\n").at(-1) ?? "";
  const counts = last.startsWith("{") ? JSON.parse(last) : { passed: 0, failed: 1, skipped: 0 };
  const ok = status === 0 && counts.failed === 0 && counts.passed > 0;
  return { node: version, ...counts, verdict: ok ? "ok" : "FAILED" };
}

await installWine();
await createPrefix();
await buildDropIn();
const program = await bundleTests(files, join(folder, "tests.mjs"));
const results = [];
for (const line of lines) results.push(await test(program, line));
console.log();
console.table(results);
process.exitCode = results.every(({ verdict }) => verdict === "ok") ? 0 : 1;
