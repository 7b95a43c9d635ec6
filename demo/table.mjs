// The table that the demo prints, row by row as the results come in.

const columns = [
  { title: "transport", width: 9 },
  { title: "client → server", width: 16 },
  { title: "messages", width: 8, right: true },
  { title: "round trip", width: 10, right: true },
  { title: "rate", width: 11, right: true },
  { title: "verdict", width: 7 },
];

const cell = (text, { width, right }) => (right ? text.padStart(width) : text.padEnd(width));
const line = (cells) => `  ${cells.join("  ")}`.trimEnd();

export function header(paint) {
  const titles = columns.map((column) => cell(column.title, column));
  const rules = columns.map(({ width }) => "─".repeat(width));
  return [line(titles), line(rules)].map((text) => paint.dim(text)).join("\n");
}

/** The transport is named on its first row only, after an empty line. */
export function row(scenario, result, { first, paint }) {
  const { messages, roundTripMs, perSecond, problem } = result;
  const figures =
    messages > 0 ? [grouped(messages), duration(roundTripMs), rate(perSecond)] : ["–", "–", "–"];
  const texts = [first ? transportName(scenario.transport) : "", peersOf(scenario), ...figures];
  const cells = texts.map((text, index) => cell(text, columns[index]));
  cells[0] = paint.bold(cells[0]);
  return line([...cells, verdict(scenario, problem, paint)]);
}

export function peersOf({ clients, server }) {
  const caller = clients.length > 1 ? `${clients.length} clients` : clients[0].name;
  return `${caller} → ${server.name}`;
}

export function transportName(transport) {
  return transport === "unix" && process.platform === "win32" ? "pipe" : transport;
}

export const grouped = (number) => Math.round(number).toLocaleString("en-US");

function verdict({ skip, clients, server }, problem, paint) {
  if (skip !== undefined) return paint.yellow(`– not played: ${skip}`);
  if (problem !== undefined) return paint.red(`✗ ${problem}`);
  if (server.name === "myelin") return paint.green("✓ calls, events, streams");
  if (clients.length === 1) return paint.green("✓");
  return paint.green(`✓ broadcast to ${clients.map(({ name }) => name).join(", ")}`);
}

const duration = (ms) => (ms === undefined ? "–" : `${grouped(ms * 1_000)} µs`);
const rate = (perSecond) => `${grouped(perSecond)}/s`;
