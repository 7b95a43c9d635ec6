// What stands above and below the table.
import { ROUND_TRIPS, WARM_UP } from "./conversation.mjs";
import { grouped, header } from "./table.mjs";

export function opening(paint) {
  const { version, platform, arch } = process;
  const where = `Node ${version}, ${platform} ${arch}`;
  return `
  ${paint.bold("Myelin")} · the library, and @myelin/node-ipc beside the real node-ipc 9.2.1 and 14.0.0
  ${paint.dim(`every row: real processes, every message checked · ${where}`)}

${header(paint)}`;
}

/** The sum of it all, what the columns mean, and what to do next. */
export function closing({ played, skipped, wrong, messages, seconds, datagrams }, paint) {
  const facts = [`${played} conversations`, `${grouped(messages)} messages`, `${seconds} s`];
  if (skipped > 0) facts.push(`${skipped} not played (see above)`);
  const order = datagrams ? "in order (UDP promises none)" : "in order";
  const sum =
    wrong === 0
      ? `${paint.green("✓")} ${facts.join(", ")}. All arrived as they were sent, and ${order}.`
      : `${paint.red("✗")} ${facts.join(", ")}. ${wrong} went wrong.`;
  const legend = `client → server: who calls whom. Round trip: the median of ${ROUND_TRIPS - WARM_UP}, one at a time.
  Rate: a flood in each direction, with every message checked. “ours” is the drop-in, “myelin” the library.`;
  return `
  ${sum}

  ${paint.dim(legend)}

  Next: docs/getting-started.md has the first typed call, docs/migrating-from-node-ipc.md switches a
  project in five lines, examples/README.md lists a small program for every idea:
  ${paint.bold("node examples/01-unix-basic/server.mjs")}
`;
}
