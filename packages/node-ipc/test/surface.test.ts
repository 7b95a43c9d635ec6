// The surface of the bundle: what the types declare is there and nothing else, in the shape that
// copies of the module object, detached methods and subclasses need.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { runInNewContext } from "node:vm";
import ts from "typescript-5.9";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type Ipc from "../index.js";
import { type Kind, membersOf } from "./declarations.ts";

const require = createRequire(import.meta.url);
const ipc: typeof Ipc = require("../index.js");

const methods = [
  "close",
  "connectTo",
  "connectToNet",
  "disconnect",
  "flush",
  "log",
  "serve",
  "serveNet",
];

/** What a value is, in the words of the declarations. */
function kindOf(value: unknown): Kind {
  const kind = typeof value;
  if (kind === "function") {
    return /^class\b/.test(Function.prototype.toString.call(value)) ? "class" : "function";
  }
  return kind === "string" || kind === "number" || kind === "boolean" ? kind : "other";
}

/** The names that programs can reach: own ones and those of the classes. */
function namesOf(object: object): Set<string> {
  const names = new Set<string>();
  for (let level = object; level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const name of Object.getOwnPropertyNames(level)) names.add(name);
  }
  names.delete("constructor");
  return names;
}

describe("what is declared is there, and what is there is declared", () => {
  let folder: string;
  let instance: InstanceType<typeof ipc.IPC>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ipc-"));
    instance = new ipc.IPC();
    Object.assign(instance.config, { silent: true, socketRoot: `${folder}/`, maxRetries: 0 });
    instance.serve();
    instance.connectTo("nobody");
  });

  afterAll(async () => {
    await instance.of["nobody"]?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const client = () => instance.of["nobody"] ?? expect.unreachable("no client");

  /**
   * `hidden`: names that are there for our own use. `unset`: declared names that a value comes to
   * have later, or, for `interfaces`, only ever had in older types.
   */
  const objects: {
    type: string;
    object: () => object;
    hidden?: string[];
    unset?: string[];
  }[] = [
    { type: "Singleton", object: () => ipc },
    { type: "IPC", object: () => instance },
    { type: "IPCModule", object: () => new ipc.IPCModule() },
    { type: "Config", object: () => new ipc.Defaults(), unset: ["interfaces"] },
    {
      type: "Client",
      object: () => client(),
      hidden: [
        "dispatch",
        "ended",
        "hears",
        "isLive",
        "logMessage",
        "onMessage",
        "onRaw",
        "onWireClose",
        "onWireError",
        "replaceBy",
        "tellError",
      ],
    },
    {
      type: "Server",
      object: () => instance.server,
      hidden: ["dispatch", "hears", "logMessage", "receive", "tellError"],
    },
    { type: "Queue", object: () => client().queue, hidden: ["running", "size"] },
    { type: "Parser", object: () => new ipc.Parser(), hidden: ["framing"] },
    { type: "RawParser", object: () => new ipc.RawParser() },
    { type: "GuardedParser", object: () => new ipc.GuardedParser(), hidden: ["framing"] },
    {
      type: "AssuredParser",
      object: () => new ipc.AssuredParser({ allowedEvents: ["a"] }),
      hidden: ["framing"],
    },
    { type: "MessageParser", object: () => new ipc.MessageParser(), hidden: ["framing"] },
  ];

  test.for(objects.map((each) => [each.type, each] as const))("%s", ([, each]) => {
    const object = each.object();
    const members = membersOf(each.type);
    const names = namesOf(object);
    for (const name of each.hidden ?? []) names.delete(name);
    const expected = [...members.keys()].filter((name) => !each.unset?.includes(name));
    expect([...names].sort()).toEqual(expected.sort());
    for (const [name, { kind, isOptional }] of members) {
      const value: unknown = Reflect.get(object, name);
      const isComparable = kind !== "other" && !(isOptional && value === undefined);
      if (isComparable && !each.unset?.includes(name))
        expect([name, kindOf(value)]).toEqual([name, kind]);
    }
  });

  test("an error has its code, its count and its cause", () => {
    const cause = new Error("because");
    const error = new ipc.IPCProtocolError("ERR_IPC_QUEUE_FULL", "full", { cause, count: 3 });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "IPCProtocolError", code: "ERR_IPC_QUEUE_FULL", count: 3 });
    expect(error.cause).toBe(cause);
    for (const name of membersOf("IPCProtocolError").keys()) expect(error).toHaveProperty(name);
  });
});

