// `npm run soak`: the traffic of the chaos for as long as wanted, and a look at the process after each
// round: memory, handles and counts stay level. Needs --expose-gc, and starts itself anew with it.
//
//   --minutes 30   how long; --round 20: seconds between two looks
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chaosFolder, loadSoakRun } from "./load-chaos.mjs";

if (globalThis.gc === undefined) {
  const args = ["--expose-gc", fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  process.exit(status ?? 1);
}

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    round: { type: "string", default: "20" },
    seed: { type: "string" },
  },
});
const minutes = Number(values.minutes);
const roundSeconds = Number(values.round);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
if (!(minutes > 0) || !(roundSeconds > 0) || !Number.isSafeInteger(seed)) {
  console.error("soak: --minutes and --round are numbers, --seed is a whole one");
  process.exit(2);
}

const soakRun = await loadSoakRun(chaosFolder());
console.log(`seed ${seed}`);
const since = performance.now();
const faults = await soakRun({
  seed,
  minutes,
  roundSeconds,
  onRound: ({ calls, events, handles, heapMiB, rssMiB }) => {
    const at = Math.round((performance.now() - since) / 1000);
    const counts = `${events} events, ${calls} calls`;
    console.log(`${at} s: ${rssMiB} MiB, heap ${heapMiB} MiB, ${handles} handles, ${counts}`);
  },
});
for (const what of faults.slice(0, 20)) console.error(what);
process.exitCode = faults.length === 0 ? 0 : 1;
