// Starts the tools of this repository without a shell, so that Windows runs the same lines.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * A command line that runs a tool of an installed package with this very Node.
 * @param {string} packageName
 * @param {string[]} args
 * @param {string} [command] the name in the package's `bin`, where it has several
 */
export function tool(packageName, args, command = packageName.replace(/^@.*\//, "")) {
  const folder = join(root, "node_modules", packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return [process.execPath, join(folder, typeof bin === "string" ? bin : bin[command]), ...args];
}

/**
 * A command line for npm: the one that runs this script, else the one beside this Node.
 * @param {string[]} args
 */
export function npm(args) {
  const script = process.env["npm_execpath"];
  if (script?.endsWith(".js")) return [process.execPath, script, ...args];
  return process.platform === "win32" ? ["cmd", "/c", "npm", ...args] : ["npm", ...args];
}

/**
 * Runs a command line to its end.
 * @param {readonly string[]} line
 * @param {{ cwd?: string, env?: Record<string, string>, live?: boolean }} [options]
 *   `live`: the output goes to this terminal as it comes, instead of into the result
 * @returns {Promise<{ ok: boolean, stdout: string, output: string }>}
 *   `output` is what came on both channels, in the order it came
 */
export function run(line, { cwd = root, env = {}, live = false } = {}) {
  const [file = "", ...args] = line;
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", live ? "inherit" : "pipe", live ? "inherit" : "pipe"],
    });
    let stdout = "";
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      output += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    child.on("error", (error) => resolve({ ok: false, stdout, output: `${output}${error}\n` }));
    child.on("close", (code) => resolve({ ok: code === 0, stdout, output }));
  });
}
