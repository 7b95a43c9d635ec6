// `npm run chaos`: breaks connections and kills processes, thousands of them, while all sides talk,
// and accounts for every message. It prints its seed; with `--seed` a run draws from the same numbers, though
// which fault meets what depends on how fast the machine is.
//
//   --faults 6000   connections to break in each of the three runs within this process
//   --kills 300     processes to kill in each of the two runs of several processes
//   --only NAME     one of the runs alone
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chaosFolder, loadOneProcessRun, loadProcessRun } from "./load-chaos.mjs";

const { values } = parseArgs({
  options: {
    faults: { type: "string", default: "6000" },
    kills: { type: "string", default: "300" },
    only: { type: "string" },
    seed: { type: "string" },
  },
});
const faults = Number(values.faults);
const kills = Number(values.kills);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
if (![faults, kills, seed].every(Number.isSafeInteger)) {
  console.error("chaos: --faults, --kills and --seed are whole numbers");
  process.exit(2);
}

const folder = chaosFolder();
const oneProcessRun = await loadOneProcessRun(folder);
const { party, processRun } = await loadProcessRun(folder);

/** @param {"unix" | "tcp"} kind */
const killing = (kind) => async () =>
  processRun({ seed, kills, kind, folder: mkdtempSync(join(folder, "k")), party });

const runs = {
  resume: () => oneProcessRun({ seed, faults, windowMs: 30_000, isLossless: true }),
  expire: () => oneProcessRun({ seed, faults, windowMs: 15, isLossless: false }),
  unix: () => oneProcessRun({ seed, faults, windowMs: 0, isLossless: false, folder }),
  "kill-unix": killing("unix"),
  "kill-tcp": killing("tcp"),
};

console.log(`seed ${seed}`);
let failed = 0;
for (const [name, run] of Object.entries(runs)) {
  if (values.only !== undefined && values.only !== name) continue;
  const since = performance.now();
  const { faults: found, ...counts } = await run();
  const seconds = Math.round((performance.now() - since) / 1000);
  console.log(`${name}: ${seconds} s, ${JSON.stringify(counts)}`);
  for (const what of found.slice(0, 20)) console.error(`  ${what}`);
  if (found.length === 0) continue;
  failed += 1;
  console.error(`  ${found.length} in all; again: npm run chaos -- --only ${name} --seed ${seed}`);
}
process.exitCode = failed === 0 ? 0 : 1;
