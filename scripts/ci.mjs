// Everything that must be green before a change goes in. The last line is the tally.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { performChecks } from "./checks.mjs";
import { npm, root, run } from "./command.mjs";
import { commandStep } from "./steps.mjs";

/**
 * Runs the test command of the README and counts from the runner's own report, not from its text.
 * @returns {Promise<{ passed: number, failed: number }>}
 */
async function test() {
  const report = join(root, ".cache/ci/tests.json");
  mkdirSync(join(root, ".cache/ci"), { recursive: true });
  rmSync(report, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { ok } = await run(npm(["test", "--", "--no-color", ...reporters]), { live: true });
  try {
    const counts = JSON.parse(readFileSync(report, "utf8"));
    const passed = counts.numPassedTests;
    // A file that breaks while it loads, or an error outside any test, has no failed test to count.
    const failed = counts.numFailedTests || (ok && passed > 0 ? 0 : 1);
    return { passed, failed };
  } catch {
    console.log("the test run left no report");
    return { passed: 0, failed: 1 };
  }
}

const steps = await performChecks([commandStep("lint", npm(["run", "--silent", "lint"]))]);
const tests = await test();

const passed = steps.passed + tests.passed;
const failed = steps.failed + tests.failed;
process.exitCode = failed === 0 ? 0 : 1;
console.log(`${passed} passed, ${failed} failed`);
