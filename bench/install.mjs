// Installs the libraries that Myelin is compared with, when a run needs them for the first time: nobody
// who only builds or tests has to download them.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const npmWrites = file("node_modules/.package-lock.json");

/** As text, of what is installed or will be. */
export function versionOf(name) {
  return JSON.parse(readFileSync(file("package.json"), "utf8")).dependencies[name];
}

function isInstalled() {
  if (!existsSync(npmWrites)) return false;
  return statSync(npmWrites).mtimeMs >= statSync(file("package-lock.json")).mtimeMs;
}

/** Does nothing when they are there. Runs no scripts of theirs. */
export function installLibraries() {
  if (isInstalled()) return;
  console.log("Installing the libraries to compare with, into bench/node_modules");
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
  const { status, error } = spawnSync("npm", args, {
    cwd: file("."),
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  if (status === 0) return;
  console.error(`npm ci in bench/ failed${error === undefined ? "" : `: ${error.message}`}.`);
  console.error("Without it only --only and --peers that need none of them can run.");
  process.exit(2);
}
