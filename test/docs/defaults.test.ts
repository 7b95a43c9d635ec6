// The numbers in the documents are those of the code.
import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { limits } from "../../packages/core/src/limits.ts";
import { defaults } from "../../packages/core/src/options.ts";
import { codeIn, section, tableRows, textOf } from "./markdown.ts";

const { Defaults, GuardedParser } = createRequire(import.meta.url)(
  "../../packages/node-ipc/index.js",
) as typeof import("../../packages/node-ipc/index.js");

const config = new Defaults();
const guarded = { ...config, ...new GuardedParser(config) };
const core = { ...limits, maxConnections: defaults.tcp.maxConnections };
// The `handshakeTimeoutMs` of a server is from the connection to the welcome, not that of TLS alone.
// And its mark is not that of a memory connection.
const endpoint = {
  ...limits,
  handshakeTimeoutMs: limits.welcomeTimeoutMs,
  highWaterMarkBytes: limits.peerHighWaterMarkBytes,
};

/** The value that a cell of a table means: `128 MiB`, `10,000`, `30 s`, `false`, `"fast"`, `none`. */
function valueOf(text: string): unknown {
  const bare = text.replaceAll("`", "").trim();
  const [, digits, unit] = /^([\d,]*\d)(?: (MiB|KiB|s|ms))?(?=$|[^\w,])/.exec(bare) ?? [];
  if (digits !== undefined) {
    const factor = { MiB: 1024 * 1024, KiB: 1024, s: 1_000, ms: 1 }[unit ?? "ms"] ?? Number.NaN;
    return Number(digits.replaceAll(",", "")) * factor;
  }
  if (bare.startsWith('"')) return JSON.parse(bare) as unknown;
  const [word] = bare.split(",");
  if (word === "none") return Number.POSITIVE_INFINITY;
  if (word === "true" || word === "false") return word === "true";
  throw new Error(`no test knows what the default "${text}" is`);
}

/** `key`, or `key: value`, as a name of the configuration. */
const nameOf = (code: string): string => code.split(":")[0] ?? "";

/** What the rows of a section's table claim: one entry for each key of the first cell. */
function claims(path: string, heading: string, column = 1): (readonly [string, unknown])[] {
  return tableRows(section(textOf(path), heading)).flatMap((cells) => {
    // `"assured"` is another value of the key before it.
    const names = codeIn(cells[0] ?? "")
      .filter((code) => /^\w/.test(code))
      .map(nameOf);
    const values = (cells[column] ?? "").split(", ");
    return names.map((name, index) => [name, valueOf(values[index] ?? "")] as const);
  });
}

const tables = [
  ["README.md", "Limits and security", 1, endpoint],
  ["docs/security.md", "Hostile peers", 1, endpoint],
  ["SECURITY.md", "Limits of the core", 1, core],
  ["SECURITY.md", "The drop-in", 1, config],
  ["docs/migrating-from-node-ipc.md", "The limits, and how to switch each off", 1, config],
  ["docs/migrating-from-node-ipc.md", "The limits, and how to switch each off", 2, guarded],
] as const;

describe.each(tables)("%s, %s, column %i", (path, heading, column, actual) => {
  test.each(claims(path, heading, column))("%s is %s", (name, value) => {
    expect(actual).toHaveProperty([name], value);
  });
});

test("the tables have all limits", () => {
  const isLimit = (name: string): boolean => /^max(?!Retries)|Timeout/.test(name);
  const all = Object.keys(config).filter(isLimit).sort();
  const told = claims(
    "docs/migrating-from-node-ipc.md",
    "The limits, and how to switch each off",
  ).map(([name]) => name);
  expect(told.sort()).toEqual(all);
  const secured = claims("SECURITY.md", "The drop-in").map(([name]) => name);
  expect(secured).toEqual(expect.arrayContaining(all));
});
