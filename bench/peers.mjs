// Who is measured. bench/README.md says how to add one.
import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { versionOf } from "./install.mjs";

function installed(alias) {
  const manifest = new URL(`../node_modules/${alias}/package.json`, import.meta.url);
  return `node-ipc ${JSON.parse(readFileSync(manifest, "utf8")).version}`;
}

const ofNodeIpc = (alias) => ({ title: () => installed(alias) });

/** One of those in bench/package.json, with what is special about it. */
const library = (name, more) => ({
  title: () => `${name} ${versionOf(name)}`,
  isLibrary: true,
  ...more,
});

const known = {
  ours: { title: () => "@myelin/node-ipc" },
  "node-ipc-14": ofNodeIpc("node-ipc-14"),
  "node-ipc-9": ofNodeIpc("node-ipc-9"),
  "bare-net": { title: () => "node:net by hand" },
  "bare-net-batched": { title: () => "node:net by hand, batched" },
  "bare-net-framed": { title: () => "node:net by hand, framed" },
  myelin: { title: () => "Myelin" },
  "child-process-json": { title: () => "child_process, json", forksClient: true },
  "child-process-advanced": { title: () => "child_process, advanced", forksClient: true },
  birpc: library("birpc"),
  "net-ipc": library("net-ipc"),
  // Its client knows no Unix sockets.
  "socket.io": library("socket.io", { transport: "tcp" }),
  zeromq: library("zeromq"),
  "vscode-jsonrpc": library("vscode-jsonrpc"),
};

export const peerNames = Object.keys(known);

const isPath = (name) => /[/\\]|\.mjs$/.test(name);

export const isKnownPeer = (name) => isPath(name) || Object.hasOwn(known, name);

/** Of a name in the list, or of the path of a module that somebody brings along. */
export function peerOf(name) {
  if (isPath(name)) {
    return { name, title: basename(name), module: pathToFileURL(resolve(name)).href, guest: true };
  }
  const module = new URL(`peers/${name}.mjs`, import.meta.url).href;
  return { ...known[name], name, title: known[name].title(), module, guest: false };
}
