// Takes the package in every way that programs do, and reports the ways that lead to the same working instance.
import { createRequire } from "node:module";
import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import { report } from "../../support/load-node-ipc.cjs";

const name = process.env.NODE_IPC_MODULE;
const required = createRequire(import.meta.url)(name);
const namespace = await import(isAbsolute(name) ? pathToFileURL(name).href : name);

const instances = {
  "require(x)": required,
  "require(x).default": required.default,
  "m.default?.default || m.default || m": required.default?.default || required.default || required,
  "import ipc from x": namespace.default,
  "import * as ipc from x": namespace,
  "import * as ipc from x, compiled with esModuleInterop": importStar(required),
};
const classes = {
  "require(x).IPC": required.IPC,
  "import { IPC } from x": namespace.IPC,
};

const works = [];
const servers = new Set();
for (const [way, instance] of Object.entries(instances)) {
  if (typeof instance?.serve !== "function" || typeof instance.config !== "object") continue;
  works.push(way);
  servers.add(instance.config);
}
for (const [way, IPC] of Object.entries(classes)) {
  if (typeof IPC === "function" && typeof new IPC().serve === "function") works.push(way);
}
report("taken", { works, configs: servers.size });

/** What the TypeScript compiler makes of `import * as` for a module without `__esModule`: a copy of its own names. */
function importStar(module) {
  if (module.__esModule) return module;
  const copy = {};
  for (const key of Object.getOwnPropertyNames(module)) {
    if (key !== "default")
      Object.defineProperty(copy, key, { enumerable: true, get: () => module[key] });
  }
  return Object.assign(copy, { default: module });
}
