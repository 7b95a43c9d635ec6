// `npm run check`: types, unused code, and what the packages look like from outside.

import { checks } from "./checks.mjs";
import { npm } from "./command.mjs";
import { commandStep, performSteps } from "./steps.mjs";

// By itself: it writes what the checks read.
const build = await performSteps([commandStep("build", npm(["run", "--silent", "build"]))]);
const { failed } = await performSteps(checks);
process.exitCode = build.failed + failed === 0 ? 0 : 1;
