// `npm run memory`: floods real processes in every way that the tests know, and tells how much memory
// that took at both ends. Some minutes; the usual tests run a few of them.
import { run, tool } from "./command.mjs";

const { ok } = await run(tool("vitest", ["run", "packages/core/test/limits/memory.test.ts"]), {
  env: { MEMORY: "all" },
  live: true,
});
if (!ok) process.exitCode = 1;
