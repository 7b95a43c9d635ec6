// `npm run check`: types, unused code, and what the packages look like from outside.

import { performChecks } from "./checks.mjs";

const { failed } = await performChecks();
process.exitCode = failed === 0 ? 0 : 1;
