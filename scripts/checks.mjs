// What `npm run check` and the continuous integration both check, beside lint and tests.
import { npm, run, tool } from "./command.mjs";
import { pack } from "./pack.mjs";
import { commandStep, performSteps } from "./steps.mjs";

/**
 * Checks one packed package. The tarball is made once, by whichever step comes first.
 * @param {"core" | "node-ipc"} name
 * @param {string} profile which resolvers must find the types: attw's name for the set
 * @returns {import("./steps.mjs").Step[]}
 */
function packageSteps(name, profile) {
  /** @type {ReturnType<typeof pack> | undefined} */
  let packed;
  const tarball = async () => (await (packed ??= pack(`packages/${name}`))).tarball;
  return [
    {
      name: `publint ${name}`,
      perform: async () => run(tool("publint", ["run", await tarball(), "--strict"])),
    },
    {
      name: `types of ${name} for every resolver (attw, ${profile})`,
      perform: async () =>
        run(
          tool(
            "@arethetypeswrong/cli",
            [await tarball(), "--profile", profile, "--no-emoji"],
            "attw",
          ),
        ),
    },
  ];
}

/** @type {readonly import("./steps.mjs").Step[]} */
const checks = [
  commandStep("types", tool("typescript", ["-b"], "tsc")),
  commandStep("unused code and dependencies (knip)", tool("knip", ["--no-progress"])),
  ...packageSteps("core", "esm-only"),
  ...packageSteps("node-ipc", "strict"),
];

/**
 * @param {readonly import("./steps.mjs").Step[]} before what is checked before them
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function performChecks(before = []) {
  // By itself: it writes what the checks read.
  const build = await performSteps([commandStep("build", npm(["run", "--silent", "build"]))]);
  const steps = await performSteps([...before, ...checks]);
  return { passed: build.passed + steps.passed, failed: build.failed + steps.failed };
}
