// Preloaded into a process: notes every call into the file system, the network, other processes and
// the list of network interfaces that the code of a package makes itself. The loader's own calls are not its doing.
const { syncBuiltinESMExports } = require("node:module");

const watched = {
  "node:child_process": require("node:child_process"),
  "node:dgram": require("node:dgram"),
  "node:dns": require("node:dns"),
  "node:fs": require("node:fs"),
  "node:fs/promises": require("node:fs/promises"),
  "node:http": require("node:http"),
  "node:net": require("node:net"),
  "node:os": require("node:os"),
  "node:tls": require("node:tls"),
};
// Asking for the machine's name, for limits and the like touches nothing.
const harmless = new Set(["node:os hostname", "node:os tmpdir", "node:os platform"]);

const calls = [];

for (const [name, module] of Object.entries(watched)) {
  for (const [key, original] of Object.entries(module)) {
    // A class is only called with `new`, and what it then does goes through what is watched here.
    if (typeof original !== "function" || /^[A-Z]/.test(key)) continue;
    if (harmless.has(`${name} ${key}`)) continue;
    const watcher = function (...args) {
      const [, caller = ""] = new Error().stack.split("\n").slice(1);
      if (!caller.includes("node:internal") && !caller.includes("(node:")) {
        calls.push(`${name} ${key} ${caller.trim()}`);
      }
      return original.apply(this, args);
    };
    module[key] = Object.assign(watcher, original);
  }
}

syncBuiltinESMExports();

const state = () => ({
  resources: process.getActiveResourcesInfo(),
  listeners: process.eventNames().map(String),
  globals: Object.getOwnPropertyNames(globalThis),
  stringMethods: Object.getOwnPropertyNames(String.prototype),
  directory: process.cwd(),
  mask: process.umask(),
});

/** The state of the process, in parts that an import could change. */
globalThis.importing = { calls, state };