describe("the module object", () => {
  test("is an instance that knows its classes", () => {
    expect(ipc).toBeInstanceOf(ipc.IPCModule);
    expect(ipc).toBeInstanceOf(ipc.IPC);
    expect(ipc.default).toBe(ipc);
    expect(ipc.FastParser).toBe(ipc.Parser);
    expect(ipc.server).toBe(false);
    expect(Object.getPrototypeOf(ipc.of)).toBe(null);
    expect(ipc.config).toBeInstanceOf(ipc.Defaults);
  });

  test("is no promise, and no compiled ES module", () => {
    expect("then" in ipc).toBe(false);
    expect("__esModule" in ipc).toBe(false);
  });

  test("enumerates as an instance of node-ipc does", () => {
    const expected = [...methods, "IPC", "config", "of", "server"].sort();
    expect(Object.keys(ipc).sort()).toEqual(expected);
    expect(Object.keys(require("node-ipc-9")).sort()).toEqual(
      expected.filter((name) => name !== "flush" && name !== "close"),
    );
  });

  test.for(["config", "of", "server"])(
    "%s can be assigned, and redefined by a subclass",
    (name) => {
      const descriptor = { enumerable: true, writable: true, configurable: true };
      expect(Object.getOwnPropertyDescriptor(new ipc.IPC(), name)).toMatchObject(descriptor);
    },
  );

  test.for(methods)("%s stays what it is", (name) => {
    const instance = new ipc.IPC();
    const descriptor = { enumerable: true, writable: false };
    expect(Object.getOwnPropertyDescriptor(instance, name)).toMatchObject(descriptor);
    expect(Reflect.set(instance, name, () => {})).toBe(false);
  });

  test("a subclass may declare fields of the same names", () => {
    const replacement = Object.create(null);
    class Handler extends ipc.IPC {
      override server = replacement;
    }
    expect(new Handler().server).toBe(replacement);
  });

  test("methods and values are found by name in an ES module of Node", async () => {
    const url = new URL("../index.js", import.meta.url).href;
    const program = `
      import ipc, * as namespace from ${JSON.stringify(url)};
      const { default: same, "module.exports": _, ...named } = namespace;
      for (const [name, value] of Object.entries(named)) if (value !== ipc[name]) throw new Error(name);
      if (same !== ipc) throw new Error("default");
      console.log(Object.keys(named).join());`;
    const line = ["--input-type=module", "--eval", program];
    const { stdout } = await promisify(execFile)(process.execPath, line);
    expect(["default", ...stdout.trim().split(",")].sort()).toEqual(
      [...membersOf("Singleton").keys()].sort(),
    );
  });
});

describe("compiled by TypeScript to CommonJS", () => {
  /** Runs a program against a fresh instance; `result` is what it exports. */
  function run(
    program: string,
    esModuleInterop: boolean,
  ): { server: unknown; instance: InstanceType<typeof ipc.IPC> } {
    const instance = new ipc.IPCModule();
    instance.config.silent = true;
    Object.defineProperty(instance, "default", { value: instance });
    const { outputText } = ts.transpileModule(program, {
      compilerOptions: {
        module: ts.ModuleKind.CommonJS,
        target: ts.ScriptTarget.ES2020,
        esModuleInterop,
      },
    });
    const exports = {} as { server: unknown };
    runInNewContext(outputText, { exports, require: () => instance });
    return { server: exports.server, instance };
  }

  const rest = `config.silent = true; serve("/tmp/never-started"); export const server = `;
  const forms = [
    ["import * as ipc", `const { config, serve } = ipc; ${rest} ipc.server;`],
    ["import ipc", `const { config, serve } = ipc; ${rest} ipc.server;`],
    ["import { config, serve, server as live }", `${rest} live;`],
  ] as const;
  const cases = forms.flatMap(([form, body]) =>
    [true, false].map((interop) => [form, interop, `${form} from "node-ipc"; ${body}`] as const),
  );

  test.for(cases)(
    "%s, esModuleInterop %s: methods work, server is live",
    ([, interop, program]) => {
      const { server, instance } = run(program, interop);
      expect(instance.server).not.toBe(false);
      expect(server).toBe(instance.server);
    },
  );
});
