// The package can be taken in every way that programs do, everywhere, and brings nothing and does nothing by itself.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { type Implementation, moduleOf } from "../support/implementations.ts";
import { complaint } from "./complaint.ts";
import { outcomeOf } from "./outcome.ts";

const ending = new URL("./programs/ending.mjs", import.meta.url);
const importShapes = new URL("./programs/import-shapes.mjs", import.meta.url);
const noInterfaces = new URL("./programs/no-interfaces.cjs", import.meta.url);
const onlyImport = new URL("./programs/only-import.cjs", import.meta.url);
const watchImports = new URL("../packaging/watch-imports.cjs", import.meta.url);

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
}

const { resolve } = createRequire(import.meta.url);

/** The package.json that comes with an implementation: the one in the folder of its main file. */
function manifestOf(implementation: Implementation): Manifest {
  const file = join(dirname(resolve(moduleOf(implementation))), "package.json");
  return JSON.parse(readFileSync(file, "utf8")) as Manifest;
}

complaint(1, "the package has no dependencies and no install scripts", {
  ours: { dependencies: [], installScripts: [] },
  seenOn: {
    "node-ipc@9.2.1": {
      dependencies: ["event-pubsub", "js-message", "js-queue"],
      installScripts: [],
    },
    "node-ipc@14.0.0": {
      dependencies: ["event-pubsub", "js-message", "js-queue"],
      installScripts: [],
    },
  },
  scenario: async ({ implementation }) => {
    const { dependencies = {}, scripts = {} } = manifestOf(implementation);
    const installScripts = ["preinstall", "install", "postinstall", "prepare"].filter(
      (name) => name in scripts,
    );
    return { dependencies: Object.keys(dependencies), installScripts };
  },
});

complaint(1, "importing it asks nothing of files, network, processes and interfaces", {
  ours: { calls: [] },
  seenOn: {
    "node-ipc@9.2.1": { calls: ["node:os networkInterfaces"] },
    "node-ipc@14.0.0": { calls: expect.arrayContaining(["node:os networkInterfaces"]) },
  },
  scenario: (scene) =>
    outcomeOf(scene, onlyImport, { nodeArgs: ["--require", fileURLToPath(watchImports)] }),
});

complaint(14, "where os.networkInterfaces() throws, the package loads and local sockets work", {
  ours: { code: 0, signal: null },
  seenOn: {
    "node-ipc@9.2.1": { code: 1, signal: null },
    "node-ipc@14.0.0": { code: 1, signal: null },
  },
  scenario: ({ programs, implementation }) =>
    programs.start(ending, {
      implementation,
      options: { ending: "disconnect and stop" },
      nodeArgs: ["--require", fileURLToPath(noInterfaces)],
    }).exit,
});

complaint(15, "engines names a lowest version of Node.js and no highest", {
  ours: { onlyLowest: true },
  seenOn: {
    "@achrinza/node-ipc@9.2.10": { onlyLowest: false },
    "@achrinza/node-ipc@10.1.11": { onlyLowest: false },
  },
  fineOn: ["node-ipc@9.2.1", "node-ipc@14.0.0"],
  scenario: async ({ implementation }) => {
    const { engines } = manifestOf(implementation);
    return { onlyLowest: /^>=\d+(\.\d+)*$/.test(engines.node) };
  },
});

complaint(16, "every form of require and import leads to one working instance", {
  ours: {
    works: [
      ...["require(x)", "require(x).default", "m.default?.default || m.default || m"],
      ...["import ipc from x", "import * as ipc from x"],
      "import * as ipc from x, compiled with esModuleInterop",
      ...["require(x).IPC", "import { IPC } from x"],
    ],
    configs: 1,
  },
  seenOn: {
    "node-ipc@9.2.1": {
      works: [
        ...["require(x)", "m.default?.default || m.default || m", "import ipc from x"],
        ...["import * as ipc from x, compiled with esModuleInterop", "require(x).IPC"],
      ],
      configs: 1,
    },
    "node-ipc@14.0.0": {
      works: ["require(x).default", "m.default?.default || m.default || m", "import ipc from x"],
      configs: 1,
    },
  },
  scenario: (scene) => outcomeOf(scene, importShapes),
});
