// The TypeScript of the documents compiles, as strictly as getting-started.md advises.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../scripts/command.mjs";
import { pages } from "./documents.ts";
import { type Block, blocksOf, textOf } from "./markdown.ts";
import { programOf } from "./story.ts";

interface Settings {
  readonly compilerOptions: Readonly<Record<string, unknown>>;
}

/** What the page for beginners tells them to write into their tsconfig.json. */
function advisedSettings(): Settings {
  const blocks = blocksOf(textOf("docs/getting-started.md"));
  const [settings] = blocks.filter(({ language }) => language === "jsonc");
  return JSON.parse(settings?.code ?? "") as Settings;
}

/** The programs of a page that stand together: those of each part, with those below the title. */
function partsOf(path: string): Block[][] {
  const text = textOf(path);
  const [, top] = /^# (.*)$/m.exec(text) ?? [];
  const programs = blocksOf(text).filter((block) => programOf(block)?.endsWith(".ts"));
  const headings = [...new Set(programs.map(({ heading }) => heading))];
  return headings.map((title) =>
    programs.filter(({ heading }) => heading === top || heading === title),
  );
}

async function complaintsOf(folder: string): Promise<string[]> {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const printed = await new Promise<string>((resolve) => {
    execFile(process.execPath, [compiler, "-p", "."], { cwd: folder }, (_, out, complaints) =>
      resolve(out + complaints),
    );
  });
  // What is wrong with the library itself is told by the check of its own types.
  return printed.split("\n").filter((line) => /error TS/.test(line) && !line.startsWith(".."));
}

function writeProject(folder: string, more: Readonly<Record<string, string>> = {}): void {
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "@types"), { recursive: true });
  symlinkSync(join(root, "packages/core"), join(modules, "myelin"), "junction");
  for (const name of ["zod", "@types/node"]) {
    symlinkSync(join(root, "node_modules", name), join(modules, name), "junction");
  }
  const advised = advisedSettings();
  const compilerOptions = {
    ...advised.compilerOptions,
    rootDir: folder,
    noEmit: true,
    customConditions: ["@myelin/source"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ ...advised, compilerOptions }));
  writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
  let part = 0;
  for (const programs of pages.flatMap(partsOf)) {
    const place = join(folder, `part-${++part}`);
    mkdirSync(place);
    for (const block of programs) writeFileSync(join(place, programOf(block) ?? ""), block.code);
  }
  for (const [name, code] of Object.entries(more)) writeFileSync(join(folder, name), code);
}

test("every program compiles", { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "docs-types-"));
  try {
    // A mistake of our own shows that mistakes are found.
    writeProject(folder, {
      "mistake.ts": `import { call, connect, contract } from "myelin";
const client = await connect("local:x", { contract: contract({ greet: call<string, string>() }) });
await client.call("great", "ada");
`,
    });
    const complaints = await complaintsOf(folder);
    expect(complaints.filter((line) => !line.startsWith("mistake.ts"))).toEqual([]);
    expect(complaints.join()).toMatch(/^mistake\.ts\(3,\d+\): error TS2345/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
