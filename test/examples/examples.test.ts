// Every example is run as its README says, and must print what its README shows.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeCertificates } from "../../examples/tls-certificates/make.mjs";
import { freePort } from "../support/free-port.ts";
import { writeOwnCore } from "./own-core.ts";
import { sessionsOf } from "./readme-sessions.ts";
import { Terminal } from "./terminal.ts";

const examples = new URL("../../examples/", import.meta.url);
const folders = readdirSync(examples, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "tls-certificates")
  .map((entry) => entry.name)
  .sort();

// The variables by which the examples let their ports be chosen.
const portVariables = [
  "PORT",
  "WORLD_PORT",
  "HELLO_PORT",
  "HUB_PORT",
  "ADA_PORT",
  "GRACE_PORT",
  "LINUS_PORT",
];

/** Made by the test beforehand, into a folder of its own. */
const makesCertificates = "node examples/tls-certificates/make.mjs";

const folder = mkdtempSync(join(tmpdir(), "example-"));
const certificates = join(folder, "certificates");
beforeAll(async () => {
  makeCertificates(certificates);
  await writeOwnCore(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An environment in which an example meets nobody but itself. */
async function environment(): Promise<Record<string, string>> {
  const ports = await Promise.all(
    portVariables.map(async (name) => [name, String(await freePort())] as const),
  );
  return {
    ...Object.fromEntries(ports),
    SOCKET_ROOT: mkdtempSync(join(folder, "s-")) + sep,
    MYELIN_DIR: mkdtempSync(join(folder, "m-")),
    NODE_OPTIONS: `--import=${pathToFileURL(join(folder, "own-core.mjs")).href}`,
    CERTIFICATES: certificates,
  };
}

/** Opens one terminal after the other, as a reader would, and gives back what each of them showed. */
async function play(
  commands: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<readonly Terminal[]> {
  const env = { ...(await environment()), ...more };
  const terminals: Terminal[] = [];
  try {
    for (const command of commands) {
      const terminal = new Terminal(command, env);
      terminals.push(terminal);
      // What prints nothing at all (a compiler) has ended by then.
      await terminal.started();
    }
    await Promise.all(terminals.map((terminal) => terminal.ended()));
  } finally {
    await Promise.all(terminals.map((terminal) => terminal.close()));
  }
  return terminals;
}

describe.each(folders)("examples/%s", (name) => {
  const readme = new URL(`${name}/README.md`, examples);
  const sessions = sessionsOf(readme).filter(({ command }) => command !== makesCertificates);

  test("prints what its README shows", async () => {
    expect(sessions).not.toHaveLength(0);
    const terminals = await play(sessions.map(({ command }) => command));
    expect(terminals.map(({ text }) => text)).toEqual(sessions.map(({ output }) => output));
  });

  test("shows all of its programs in its README", () => {
    const programs = readdirSync(new URL(`${name}/`, examples)).filter((file) =>
      /^(server|client|.*\.[mc]js$)/.test(file),
    );
    const run = sessions.map(({ command }) => command.split(" ")[1] ?? "").join(" ");
    const sources = programs.map((file) =>
      readFileSync(new URL(`${name}/${file}`, examples), "utf8"),
    );
    for (const program of programs) {
      // Another program imports or starts it.
      const uses = [` from "./${program}"`, `new URL("${program}", import.meta.url)`];
      if (sources.some((source) => uses.some((use) => source.includes(use)))) continue;
      expect(run, `${program} is run by no session`).toContain(
        program.endsWith(".ts") ? program.replace(/\.ts$/, ".js") : program,
      );
    }
  });

  test("stands in the list of examples", () => {
    expect(readFileSync(new URL("README.md", examples), "utf8")).toContain(`](${name})`);
  });
});

test("the old log styles are colours", async () => {
  const [log] = await play(["node examples/20-log-colors/log.mjs"], { FORCE_COLOR: "1" });
  for (const style of ["good", "notice", "warn", "error", "debug"]) {
    // Whatever the theme says: some colour before the word, and its end after it.
    const [before, after] = log?.printed.split(style) ?? [];
    expect(before?.endsWith("m"), style).toBe(true);
    expect(after?.startsWith("\u001B["), style).toBe(true);
  }
});
