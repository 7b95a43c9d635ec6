// What is in the tarballs, and what is not.
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { npm, root, run } from "../../scripts/command.mjs";
import { linksOf, textOf } from "../docs/markdown.ts";
import { packCore } from "./core-package.ts";
import { type PackedPackage, packPackage } from "./registry.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "myelin-contents-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Nothing of this runs on the machine of whoever installs. */
function expectHarmless({ manifest }: PackedPackage): void {
  for (const field of ["dependencies", "optionalDependencies", "bundleDependencies", "bin"]) {
    expect(manifest, field).not.toHaveProperty(field);
  }
  // Of all scripts this one runs on the machine of whoever packs.
  expect(Object.keys(manifest["scripts"] ?? {})).toEqual(["prepack"]);
  expect(manifest).toMatchObject({ license: "MIT", publishConfig: { provenance: true } });
}

describe("packed by hand, where nothing was built", () => {
  test.each([
    ["core", "dist/index.js"],
    ["node-ipc", "index.js"],
  ])("%s is built first", async (name, built) => {
    const clone = join(folder, `clone of ${name}`);
    for (const path of ["scripts", "tsconfig.base.json", "packages/core", "packages/node-ipc"]) {
      await cp(join(root, path), join(clone, path), {
        recursive: true,
        filter: (each) => !isBuilt(relative(root, each)),
      });
    }
    await symlink(join(root, "node_modules"), join(clone, "node_modules"), "junction");
    const line = npm(["pack", "--json", "--no-ignore-scripts", "--pack-destination", folder]);
    const { ok, output, stdout } = await run(line, { cwd: join(clone, "packages", name) });
    expect(ok, output).toBe(true);
    const [packed] = JSON.parse(stdout) as [{ files: { path: string }[] }];
    expect(packed.files.map(({ path }) => path)).toContain(built);
  });
});

// Nor has the registry a link to the repository: that is where a relative one would lead.
test.each(["core", "node-ipc"])("the README of %s leads to what is in its tarball", (name) => {
  const own = ["LICENSE", "package.json"];
  const links = linksOf(textOf(`packages/${name}/README.md`));
  expect(links.filter((link) => !own.includes(link) && !/^(?:#|https:)/.test(link))).toEqual([]);
});

/** What version control does not have. */
function isBuilt(path: string): boolean {
  const built = ["packages/core/dist", "packages/node-ipc/index.js"].map((each) => join(each));
  return built.includes(path) || /node_modules|\.tsbuildinfo$/.test(path);
}

describe("the drop-in", () => {
  let packed: PackedPackage;
  beforeAll(async () => {
    packed = await packPackage("packages/node-ipc", folder);
  });

  const read = (path: string) => readFile(join(root, "packages/node-ipc", path), "utf8");

  test("holds the bundle, the files that programs import by path, and types beside each", () => {
    expect([...packed.files].sort()).toEqual(
      [
        "LICENSE",
        "README.md",
        "package.json",
        ...["index", "colors", "parsers", "parsers/message", "node-ipc"].flatMap(codeAndTypes),
        ...["services/IPC", "entities/Defaults"].flatMap(codeAndTypes),
        "node-ipc.cjs",
        "node-ipc.d.cts",
      ].sort(),
    );
  });

  test("installs and depends on nothing", () => {
    expectHarmless(packed);
    expect(packed.manifest["peerDependencies"]).toEqual({ "@types/node": "*" });
    expect(packed.manifest["peerDependenciesMeta"]).toEqual({ "@types/node": { optional: true } });
  });

  test("its code requires Node's own modules and its own files only", async () => {
    const code = packed.files.filter((file) => /\.c?js$/.test(file));
    const required = (await Promise.all(code.map(read))).flatMap((text) =>
      [...text.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name = ""]) => name),
    );
    const foreign = required.filter(
      (name) => !name.startsWith(".") && !builtinModules.includes(name.replace(/^node:/, "")),
    );
    expect(required).toContain("./index.js");
    expect(foreign).toEqual([]);
  });

  test("its types do not speak of the core, which users do not have", async () => {
    const types = packed.files.filter((file) => /\.d\.c?ts$/.test(file));
    expect(types).toHaveLength(8);
    for (const file of types) expect(await read(file), file).not.toMatch(/myelin/i);
  });
});

function codeAndTypes(path: string): string[] {
  return [`${path}.js`, `${path}.d.ts`];
}

describe("the core", () => {
  let packed: PackedPackage;
  beforeAll(async () => {
    packed = await packCore(folder);
  });

  test("holds the compiled sources and their types", () => {
    const compiled = packed.files.filter((file) => file.startsWith("dist/"));
    expect(compiled).toContain("dist/index.js");
    for (const file of compiled) {
      const source = file.replace(/^dist/, "src").replace(/\.(js|d\.ts)$/, ".ts");
      expect(existsSync(join(root, "packages/core", source)), file).toBe(true);
    }
    expect(packed.files.filter((file) => !compiled.includes(file)).sort()).toEqual([
      "LICENSE",
      "README.md",
      "package.json",
    ]);
  });

  test("installs and depends on nothing, and can use koffi where the program has it", () => {
    expectHarmless(packed);
    expect(packed.manifest["peerDependencies"]).toEqual({ koffi: "^3.3.4" });
    expect(packed.manifest["peerDependenciesMeta"]).toEqual({ koffi: { optional: true } });
  });
});
