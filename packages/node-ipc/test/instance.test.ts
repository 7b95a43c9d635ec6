// Findings 5 and 38: the shape of the instance that `require` gives, and of those that it makes.
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { clientOf, connectLocal, next, open, serveLocal } from "./scenario.ts";
import { bundle, everyVersion, type Ipc, type IpcModule, loadOurs, ours } from "./versions.ts";

const require = createRequire(import.meta.url);

const methods = ["log", "connectTo", "connectToNet", "disconnect", "serve", "serveNet"] as const;
const additions = ["flush", "close"] as const;
const state = ["config", "of", "server"] as const;

const instances: [string, () => IpcModule][] = [
  ["the module", loadOurs],
  ["new IPC()", () => new (loadOurs().IPC)() as IpcModule],
  ["new IPCModule()", () => new (loadOurs().IPCModule)()],
];

describe.each(instances)("finding 5: %s", (_name, make) => {
  test.each(state)("%s is an own, enumerable, writable property", (name) => {
    expect(Object.getOwnPropertyDescriptor(make(), name)).toMatchObject({
      enumerable: true,
      writable: true,
    });
  });

  test.each([...methods, ...additions])("%s is an own, enumerable method that stays", (name) => {
    const ipc = make();
    const descriptor = Object.getOwnPropertyDescriptor(ipc, name);
    expect(descriptor).toMatchObject({ enumerable: true, writable: false });
    expect(descriptor?.value).toBeTypeOf("function");
    expect(() => Object.assign(ipc, { [name]: () => {} })).toThrow(TypeError);
  });

  test("`server` is false and `of` is empty, without a prototype", () => {
    const ipc = make();
    if (ipc === loadOurs()) expect(ipc.server).toBe(false);
    expect(new (loadOurs().IPC)().server).toBe(false);
    expect(Object.getPrototypeOf(ipc.of)).toBeNull();
    expect(Object.keys(ipc.of)).toEqual([]);
  });

  test("has no `then` and no `__esModule`", () => {
    expect(make()).not.toHaveProperty("then");
    expect(make()).not.toHaveProperty("__esModule");
  });
});

describe("finding 5: the module", () => {
  const classes = [
    "IPCModule",
    "Parser",
    "FastParser",
    "RawParser",
    "GuardedParser",
    "AssuredParser",
    "IPCProtocolError",
  ] as const;

  test("the classes and `default` are there, but not enumerable", () => {
    const ipc = loadOurs();
    for (const name of [...classes, "default"] as const) {
      expect(ipc[name]).toBeDefined();
      expect(Object.keys(ipc)).not.toContain(name);
    }
  });

  test("`IPC` is own and enumerable, as in 9", () => {
    expect(Object.keys(loadOurs())).toContain("IPC");
    expect(Object.keys(new (loadOurs().IPCModule)())).toContain("IPC");
  });

  test("`default` is the module itself", () => {
    const ipc = loadOurs();
    expect(ipc.default).toBe(ipc);
    expect(ipc.default.default).toBe(ipc);
    expect(ipc).toBeInstanceOf(ipc.IPC);
    expect(ipc).toBeInstanceOf(ipc.IPCModule);
  });

  test("what TypeScript's __importStar copies works, and its `config` is the same object", async () => {
    const ipc = new (loadOurs().IPCModule)();
    const star: Record<string, unknown> = {};
    for (const key of Object.keys(ipc)) {
      Object.defineProperty(star, key, {
        enumerable: true,
        get: () => ipc[key as keyof IpcModule],
      });
    }
    const copy = star as unknown as IpcModule;
    expect(copy.config).toBe(ipc.config);
    const isolated = open({ name: "star", wildcards: true, create: () => ipc });
    copy.serve();
    expect(copy.server).toBe(isolated.server);
    await serveLocal(copy);
  });

  // In processes of their own: here, the test runner would have its hand in the import.
  function run(program: string): string {
    const args = ["--input-type=module", "-e", program];
    return String(execFileSync(process.execPath, args, { cwd: dirname(bundle) })).trim();
  }

  test("require and import share one instance, under every name", () => {
    const program = `
      import { createRequire } from "node:module";
      import ipc, { IPC, IPCModule, config, of, serve } from "./index.js";
      import * as namespace from "./index.js";
      const required = createRequire(process.cwd() + "/x.js")("./index.js");
      console.log([
        ipc === required, namespace.default === required, IPC === required.IPC,
        IPCModule === required.IPCModule, config === required.config, of === required.of,
        serve === required.serve,
      ].join());`;
    expect(run(program)).toBe("true,true,true,true,true,true,true");
  });

  test("Node finds every declared name in the file, for `import { ... }`", () => {
    const names = [...methods, ...additions, ...state, "IPC", ...classes];
    const program = `import { ${names.join(", ")} } from "./index.js";
      console.log([${names.join(", ")}].every((each) => each !== undefined));`;
    expect(run(program)).toBe("true");
  });
});

