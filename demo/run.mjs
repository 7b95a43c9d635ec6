// npm run demo: processes that talk, over every transport, some of them the real node-ipc.
// `node demo/run.mjs tcp tls` plays these transports only.
import { certificatesIn } from "./certificates.mjs";
import { ROUND_TRIPS, WARM_UP } from "./conversation.mjs";
import { paintFor } from "./paint.mjs";
import { Progress } from "./progress.mjs";
import { scenarios, transports } from "./scenarios.mjs";
import { play } from "./stage.mjs";
import { grouped, header, peersOf, row, transportName } from "./table.mjs";
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

progress.print(`
  ${paint.bold("Myelin")} · @myelin/node-ipc beside the real node-ipc 9.2.1 and 14.0.0
  ${paint.dim(`every row: real processes, every message checked · Node ${process.version}, ${process.platform} ${process.arch}`)}

${header(paint)}`);

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

const skippedNote = total.skipped === 0 ? "" : `, ${total.skipped} not played (see above)`;
const sum = `${total.played} conversations, ${grouped(total.messages)} messages, ${seconds()} s${skippedNote}`;
console.log(
  total.wrong === 0
    ? `\n  ${paint.green("✓")} ${sum}. All arrived as they were sent${wanted.includes("udp") ? ", and in order (UDP promises none)" : ", and in order"}.`
    : `\n  ${paint.red("✗")} ${sum}. ${total.wrong} went wrong.`,
);
console.log(
  paint.dim(`
  client → server: who calls whom. Round trip: the median of ${ROUND_TRIPS - WARM_UP}, one at a time. Rate: a flood in
  each direction, with every message checked.`),
);
console.log(`
  Next: run two programs of your own, as README.md shows, or try examples/01-unix-basic.
`);
process.exitCode = total.wrong === 0 ? 0 : 1;
