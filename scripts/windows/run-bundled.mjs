// Runs test files that are bundled into this program, with vitest's own runner and matchers. What
// is missing is vitest's main process, whose native parts for Windows are not installed.
import { startTests } from "@vitest/runner";

/** @typedef {import("@vitest/runner").File | import("@vitest/runner").Suite | import("@vitest/runner").Test} Task */

/**
 * @param {Record<string, () => Promise<unknown>>} files the import of each test file
 */
export async function runBundled(files) {
  const config = {
    root: ".",
    setupFiles: [],
    name: undefined,
    passWithNoTests: false,
    testNamePattern: undefined,
    allowOnly: false,
    sequence: {
      seed: 1,
      hooks: /** @type {const} */ ("stack"),
      setupFiles: /** @type {const} */ ("list"),
    },
    chaiConfig: undefined,
    maxConcurrency: 5,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    retry: 0,
    includeTaskLocation: false,
    tags: [],
    tagsFilter: undefined,
    strictTags: false,
  };
  // Where the matchers look for their settings and for what is mocked.
  Object.assign(globalThis, {
    __vitest_worker__: {
      config: { ...config, expect: {}, snapshotOptions: {} },
      current: undefined,
    },
  });
  const counts = { passed: 0, failed: 0, skipped: 0 };
  // As under vitest: what no test catches is a failure, and the others still run.
  process.on("uncaughtException", (error, origin) => {
    counts.failed += 1;
    console.log(`FAILED  ${origin}, caught by no test`);
    console.log(error.stack);
  });
  const results = await startTests(Object.keys(files), {
    config,
    importFile: async (file) => {
      await files[file]?.();
    },
  });
  for (const file of results) report(file, file.name, counts);
  console.log(JSON.stringify(counts));
}

/**
 * @param {Task} task
 * @param {string} title
 * @param {{ passed: number, failed: number, skipped: number }} counts
 */
function report(task, title, counts) {
  const { state, errors = [], duration = 0 } = task.result ?? {};
  if ("tasks" in task) {
    for (const child of task.tasks) report(child, `${title} > ${child.name}`, counts);
  } else if (state === "pass") {
    counts.passed += 1;
    console.log(`ok      ${title}  (${Math.round(duration)} ms)`);
    return;
  } else if (state !== "fail") {
    counts.skipped += 1;
    return;
  }
  // A suite or a file fails by itself when a hook or its import throws.
  if (errors.length === 0 && !(state === "fail" && !("tasks" in task))) return;
  counts.failed += 1;
  console.log(`FAILED  ${title}`);
  for (const { stack, message, diff } of errors) {
    console.log(stack ?? message);
    if (diff !== undefined) console.log(diff);
  }
}
