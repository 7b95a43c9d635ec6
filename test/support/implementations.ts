// Which node-ipcs a test can run: ours, and every real version that programs out there depend on.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const ours = fileURLToPath(new URL("../../packages/node-ipc/index.js", import.meta.url));

// The name that tests and their failures use, and the alias that package.json installs it under.
const real = [
  ["node-ipc@9.2.1", "node-ipc-9"],
  ["node-ipc@10.1.0", "node-ipc-10"],
  ["node-ipc@12.0.0", "node-ipc-12"],
  ["node-ipc@14.0.0", "node-ipc-14"],
  ["@achrinza/node-ipc@9.2.10", "achrinza-node-ipc-9"],
  ["@achrinza/node-ipc@10.1.11", "achrinza-node-ipc-10"],
] as const;

export type RealImplementation = (typeof real)[number][0];
export type Implementation = RealImplementation | "ours";

/** The Node.js that programs run on; `MYELIN_NODE` names another one than the tests' own. */
export const nodeBinary: string = process.env["MYELIN_NODE"] || process.execPath;

const nodeCanRequireModules = execFileSync(
  nodeBinary,
  ["-p", "process.features.require_module === true"],
  { encoding: "utf8" },
).startsWith("true");

/** Whether `nodeBinary` can load it: 14.0.0 is an ES module only, which older releases cannot require. */
export function canRun(implementation: Implementation): boolean {
  return implementation !== "node-ipc@14.0.0" || nodeCanRequireModules;
}

export const allRealImplementations: readonly RealImplementation[] = real.map(([name]) => name);

/** Every real version that runs here. */
export const realImplementations: readonly RealImplementation[] =
  allRealImplementations.filter(canRun);

/** The name or path for `require` in the program's process. */
export function moduleOf(implementation: Implementation): string {
  return real.find(([name]) => name === implementation)?.[1] ?? ours;
}
