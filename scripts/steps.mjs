// Steps of a check: each prints one line, a failing one its output too.
import { stripVTControlCharacters } from "node:util";
import { run } from "./command.mjs";

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {() => Promise<{ ok: boolean, output: string }>} perform
 */

/**
 * A step that runs one command line.
 * @param {string} name
 * @param {readonly string[]} line
 * @returns {Step}
 */
export function commandStep(name, line) {
  return { name, perform: () => run(line) };
}

/**
 * Performs the steps one after another; a failing one does not stop the others.
 * @param {readonly Step[]} steps
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function performSteps(steps) {
  let passed = 0;
  let failed = 0;
  for (const { name, perform } of steps) {
    const start = performance.now();
    const { ok, output } = await perform().catch((error) => ({ ok: false, output: `${error}\n` }));
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${ok ? "ok    " : "FAILED"}  ${name}  (${seconds} s)`);
    if (ok) passed += 1;
    else {
      failed += 1;
      // Some tools colour their output wherever CI is set.
      console.log(stripVTControlCharacters(output).trimEnd().replaceAll(/^/gm, "        "));
    }
  }
  return { passed, failed };
}
