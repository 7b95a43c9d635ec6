// npm run bench: Myelin's drop-in beside the real node-ipc, and Myelin beside other libraries, both beside
// `node:net` written by hand, in one run. Fails when a message is lost, doubled or changed. bench/README.md says how to read it.
import { writeFileSync } from "node:fs";
import { installLibraries } from "./install.mjs";
import { isBusy, load, machine, machineLine } from "./machine.mjs";
import { measure } from "./measure.mjs";
import { optionsOf, usage } from "./options.mjs";
import { peerOf } from "./peers.mjs";
import { scenarios } from "./scenarios.mjs";
import { scenarioTable } from "./table.mjs";
import { Targets } from "./targets.mjs";
import { summarize, verdictOf } from "./verdict.mjs";

const options = optionsOf(process.argv.slice(2));
if (options.help) {
  console.log(usage);
  process.exit();
}

const chosen = scenarios
  .filter(({ name }) => options.only === undefined || options.only.includes(name))
  .map((scenario) => ({ scenario, peers: peersOf(scenario) }))
  .filter(({ peers }) => peers.length > 0);
if (chosen.some(({ peers }) => peers.some(({ isLibrary }) => isLibrary))) installLibraries();

const startedAt = performance.now();
const targets = new Targets();
const report = { machine: machine(), options, loadBefore: load(), scenarios: [] };
const problems = [];

console.log(machineLine(report.machine));
console.log(
  `${options.rounds} round${options.rounds === 1 ? "" : "s"}, medians; spread: the smallest and largest ratio of a round`,
);
if (options.quick) console.log("--quick: every message is checked, the speeds mean little");
else if (isBusy()) {
  console.log(`The machine is not idle (load ${load().toFixed(1)}): the speeds mean little.`);
}

for (const { scenario, peers } of chosen) {
  const settings = { ...scenario.settings, ...(options.quick ? scenario.quick : undefined) };
  try {
    const results = await measure({
      ...{ scenario, settings, peers, targets, rounds: options.rounds },
      onProgress: (text) => progress(`${scenario.name}: ${text}`),
    });
    tell(scenario, peers, results);
  } catch (error) {
    progress("");
    problems.push(`${scenario.name}: ${error.message}`);
    console.log(`\n${scenario.title}\n  WRONG: ${error.message}`);
  }
}

if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify({ ...report, problems }, undefined, 2)}\n`);
}
conclude();

/** The scenario's own peers, or of those that the command line names the ones that fit, and every guest. */
function peersOf(scenario) {
  const own = (options.long && scenario.longPeers) || scenario.peers;
  const peers = (options.peers ?? own).map(peerOf);
  return peers.filter(({ name, guest }) => guest || own.includes(name));
}

function tell(scenario, peers, results) {
  progress("");
  const against = results[scenario.against];
  const summaries = Object.fromEntries(
    peers.map(({ name }) => [name, summarize(results[name], against)]),
  );
  const verdict = options.quick ? undefined : verdictOf(scenario, summaries["ours"]);
  const titleOf = (name) => peerOf(name).title;
  console.log(`\n${scenarioTable({ scenario, peers, summaries, verdict, titleOf })}`);
  const { name, title, goal, against: comparedWith } = scenario;
  report.scenarios.push({ name, title, goal, against: comparedWith, verdict, peers: summaries });
}

/** On the terminal only, and nothing that moves: an animation would be measured, too. */
function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[2K${text}`);
}

function conclude() {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
  const missed = report.scenarios.filter(({ verdict }) => verdict === "missed");
  const met = report.scenarios.filter(({ verdict }) => verdict === "met");
  console.log(
    problems.length === 0
      ? `\nEvery message arrived once, in order and unchanged. ${seconds} s`
      : `\n${problems.length} wrong. ${seconds} s\n${problems.map((text) => `  ${text}`).join("\n")}`,
  );
  if (met.length + missed.length > 0) {
    const names =
      missed.length === 0 ? "" : `; missed: ${missed.map(({ name }) => name).join(", ")}`;
    console.log(`Goals met: ${met.length} of ${met.length + missed.length}${names}`);
  }
  process.exitCode = problems.length > 0 || (options.assert && missed.length > 0) ? 1 : 0;
}
