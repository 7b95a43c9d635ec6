// The lines that switch a project over, tried with npm against a registry that has nothing but ours.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  answer,
  importedDefault,
  importedNames,
  importedNamespace,
  required,
  requiredDefault,
} from "./conversation.ts";
import { Project } from "./project.ts";
import { packPackage, type Registry, startRegistry } from "./registry.ts";

const alias = "npm:@myelin/node-ipc@^1";

let workshop: Project;
let registry: Registry;

beforeAll(async () => {
  workshop = await Project.create();
  // A package of somebody else's that depends on the real thing and on its fork.
  await workshop.write(
    "relay/package.json",
    JSON.stringify({
      name: "relay",
      version: "1.2.3",
      dependencies: { "node-ipc": "^9.2.1", "@achrinza/node-ipc": "^9.2.10" },
    }),
  );
  await workshop.write(
    "relay/index.js",
    `module.exports = [require("node-ipc"), require("@achrinza/node-ipc")];`,
  );
  const tarballs = join(workshop.folder, "tarballs");
  registry = await startRegistry([
    await packPackage("packages/node-ipc", tarballs),
    await packPackage(join(workshop.folder, "relay"), tarballs),
  ]);
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await workshop[Symbol.asyncDispose]();
});

const recipes = {
  "a direct dependency, by alias": {
    dependencies: { "node-ipc": alias },
  },
  "a dependency of a dependency, by overrides": {
    dependencies: { relay: "^1.0.0" },
    overrides: { "node-ipc": alias, "@achrinza/node-ipc": alias },
  },
  both: {
    dependencies: { "node-ipc": alias, relay: "^1.0.0" },
    overrides: { "node-ipc": "$node-ipc", "@achrinza/node-ipc": "$node-ipc" },
  },
};

interface Listed {
  /** Missing for an optional peer that is not installed. */
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, Listed>>;
}

/** The names of all installed packages, each as a path through its dependents. */
function paths(node: Listed, prefix = ""): string[] {
  return Object.entries(node.dependencies ?? {})
    .filter(([, { version }]) => version !== undefined)
    .flatMap(([name, child]) => [`${prefix}${name}`, ...paths(child, `${prefix}${name} > `)]);
}

describe.each(Object.entries(recipes))("%s", (_, manifest) => {
  let project: Project;
  beforeAll(async () => {
    project = await Project.create(manifest);
    const installed = await project.npm(["install", "--ignore-scripts"], registry.url);
    expect(installed).toMatchObject({ ok: true });
  });
  afterAll(() => project[Symbol.asyncDispose]());

  test("installs ours and nothing else", async () => {
    const { stdout } = await project.npm(["ls", "--all", "--omit=dev", "--json"], registry.url);
    const installed = paths(JSON.parse(stdout) as Listed);
    const below = ["relay", "relay > @achrinza/node-ipc", "relay > node-ipc"];
    const expected = [
      ...("node-ipc" in manifest.dependencies ? ["node-ipc"] : []),
      ...("relay" in manifest.dependencies ? below : []),
    ];
    expect(installed.sort()).toEqual(expected.sort());
  });

  test.runIf("relay" in manifest.dependencies)("gives ours to the other package", async () => {
    const source = `for (const ipc of require("relay")) console.log(typeof ipc.flush);`;
    await project.write("relayed.cjs", source);
    expect((await project.node(["relayed.cjs"])).output).toBe("function\nfunction\n");
  });

  describe.runIf("node-ipc" in manifest.dependencies)("runs a conversation", () => {
    test.each([required, requiredDefault, importedDefault, importedNames, importedNamespace])(
      "$form",
      async ({ file, source }) => {
        await project.write(file, source);
        expect(await project.node([file])).toMatchObject({ ok: true, output: answer });
      },
    );
  });
});
