// The declarations as a text that people read and compilers of all ages parse.
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { declared, documentationOf, membersOf, text } from "./declarations.ts";

const packageFolder = new URL("..", import.meta.url);

test("the published declarations stand alone: nothing of the core, no module but Node's", async () => {
  const files = await readdir(fileURLToPath(packageFolder), { recursive: true });
  const published = files.filter(
    (file) => /\.d\.c?ts$/.test(file) && !/^(src|test|node_modules)\b/.test(file),
  );
  expect(published).toContain("index.d.ts");
  for (const file of published) {
    const source = await readFile(new URL(file, packageFolder), "utf8");
    expect(source).not.toContain("myelin");
    const code = source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
    const imports = [...code.matchAll(/(?:\bfrom |\brequire\(|\bimport\()"([^"]+)"/g)];
    for (const [, from] of imports) {
      expect(["net", "dgram", "tls", "./index", "../index"]).toContain(from);
    }
  }
});

test("Node's types come along, for compilers that include none by themselves", () => {
  expect(text).toMatch(/^\/\/\/ <reference types="node" \/>$/m);
});

test.for([...declared])("%s has a docstring, and so have its members", ([name, symbol]) => {
  expect(documentationOf(symbol)).not.toBe("");
  const undocumented = [...membersOf(name)].filter(([, member]) => member.documentation === "");
  expect(undocumented.map(([member]) => member)).toEqual([]);
});

test("every key of the configuration says its default", () => {
  const without = [...membersOf("Config")].filter(
    ([, { documentation }]) => !/Default: \S/.test(documentation),
  );
  // The first holds keys with defaults of their own, the other is an old slip.
  expect(without.map(([name]) => name)).toEqual(["interface", "interfaces"]);
});
