// The types as users get them: programs compiled in a project of their own that has the package
// installed as `node-ipc`, by the compilers and with the settings that are out there.
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const packageFolder = fileURLToPath(new URL("..", import.meta.url));
const programs = fileURLToPath(new URL("../../../test/types", import.meta.url));
const modules = fileURLToPath(new URL("../../../node_modules", import.meta.url));

type Compiler = "typescript-4.9" | "typescript-5.9" | "typescript";

interface Combination {
  readonly name: string;
  readonly compiler: Compiler;
  readonly options: Readonly<Record<string, unknown>>;
  /** Folders under test/types. */
  readonly folders: readonly string[];
}

// `published` and `additions` compile everywhere; the others need what their folder is named after.
const combinations: readonly Combination[] = [
  {
    name: "TypeScript 4.9, commonjs, with esModuleInterop",
    compiler: "typescript-4.9",
    options: { module: "commonjs", moduleResolution: "node", esModuleInterop: true },
    folders: ["published", "additions", "interop"],
  },
  {
    name: "TypeScript 4.9, commonjs, without esModuleInterop",
    compiler: "typescript-4.9",
    options: { module: "commonjs", moduleResolution: "node", esModuleInterop: false },
    folders: ["published", "additions"],
  },
  {
    name: "TypeScript 5.9, commonjs, node10, without esModuleInterop",
    compiler: "typescript-5.9",
    options: { module: "commonjs", moduleResolution: "node10", esModuleInterop: false },
    folders: ["published", "additions"],
  },
  {
    name: "TypeScript 5.9, nodenext",
    compiler: "typescript-5.9",
    options: { module: "nodenext" },
    folders: ["published", "additions", "interop", "esm"],
  },
  {
    name: "TypeScript 7, nodenext",
    compiler: "typescript",
    options: { module: "nodenext" },
    folders: ["published", "additions", "interop", "esm"],
  },
  {
    name: "TypeScript 7, bundler",
    compiler: "typescript",
    options: { module: "preserve", moduleResolution: "bundler" },
    folders: ["published", "additions", "interop"],
  },
];

/** A project in a temporary folder, so that nothing is found but what it has installed. */
class Project {
  readonly #folder: string;
  #configs = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Installs our package as `node-ipc`, or the types that programs had before. */
  static async open(installed: { nodeIpc: "ours" | "@types/node-ipc"; nodeTypes: boolean }) {
    const folder = await mkdtemp(join(tmpdir(), "node-ipc-types-"));
    const types = join(folder, "node_modules/@types");
    await mkdir(types, { recursive: true });
    await writeFile(join(folder, "package.json"), "{}");
    await cp(programs, folder, { recursive: true });
    if (installed.nodeTypes) await symlink(join(modules, "@types/node"), join(types, "node"));
    if (installed.nodeIpc === "ours") {
      const sources = new Set(["src", "test", "node_modules"]);
      await cp(packageFolder, join(folder, "node_modules/node-ipc"), {
        recursive: true,
        filter: (path) => !sources.has(relative(packageFolder, path)),
      });
    } else {
      await symlink(join(modules, "@types/node-ipc"), join(types, "node-ipc"));
    }
    return new Project(folder);
  }

  /** What the compiler says about some files: nothing, when it has nothing to complain of. */
  async compile(
    compiler: Compiler,
    files: readonly string[],
    options: Readonly<Record<string, unknown>>,
  ): Promise<string> {
    const config = join(this.#folder, `tsconfig.${(this.#configs += 1)}.json`);
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: "es2020",
      lib: ["es2020"],
      skipLibCheck: false,
      ...options,
    };
    await writeFile(config, JSON.stringify({ compilerOptions, include: files }));
    const tsc = join(modules, compiler, "bin/tsc");
    return new Promise((resolve) => {
      const line = [tsc, "-p", config, "--pretty", "false"];
      execFile(process.execPath, line, { cwd: this.#folder }, (error, stdout, stderr) => {
        resolve(stdout + stderr || (error?.message ?? ""));
      });
    });
  }

  async add(file: string, source: string): Promise<string> {
    await writeFile(join(this.#folder, file), source);
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

describe("programs compile without a complaint", { timeout: 180_000 }, () => {
  let project: Project;
  const outputs = new Map<Combination, Promise<string>>();

  beforeAll(async () => {
    project = await Project.open({ nodeIpc: "ours", nodeTypes: true });
    // Two at a time: compilers are hungry.
    const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
    combinations.forEach((combination, index) => {
      const { compiler, folders, options } = combination;
      const before = lanes[index % lanes.length];
      const output = Promise.resolve(before).then(() =>
        project.compile(compiler, folders, options),
      );
      lanes[index % lanes.length] = output;
      outputs.set(combination, output);
    });
  });

  afterAll(async () => {
    await Promise.all(outputs.values());
    await project[Symbol.asyncDispose]();
  });

  test.for(combinations.map((each) => [each.name, each] as const))(
    "%s",
    async ([, combination]) => {
      expect(await outputs.get(combination)).toBe("");
    },
  );
});

describe("what the programs show", { timeout: 60_000 }, () => {
  test("those in `published` were written for @types/node-ipc: they compile with it", async () => {
    await using project = await Project.open({ nodeIpc: "@types/node-ipc", nodeTypes: true });
    const options = { module: "preserve", moduleResolution: "bundler" };
    expect(await project.compile("typescript", ["published"], options)).toBe("");
  });

  test("strings have no styles unless colors is imported", async () => {
    await using project = await Project.open({ nodeIpc: "ours", nodeTypes: true });
    const source = 'import ipc = require("node-ipc");\nipc.log("x".notice);\n';
    const file = await project.add("plain.ts", source);
    expect(await project.compile("typescript", [file], { module: "nodenext" })).toBe(
      "plain.ts(2,13): error TS2339: Property 'notice' does not exist on type '\"x\"'.\n",
    );
  });

  const withoutNodeTypes = async (skipLibCheck: boolean): Promise<string[]> => {
    await using project = await Project.open({ nodeIpc: "ours", nodeTypes: false });
    const file = await project.add(
      "plain.ts",
      `import ipc = require("node-ipc");
ipc.serve(() => ipc.server.start());
ipc.config.retry = "500";
`,
    );
    const options = { module: "nodenext", skipLibCheck };
    return (await project.compile("typescript-5.9", [file], options)).trimEnd().split("\n");
  };
  const finding = "plain.ts(3,1): error TS2322: Type 'string' is not assignable to type 'number'.";

  test("without @types/node they still check programs", async () => {
    expect(await withoutNodeTypes(true)).toEqual([finding]);
  });

  test("without @types/node, whoever checks libraries learns first what is missing", async () => {
    const [first, ...others] = await withoutNodeTypes(false);
    expect(first).toContain("TS2688: Cannot find type definition file for 'node'");
    expect(others.pop()).toBe(finding);
    for (const other of others) expect(other).toMatch(/^node_modules\/node-ipc\/index\.d\.ts/);
  });
});
