// npm run demo: processes that talk, over every transport, some of them the real node-ipc.
// `node demo/run.mjs tcp tls` plays these transports only.
import { certificatesIn } from "./certificates.mjs";
import { closing, opening } from "./frame.mjs";
import { paintFor } from "./paint.mjs";
import { Progress } from "./progress.mjs";
import { scenarios, transports } from "./scenarios.mjs";
import { play } from "./stage.mjs";
import { peersOf, row, transportName } from "./table.mjs";
import { Workspace } from "./workspace.mjs";

const wanted = process.argv.length > 2 ? process.argv.slice(2) : transports;
const stranger = wanted.find((name) => !transports.includes(name));
if (stranger !== undefined) {
  console.error(`No transport is called "${stranger}". There are: ${transports.join(", ")}.`);
  process.exit(2);
}

const startedAt = performance.now();
const seconds = () => ((performance.now() - startedAt) / 1_000).toFixed(1);
const paint = paintFor(process.stdout);
const progress = new Progress(process.stdout);
process.once("exit", () => progress.stop());
const workspace = new Workspace();
const certificates = wanted.includes("tls") ? certificatesIn(workspace.folder) : {};
const rows = scenarios(wanted, { certificates });

progress.print(opening(paint));

const total = { messages: 0, played: 0, skipped: 0, wrong: 0 };
let transport;
for (const [index, scenario] of rows.entries()) {
  const name = `${transportName(scenario.transport)}  ${peersOf(scenario)}`;
  progress.show(() => `${name}   ${index + 1} of ${rows.length}   ${seconds()} s`);
  const skipped = scenario.skip !== undefined;
  const result = skipped ? { messages: 0 } : await play(scenario, workspace, certificates);
  total.messages += result.messages;
  total[skipped ? "skipped" : "played"]++;
  if (result.problem !== undefined) total.wrong++;
  progress.print(row(scenario, result, { first: scenario.transport !== transport, paint }));
  transport = scenario.transport;
}
progress.stop();

console.log(closing({ ...total, seconds: seconds(), datagrams: wanted.includes("udp") }, paint));
process.exitCode = total.wrong === 0 ? 0 : 1;
