// The programs for newcomers, in a project of theirs with the package as it is published and the tsconfig.json that the
// page shows, letter for letter: they compile, and run where Node does not read TypeScript.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root, run, tool } from "../../scripts/command.mjs";
import { type Block, blocksOf, textOf } from "../docs/markdown.ts";
import { commandsOf, programOf } from "../docs/story.ts";
import { until, within } from "../support/within.ts";
import { packCore } from "./core-package.ts";
import { Project } from "./project.ts";
import { startRegistry } from "./registry.ts";

const page = "docs/getting-started.md";
const advised = blocksOf(textOf(page)).find(({ language }) => language === "jsonc")?.code ?? "";

interface FirstProgram {
  readonly programs: readonly Block[];
  /** What the client prints. */
  readonly output: string;
}

/** The contract, the server and the client that a page begins with, and what they print. */
function firstOf(path: string, heading: string): FirstProgram {
  const blocks = blocksOf(textOf(path)).filter((each) => each.heading === heading);
  const client = blocks.filter(({ language }) => language === "console").flatMap(commandsOf)[1];
  const programs = blocks.filter((block) => programOf(block)?.endsWith(".ts"));
  return { programs, output: client?.output ?? "" };
}

const pages: [string, FirstProgram][] = [
  ["README.md", firstOf("README.md", "A typed server and its client")],
  [page, firstOf(page, "TypeScript")],
];

/** Where the programs are, and the settings with that. */
const places: [string, string][] = [
  ["", advised],
  ["src/", advised.replace('"rootDir": "."', '"rootDir": "src"')],
];

let project: Project;

beforeAll(async () => {
  project = await Project.create({ type: "module", dependencies: { myelin: "*" } });
  await using registry = await startRegistry([await packCore(join(project.folder, "tarballs"))]);
  expect(await project.npm(["install"], registry.url)).toMatchObject({ ok: true });
  await mkdir(join(project.folder, "node_modules/@types"), { recursive: true });
  const types = "node_modules/@types/node";
  await symlink(join(root, types), join(project.folder, types), "junction");
}, 120_000);

afterAll(() => project[Symbol.asyncDispose]());

test("the page says where the programs are", () => {
  expect(advised).toContain('"rootDir": "."');
});

/** Runs the compiled server, and the client while it listens; what both print from then on, the client's first. */
async function runClient(folder: string, expected: string): Promise<string> {
  const env = { MYELIN_DIR: project.folder };
  const server = spawn(process.execPath, ["out/server.js"], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = once(server, "close");
  try {
    const [said] = await within("the server listens", once(server.stdout, "data"));
    expect(String(said)).toContain("listening");
    let later = "";
    server.stdout.on("data", (text) => (later += String(text)));
    const { output } = await run([process.execPath, "out/client.js"], { cwd: folder, env });
    await until("the server prints its part", () => (output + later).length >= expected.length);
    return output + later;
  } finally {
    server.kill();
    await gone;
  }
}

let count = 0;

describe.each(pages)("of %s", (_, { programs, output }) => {
  // Where the programs are is nothing to the older compiler, which takes long.
  const cases = places.flatMap(([place, settings]) => {
    const compilers = place === "" ? ["typescript", "typescript-5.9"] : ["typescript"];
    return compilers.map((compiler) => ({ compiler, place, settings }));
  });
  test.each(cases)(
    "compile with $compiler in “$place”, and run",
    { timeout: 120_000 },
    async ({ compiler, place, settings }) => {
      expect(programs.map(programOf)).toEqual(["contract.ts", "server.ts", "client.ts"]);
      const own = `${++count}`;
      for (const block of programs) {
        await project.write(`${own}/${place}${programOf(block)}`, block.code);
      }
      await project.write(`${own}/package.json`, `{ "type": "module" }`);
      await project.write(`${own}/tsconfig.json`, settings);
      const folder = join(project.folder, own);
      const compiled = await run(tool(compiler, [], "tsc"), { cwd: folder });
      expect(compiled).toEqual({ ok: true, stdout: "", output: "" });
      expect(await runClient(folder, output)).toBe(output);
    },
  );
});
