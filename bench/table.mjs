// The tables that a person reads.
const grouped = (number) => Math.round(number).toLocaleString("en-US");
const megabytes = (bytes) => `${(bytes / (1024 * 1024)).toFixed(0)} MiB`;
const times = (ratio) => (Math.abs(ratio) < 10 ? ratio.toFixed(2) : ratio.toFixed(1));

const units = {
  "messages/s": grouped,
  "deliveries/s": grouped,
  "calls/s": grouped,
  "items/s": grouped,
  "MB/s": grouped,
  us: (value) => `${value.toFixed(1)} us`,
  x: (value) => `${times(value)} x`,
  bytes: (value) => (Math.abs(value) < 1e6 ? `${grouped(value)} bytes` : megabytes(value)),
};

/** What is told beside the value, under which name. */
const details = {
  driverCpu: ["CPU sending", (value) => `${value.toFixed(2)} us`],
  othersCpu: ["receiving", (value) => `${value.toFixed(2)} us`],
  p99: ["p99", units.us],
  smallSeconds: ["small", (value) => `${value.toFixed(3)} s`],
  largeSeconds: ["large", (value) => `${value.toFixed(3)} s`],
  heapBytes: ["heap", units.bytes],
  rate: ["messages/s", grouped],
};

function goalText({ goal, unit, against }, titleOf) {
  const [key, { atLeast, atMost }] = Object.entries(goal)[0];
  const bound =
    atLeast === undefined ? `<= ${bare(key, atMost, unit)}` : `>= ${bare(key, atLeast, unit)}`;
  return key === "ratio" ? `${bound} times ${titleOf(against)}` : bound;
}

const bare = (key, bound, unit) => (key === "ratio" ? bound : units[unit](bound));

/** @param summaries for each peer, by name */
export function scenarioTable({ scenario, peers, summaries, verdict, titleOf }) {
  const { unit, against } = scenario;
  const kinds = Object.keys(summaries[peers[0].name].details);
  const head = ["", unit === "us" ? "p50" : unit, ...kinds.map((kind) => details[kind][0])];
  if (against !== undefined) head.push(`x ${titleOf(against)}`, "spread");
  const rows = peers.map(({ name, title }) => {
    const { value, details: told, ratio, spread } = summaries[name];
    const cells = [title, units[unit](value), ...kinds.map((kind) => details[kind][1](told[kind]))];
    if (against === undefined) return cells;
    if (ratio === undefined) return [...cells, "-", "-"];
    const range = name === against ? "" : `${times(spread[0])}..${times(spread[1])}`;
    return [...cells, times(ratio), range];
  });
  const lines = [scenario.title, ...aligned([head, ...rows])];
  if (scenario.goal !== undefined) {
    const outcome = verdict === undefined ? "" : `  ->  ${verdict}`;
    lines.push(`  goal for ours: ${goalText(scenario, titleOf)}${outcome}`);
  }
  return lines.join("\n");
}

function aligned(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => {
    const cells = row.map((text, column) =>
      column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column]),
    );
    return `  ${cells.join("   ")}`.trimEnd();
  });
}
