// `npm run fuzz`: says to sessions what no peer should, a few million frames of it, and checks that
// nothing comes of it but messages or a coded end. It prints its seed; with `--seed` a run repeats.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import fc from "fast-check";
import { root } from "./command.mjs";

const attacksPerRound = 2_000;
/** More than sessions of this size could ever need, all of them dead but one. */
const maxRssBytes = 768 * 1024 * 1024;

const { values } = parseArgs({
  options: { frames: { type: "string", default: "3000000" }, seed: { type: "string" } },
});
const wantedFrames = Number(values.frames);
const firstSeed = Number(values.seed ?? Date.now() % 2 ** 31);
if (!Number.isSafeInteger(wantedFrames) || !Number.isSafeInteger(firstSeed)) {
  console.error("fuzz: --frames and --seed are whole numbers");
  process.exit(2);
}

/** The tests' own attack, as a module that plain Node reads. */
async function loadAttack() {
  const folder = mkdtempSync(join(tmpdir(), "myelin-fuzz-"));
  const outfile = join(folder, "attack.mjs");
  try {
    await build({
      entryPoints: [join(root, "packages/core/test/session/hostile-run.ts")],
      outfile,
      bundle: true,
      platform: "node",
      target: "node20",
      format: "esm",
      conditions: ["@myelin/source"],
      sourcemap: "inline",
      logLevel: "warning",
    });
    /** @type {typeof import("../packages/core/test/session/hostile-run.ts")} */
    const loaded = await import(pathToFileURL(outfile).href);
    return loaded;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { attack, attacks, faultsOf, piecesOf, recordedFrames } = await loadAttack();
const recorded = await recordedFrames();
/** @type {Map<string, number>} */
const ends = new Map();
let frames = 0;

/** @param {number} seed */
async function round(seed) {
  const property = fc.asyncProperty(attacks, async (change) => {
    const pieces = piecesOf(recorded, change);
    const outcome = await attack(pieces);
    frames += outcome.frames;
    const end = outcome.byGoodbye ? "its own goodbye" : (outcome.end ?? "not at all");
    ends.set(end, (ends.get(end) ?? 0) + 1);
    const faults = faultsOf(outcome, pieces);
    if (faults.length > 0) throw new Error(faults.join("; "));
  });
  return fc.check(property, { seed, numRuns: attacksPerRound });
}

console.log(`seed ${firstSeed}`);
for (let seed = firstSeed; frames < wantedFrames; seed += 1) {
  const details = await round(seed);
  const rss = process.memoryUsage().rss;
  if (details.failed) {
    console.error(fc.defaultReportMessage(details));
    console.error(`again: npm run fuzz -- --seed ${seed} --frames 1`);
    process.exit(1);
  }
  if (rss > maxRssBytes) {
    console.error(`${Math.round(rss / 2 ** 20)} MiB are held after ${frames} frames`);
    process.exit(1);
  }
  console.log(`${frames} frames, ${Math.round(rss / 2 ** 20)} MiB, next seed ${seed + 1}`);
}
console.log("sessions ended by");
for (const [end, count] of [...ends].sort(([, one], [, other]) => other - one)) {
  console.log(`  ${end}: ${count}`);
}
