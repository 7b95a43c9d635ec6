// `npm run check`: types, unused code, and what the packages look like from outside.

import { checks } from "./checks.mjs";
import { npm } from "./command.mjs";
import { commandStep, performSteps } from "./steps.mjs";

const build = commandStep("build", npm(["run", "--silent", "build"]));
const { failed } = await performSteps([build, ...checks]);
process.exitCode = failed === 0 ? 0 : 1;
