// Who is measured. bench/README.md says how to add one.
import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";

function installed(alias) {
  const manifest = new URL(`../node_modules/${alias}/package.json`, import.meta.url);
  return `node-ipc ${JSON.parse(readFileSync(manifest, "utf8")).version}`;
}

const titles = {
  ours: () => "@myelin/node-ipc",
  "node-ipc-14": () => installed("node-ipc-14"),
  "node-ipc-9": () => installed("node-ipc-9"),
  "bare-net": () => "node:net by hand",
  "bare-net-batched": () => "node:net by hand, batched",
};

export const peerNames = Object.keys(titles);

const isPath = (name) => /[/\\]|\.mjs$/.test(name);

export const isKnownPeer = (name) => isPath(name) || Object.hasOwn(titles, name);

/** Of a name in the list, or of the path of a module that somebody brings along. */
export function peerOf(name) {
  if (isPath(name)) {
    return { name, title: basename(name), module: pathToFileURL(resolve(name)).href, guest: true };
  }
  const module = new URL(`peers/${name}.mjs`, import.meta.url).href;
  return { name, title: titles[name](), module, guest: false };
}
