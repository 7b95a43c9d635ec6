// The files beside the bundle, by the names that programs import: all of them lead to the one instance
// and its classes, whoever asks.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type Ipc from "../index.js";
import type MessageParsers from "../parsers/message.js";
import type Parsers from "../parsers.js";

// Not written as the name of a module: it has no types.
const fourteen: string = "node-ipc-14";
const packageFolder = fileURLToPath(new URL("..", import.meta.url));

describe("installed as node-ipc", () => {
  let folder: string;
  let require: NodeJS.Require;
  let ipc: typeof Ipc;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "node-ipc-paths-"));
    await mkdir(join(folder, "node_modules"));
    await symlink(packageFolder, join(folder, "node_modules/node-ipc"), "junction");
    require = createRequire(join(folder, "program.js"));
    ipc = require("node-ipc");
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Data as others receive it, but for the text of an error, which is the engine's. */
  const envelope = (data: unknown): unknown =>
    JSON.parse(JSON.stringify({ data }), (key, value) => (key === "err" ? value.name : value));

  /** Runs an ES module that finds the package; it fails by an exception. */
  async function runModule(source: string): Promise<void> {
    const file = join(folder, "program.mjs");
    await writeFile(file, `import { strictEqual } from "node:assert";\n${source}`);
    await promisify(execFile)(process.execPath, [file]);
  }

  test.for(["node-ipc/node-ipc", "node-ipc/node-ipc.js", "node-ipc/node-ipc.cjs"])(
    "%s is the instance",
    (path) => {
      expect(require(path)).toBe(ipc);
    },
  );

  test.for(["node-ipc/services/IPC", "node-ipc/services/IPC.js"])("%s is the class", (path) => {
    expect(require(path)).toBe(ipc.IPC);
    expect(new (require(path))()).toBeInstanceOf(ipc.IPC);
  });

  test.for(["node-ipc/entities/Defaults", "node-ipc/entities/Defaults.js"])(
    "%s is the class of configurations",
    (path) => {
      expect(require(path)).toBe(ipc.Defaults);
      expect(Object.keys(new (require(path))())).toEqual(Object.keys(ipc.config));
    },
  );

  test("they have the shape of node-ipc 9's files", () => {
    const real = createRequire(import.meta.url);
    const nine = {
      IPC: real("node-ipc-9/services/IPC"),
      Defaults: real("node-ipc-9/entities/Defaults"),
    };
    expect([typeof nine.IPC, nine.IPC.name]).toEqual([
      typeof require("node-ipc/services/IPC"),
      require("node-ipc/services/IPC").name,
    ]);
    // Keys that only older or only newer versions have come and go; what 9 has, we have.
    expect(Object.keys(new ipc.Defaults())).toEqual(
      expect.arrayContaining(Object.keys(new nine.Defaults())),
    );
  });

  test("node-ipc/parsers has the names of node-ipc 14's", async () => {
    const parsers: typeof Parsers = require("node-ipc/parsers");
    const { default: theirs, ...names } = await import(`${fourteen}/parsers`);
    expect(theirs.name).toBe(parsers.name);
    for (const name of Object.keys(names)) expect(parsers).toHaveProperty(name);
    expect(parsers).toBe(ipc.Parser);
    expect(parsers.default).toBe(ipc.Parser);
    expect(parsers.Parser).toBe(ipc.Parser);
    expect(parsers.FastParser).toBe(ipc.Parser);
    expect(parsers.GuardedParser).toBe(ipc.GuardedParser);
    expect(parsers.createParser(ipc.config)).toBeInstanceOf(parsers);
    expect([...parsers.reservedEventTypes]).toEqual([...names.reservedEventTypes]);
  });

  test("the classes that extend Parser do not pass for the module", () => {
    const parsers: typeof Parsers = require("node-ipc/parsers");
    expect(Reflect.get(parsers.GuardedParser, "default")).toBe(undefined);
    expect(Reflect.get(class extends parsers {}, "RawParser")).toBe(undefined);
  });

  test("node-ipc/parsers/message turns bad JSON into an error event, as js-message does", async () => {
    const Ours: typeof MessageParsers = require("node-ipc/parsers/message");
    const { MessageParser: Theirs } = await import(`${fourteen}/parsers/message`);
    expect(Ours).toBe(ipc.MessageParser);
    expect(Ours.default).toBe(Ours);
    expect(Ours.MessageParser).toBe(Ours);
    for (const frame of ['{"type":"a","data":[1]}', '{"type":"a"}', "{", "", "null"]) {
      const [ours, theirs] = [new Ours(), new Theirs()].map((parser) => parser.decode(frame));
      expect([ours.type, envelope(ours.data)]).toEqual([theirs.type, envelope(theirs.data)]);
    }
    expect(new Ours().decode("{")).toMatchObject({
      type: "error",
      data: {
        message: "Invalid JSON response format",
        err: expect.any(SyntaxError),
        response: "{",
      },
    });
  });

  test("ES modules find the same objects, by default and by name", async () => {
    await runModule(`
      import ipc from "node-ipc";
      import main from "node-ipc/node-ipc.js";
      import { config, IPC as named } from "node-ipc/node-ipc";
      import cjs from "node-ipc/node-ipc.cjs";
      import IPC from "node-ipc/services/IPC";
      import Defaults from "node-ipc/entities/Defaults.js";
      import Parser, * as parsers from "node-ipc/parsers";
      import MessageParser, { MessageParser as namedMessage } from "node-ipc/parsers/message";
      strictEqual(main, ipc);
      strictEqual(cjs, ipc);
      strictEqual(config, ipc.config);
      strictEqual(IPC, named);
      strictEqual(IPC, ipc.IPC);
      strictEqual(Defaults, ipc.Defaults);
      strictEqual(MessageParser, ipc.MessageParser);
      strictEqual(namedMessage, MessageParser);
      strictEqual(Parser, ipc.Parser);
      for (const name of ["AssuredParser", "FastParser", "GuardedParser", "IPCProtocolError", "Parser",
        "RawParser", "createParser", "reservedEventTypes"]) strictEqual(parsers[name], ipc[name]);
      ipc.config.silent = true;
      class Mine extends Parser { encode(type, data) { return super.encode("mine." + type, data); } }
      strictEqual(new Mine().encode("a", 1), '{"type":"mine.a","data":1}\\f');
    `);
  });

  test("dao/ is not there", () => {
    expect(() => require("node-ipc/dao/client")).toThrow(
      expect.objectContaining({ code: "ERR_PACKAGE_PATH_NOT_EXPORTED" }),
    );
  });

  test("package.json is", () => {
    expect(require("node-ipc/package.json")).toMatchObject({ type: "commonjs" });
  });
});
