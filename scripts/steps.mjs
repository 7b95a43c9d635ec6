// Steps of a check: each prints one line, a failing one its output too.
import { stripVTControlCharacters } from "node:util";
import { run } from "./command.mjs";

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {() => Promise<{ ok: boolean, output: string }>} perform
 */

/** How many run side by side: most of what they do is done by one thread. */
const lanes = 2;

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
 * Performs one step and prints how it went.
 * @param {Step} step
 * @returns {Promise<boolean>}
 */
async function performStep({ name, perform }) {
  const start = performance.now();
  const { ok, output } = await perform().catch((error) => ({ ok: false, output: `${error}\n` }));
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${ok ? "ok    " : "FAILED"}  ${name}  (${seconds} s)`);
  // Some tools colour their output wherever CI is set.
  if (!ok) console.log(stripVTControlCharacters(output).trimEnd().replaceAll(/^/gm, "        "));
  return ok;
}

/**
 * Performs the steps, begun in this order; a failing one does not stop the others.
 * @param {readonly Step[]} steps
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function performSteps(steps) {
  let passed = 0;
  const waiting = [...steps];
  const lane = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      if (await performStep(step)) passed += 1;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { passed, failed: steps.length - passed };
}
