// What the documents tell readers to type works, and prints what they show.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../scripts/command.mjs";
import { freePort } from "../support/free-port.ts";
import { documents, pages } from "./documents.ts";
import { type Block, blocksOf, textOf } from "./markdown.ts";
import { commandsOf, programOf, Story } from "./story.ts";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
}
const manifestOf = (path: string): Manifest => JSON.parse(textOf(path)) as Manifest;

/** The lines of a shell block, without comments; `a && b` is two. */
function shellLines({ code }: Block): string[] {
  return code
    .split("\n")
    .flatMap((line) => line.replace(/(^|\s+)#.*/, "").split("&&"))
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

test("the README has at most 200 lines", () => {
  expect(textOf("README.md").split("\n").length).toBeLessThanOrEqual(201);
});

test("the README begins with what a newcomer types", () => {
  const [first] = blocksOf(textOf("README.md"));
  expect(first?.language).toBe("sh");
  expect(shellLines(first as Block)).toEqual(["npm ci", "npm run demo", "npm ci", "npm test"]);
});

describe.each(pages)("%s", (path) => {
  const blocks = blocksOf(textOf(path));
  const headings = [...new Set(blocks.map(({ heading }) => heading))];
  const [, top] = /^# (.*)$/m.exec(textOf(path)) ?? [];

  test("every block is one that the tests know what to do with", () => {
    const known = ["ts", "js", "json", "jsonc", "yaml", "sh", "console", "text"];
    expect(blocks.map(({ language }) => language).filter((each) => !known.includes(each))).toEqual(
      [],
    );
  });

  test("every program has a name, and a terminal that runs it", () => {
    for (const block of blocks.filter(({ language }) => ["js", "ts"].includes(language))) {
      const name = programOf(block);
      expect(name, block.code).toBeDefined();
      const together = blocks.filter(({ heading }) => heading === block.heading);
      const ran = together
        .filter(({ language }) => language === "console")
        .flatMap(commandsOf)
        .map(({ line }) => line);
      const isImported = together.some(({ code }) => code.includes(` from "./${name}"`));
      if (!isImported) expect(ran).toContain(`node ${name}`);
    }
  });

  const stories = headings.filter((title) =>
    blocks.some(({ language, heading }) => language === "console" && heading === title),
  );
  if (stories.length > 0) {
    test.each(stories)("what is under “%s” prints what it shows", async (title) => {
      await using story = new Story(await freePort());
      // What stands below the title of a page is there for all of its parts: its servers run.
      const shared = title === top ? [] : blocks.filter((each) => each.heading === top);
      for (const block of shared) {
        const name = programOf(block);
        if (name !== undefined) story.add(name, block.code);
      }
      for (const command of shared.flatMap(commandsOf)) {
        if (command.staysOpen) expect(await story.run(command)).toBe(command.output);
      }
      for (const block of blocks.filter(({ heading }) => heading === title)) {
        const name = programOf(block);
        if (name !== undefined) story.add(name, block.code);
        if (block.language === "sh") {
          for (const line of shellLines(block).filter((each) => each.startsWith("openssl "))) {
            await story.run({ line, staysOpen: false, output: "" });
          }
        }
        if (block.language !== "console") continue;
        for (const command of commandsOf(block)) {
          expect(await story.run(command), command.line).toBe(command.output);
        }
      }
    });
  }
});

describe("recipes for package.json", () => {
  const ours = manifestOf("packages/node-ipc/package.json");
  const alias = `npm:${ours.name}@^${ours.version.split(".")[0]}`;
  const replaced = ["node-ipc", "@achrinza/node-ipc"];
  type Json = { readonly [key: string]: Json | string };

  /** The parts of a manifest that say what a name means. */
  function meanings(manifest: Json): (readonly [string, string])[] {
    return Object.entries(manifest).flatMap(([key, value]) =>
      typeof value === "string" ? [[key, value] as const] : meanings(value),
    );
  }

  const recipes = pages.flatMap((path) =>
    blocksOf(textOf(path))
      .filter(({ language }) => language === "json")
      .map(({ code }) => [path, code] as const),
  );

  test("there are some", () => expect(recipes.length).toBeGreaterThan(5));

  test.each(recipes)("%s: %s", (_, code) => {
    const manifest = JSON.parse(code) as Json;
    const direct = (manifest["dependencies"] as Json | undefined)?.["node-ipc"];
    for (const [name, meaning] of meanings(manifest)) {
      expect(replaced).toContain(name);
      // "$node-ipc" is what the direct dependency says.
      expect(meaning === "$node-ipc" ? direct : meaning).toBe(alias);
    }
  });

  test("the lines for pnpm-workspace.yaml say the same", () => {
    const blocks = blocksOf(textOf("docs/migrating-from-node-ipc.md"));
    const [yaml] = blocks.filter(({ language }) => language === "yaml");
    const lines = yaml?.code.trimEnd().split("\n");
    expect(lines).toEqual(["overrides:", ...replaced.map((name) => expect.stringContaining(name))]);
    for (const line of lines?.slice(1) ?? []) expect(line).toMatch(/^ {2}"?[@\w/-]+"?: npm:\S+$/);
    for (const line of lines?.slice(1) ?? []) expect(line.endsWith(`: ${alias}`)).toBe(true);
  });
});

describe("commands for the shell", () => {
  const { scripts } = manifestOf("package.json");
  const lines = documents.flatMap((path) =>
    blocksOf(textOf(path))
      .filter(({ language }) => language === "sh")
      .flatMap(shellLines)
      .map((line) => [line, path] as const),
  );

  test.each(lines)("%s (%s) is something that this repository has", (line) => {
    const [command, verb, name] = line.split(" ");
    if (command === "npm" && verb === "run") expect(scripts).toHaveProperty([name ?? ""]);
    else if (command === "npm" && verb === "test") expect(scripts).toHaveProperty(["test"]);
    else if (command === "npm") expect(verb).toBe("ci");
    else if (command === "npx") {
      expect(verb).toBe("vitest");
      expect(existsSync(join(root, name ?? "?"))).toBe(true);
    } else expect(command).toBe("openssl");
  });
});
