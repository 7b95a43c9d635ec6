// Importing a package does nothing but define what it exports, and works where the system is hostile.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packCore } from "./core-package.ts";
import { Project } from "./project.ts";
import { packPackage, startRegistry } from "./registry.ts";

const watch = fileURLToPath(new URL("./watch-imports.cjs", import.meta.url));

let project: Project;

beforeAll(async () => {
  project = await Project.create({
    dependencies: { "node-ipc": "npm:@myelin/node-ipc@^1", myelin: "*" },
  });
  const tarballs = join(project.folder, "tarballs");
  await using registry = await startRegistry([
    await packPackage("packages/node-ipc", tarballs),
    await packCore(tarballs),
  ]);
  const installed = await project.npm(["install", "--ignore-scripts"], registry.url);
  expect(installed).toMatchObject({ ok: true });
});

afterAll(() => project[Symbol.asyncDispose]());

interface Effects {
  readonly calls: readonly string[];
  readonly before: unknown;
  readonly after: unknown;
}

/** Imports a module in a fresh process and tells what that did there. */
async function effectsOf(statement: string, extension = "mjs"): Promise<Effects> {
  const file = await project.write(
    `importer.${extension}`,
    `const before = importing.state();
    ${statement};
    const after = importing.state();
    console.log(JSON.stringify({ calls: importing.calls, before, after }));`,
  );
  const { ok, output, stdout } = await project.node(["--require", watch, file]);
  // Nothing is written either, not even a warning.
  expect(output).toBe(stdout);
  expect(ok).toBe(true);
  return JSON.parse(stdout) as Effects;
}

const ours = [
  "",
  "/parsers",
  "/parsers/message",
  "/services/IPC",
  "/entities/Defaults",
  "/node-ipc",
];
const statements = [
  ...ours.map((path) => [`require("node-ipc${path}")`, "cjs"] as const),
  ...ours.map((path) => [`await import("node-ipc${path}")`, "mjs"] as const),
  [`await import("myelin")`, "mjs"] as const,
  [`await import("myelin/testing")`, "mjs"] as const,
];

test.each(statements)("%s touches nothing", async (statement, extension) => {
  const { calls, before, after } = await effectsOf(statement, extension);
  expect(calls).toEqual([]);
  expect(after).toEqual(before);
});

test.runIf(process.features.require_module)("require of the core works", async () => {
  const { calls, before, after } = await effectsOf(`require("myelin")`, "cjs");
  expect(calls).toEqual([]);
  expect(after).toEqual(before);
});

describe("what would be noticed", () => {
  test("a call into the file system or the network, by either module system", async () => {
    await project.write(
      "nosy.cjs",
      `require("fs").existsSync("."); require("net").createServer();`,
    );
    await project.write(
      "nosy.mjs",
      `import { readdirSync } from "node:fs"; import { networkInterfaces } from "os"; readdirSync("."); networkInterfaces();`,
    );
    const required = await effectsOf(`require("./nosy.cjs")`, "cjs");
    expect(required.calls).toEqual([
      expect.stringContaining("node:fs existsSync"),
      expect.stringContaining("node:net createServer"),
    ]);
    const imported = await effectsOf(`await import("./nosy.mjs")`);
    expect(imported.calls).toEqual([
      expect.stringContaining("node:fs readdirSync"),
      expect.stringContaining("node:os networkInterfaces"),
    ]);
  });

  test("a listener, a timer, a global, a method on every string", async () => {
    await project.write("noisy.cjs", `process.on("exit", () => {});`);
    const { before, after } = await effectsOf(`require("./noisy.cjs")`, "cjs");
    expect(after).not.toEqual(before);
  });
});

describe("where os.networkInterfaces throws", () => {
  test.each([`require("node-ipc")`, `await import("node-ipc")`])("%s works", async (statement) => {
    const file = await project.write(
      "interfaces.mjs",
      `import { createRequire } from "node:module";
      const require = createRequire(import.meta.url);
      const ipc = ${statement};
      console.log((ipc.default ?? ipc).config.networkHost);`,
    );
    // What sandboxes, Termux and some containers do.
    const hostile = await project.write(
      "hostile.cjs",
      `require("node:os").networkInterfaces = () => {
        throw new Error("uv_interface_addresses returned Unknown system error 13");
      };
      require("node:module").syncBuiltinESMExports();`,
    );
    const { output } = await project.node(["--require", hostile, file]);
    expect(output).toBe("127.0.0.1\n");
  });
});
