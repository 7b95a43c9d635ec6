// The types as users get them: the declarations of the package, installed in a project of their own,
// and programs that must compile against them, or must not.
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const modules = join(root, "node_modules");

let folder: string;

async function tsc(compiler: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const line = [join(modules, compiler, "bin/tsc"), ...args, "--pretty", "false"];
    execFile(process.execPath, line, { cwd: folder }, (error, stdout, stderr) => {
      resolve(stdout + stderr || (error?.message ?? ""));
    });
  });
}

/** What a compiler says of files of the project, under all the checks there are and without the DOM. */
async function compile(compiler: string, name: string, include: readonly string[]) {
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    // Contracts are exported: what the compiler writes of them must be nameable by those who import.
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: folder,
    outDir: join(folder, "out", name),
    allowImportingTsExtensions: true,
    target: "es2023",
    lib: ["es2023", "esnext.disposable"],
    types: ["node"],
    module: "nodenext",
    skipLibCheck: false,
  };
  const config = join(folder, `tsconfig.${name}.json`);
  await writeFile(config, JSON.stringify({ compilerOptions, include }));
  return tsc(compiler, ["-p", config]);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "myelin-types-"));
  const installed = join(folder, "node_modules/myelin");
  await mkdir(installed, { recursive: true });
  await mkdir(join(folder, "node_modules/@types"));
  await symlink(join(modules, "@types/node"), join(folder, "node_modules/@types/node"));
  await cp(join(root, "packages/core/package.json"), join(installed, "package.json"));
  await cp(join(root, "test/types/contract"), join(folder, "contract"), { recursive: true });
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await tsc("typescript", [
    ...["-p", join(root, "packages/core"), "--outDir", join(installed, "dist")],
    ...["--emitDeclarationOnly", "--composite", "false", "--incremental", "false"],
  ]);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the programs in test/types/contract", { timeout: 60_000 }, () => {
  test.each(["typescript", "typescript-5.9"])("compile with %s", async (compiler) => {
    expect(await compile(compiler, compiler, ["contract"])).toBe("");
  });
});

describe("a mistake is explained by the compiler", { timeout: 60_000 }, () => {
  /** Everything that the compiler says of one line of TypeScript. */
  async function complaint(name: string, line: string): Promise<string> {
    const source = `import { call, event } from "myelin";
import { connect, serve, world } from "./contract/world.ts";
${line}
void [call, event, connect, serve, world];
`;
    await writeFile(join(folder, `${name}.ts`), source);
    return compile("typescript", name, [`${name}.ts`]);
  }

  test("a Date in JSON: where it stands, what would happen, what to do", async () => {
    const said = await complaint("date", "event<{ log: { entries: { at: Date }[] } }>();");
    expect(said).toContain("The types of 'log.entries' are incompatible");
    expect(said).toContain("Types of property 'at' are incompatible");
    expect(said).toContain("a Date arrives as text: use codec 'tagged'");
  });

  test("undefined in an array of JSON", async () => {
    const said = await complaint("array", "event<{ list: (number | undefined)[] }>();");
    expect(said).toContain("Types of property 'list' are incompatible");
    expect(said).toContain("undefined in an array arrives as null");
  });

  test("a handler that is missing, by its name", async () => {
    const said = await complaint(
      "handler",
      'void serve("local:world", { contract: world, handlers: { greet: () => "", now: () => 1, reset() {}, ticks: () => [], chat: () => [] } });',
    );
    expect(said).toContain("Property 'sum' is missing");
  });

  test("several that are missing, by theirs", async () => {
    const said = await complaint(
      "handlers",
      'void connect("local:world", { contract: world, handlers: {} });',
    );
    expect(said).toContain("is missing the following properties");
    expect(said).toContain(": confirm, lines");
  });

  test("a handler that is too many, by its name", async () => {
    const said = await complaint(
      "extra",
      'void connect("local:world", { contract: world, handlers: { confirm: () => true, lines: () => [], wave: () => {} } });',
    );
    expect(said).toContain("'wave' does not exist in type");
  });

  test("a name that is none, with those that are", async () => {
    const said = await complaint(
      "name",
      'void connect("local:world", { contract: world, handlers: { confirm: () => true, lines: () => [] } }).then((client) => client.call("gret", { name: "" }));',
    );
    expect(said).toContain(
      `'"gret"' is not assignable to parameter of type '"greet" | "now" | "reset"'`,
    );
  });
});