describe("finding 38: the singleton belongs to the module registry", () => {
  test("a fresh registry has a fresh one, and nothing is kept on globalThis", () => {
    const keysBefore = Reflect.ownKeys(globalThis);
    const first = loadOurs();
    const cached = require.cache[bundle];
    delete require.cache[bundle];
    try {
      const second = loadOurs();
      expect(second).not.toBe(first);
      expect(second.config).not.toBe(first.config);
      expect(second.IPC).not.toBe(first.IPC);
    } finally {
      if (cached) require.cache[bundle] = cached;
    }
    expect(Reflect.ownKeys(globalThis)).toEqual(keysBefore);
  });

  test("loading it does nothing that one could see", () => {
    const program = `
      const before = process.eventNames().length + process._getActiveHandles().length;
      require(${JSON.stringify(bundle)});
      const after = process.eventNames().length + process._getActiveHandles().length;
      console.log(after - before);`;
    expect(String(execFileSync(process.execPath, ["-e", program])).trim()).toBe("0");
  });
});

// 9 and 14 read `this`.
describe("methods that were taken off the instance", () => {
  test("finding 5: all of them work detached", async () => {
    const serving = open();
    const { serve, serveNet, log } = serving;
    serve();
    expect(serving.server.path).toBe(`${serving.config.socketRoot}app.world`);
    await serveLocal(serving);
    expect(() => log("nothing")).not.toThrow();
    const connecting = open(ours, { socketRoot: serving.config.socketRoot });
    const { connectTo, connectToNet, disconnect, flush, close } = connecting;
    connectTo("world");
    const client = connecting.of["world"];
    expect(client).toBeDefined();
    if (client) await next(client, "connect");
    await flush();
    disconnect("world");
    connectToNet("far", "127.0.0.1", 9);
    expect(connecting.of["far"]).toBeDefined();
    await close();
    serveNet("127.0.0.1", 9);
    expect(serving.server.port).toBe(9);
  });

  test("finding 5: the methods of a client and of a server, too", async () => {
    const serving = open();
    const server = await serveLocal(serving);
    const client = await connectLocal(open(ours, { socketRoot: serving.config.socketRoot }));
    const heard = new Promise((resolve) => {
      const { on } = server;
      on("n", resolve);
    });
    const { emit } = client;
    emit("n", "detached");
    expect(await heard).toBe("detached");
    const answered = next(client, "all");
    const { broadcast, stop } = server;
    broadcast("all");
    await answered;
    stop();
  });
});

test.each(everyVersion)("the class of $name can be extended", async (version) => {
  const Base = version.create().constructor as new () => Ipc;
  class Extended extends Base {
    readonly extra = "of the program";
  }
  const ipc = new Extended();
  expect(ipc.extra).toBe("of the program");
  const isolated = open({ ...version, create: () => ipc });
  await serveLocal(isolated);
  const client = await connectLocal(isolated);
  expect(client.id).toBe("world");
});

test.each(everyVersion)("client.Client of $name is the class of the client", (version) => {
  const ipc = open(version);
  ipc.connectTo("world");
  const client = clientOf(ipc);
  expect(client).toBeInstanceOf(client.Client);
});

test("every version can make instances of its own", () => {
  for (const version of everyVersion) {
    const one = version.create();
    const two = version.create();
    expect(one).not.toBe(two);
    expect(one.of).not.toBe(two.of);
  }
});
