// `npm ci` must work on every system, also on those where nobody made the lock file.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../scripts/command.mjs";

interface Locked {
  readonly link?: boolean;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
const entries = Object.entries(lock.packages);
const installed = entries.filter(([path, { link }]) => path.includes("node_modules/") && !link);

test("the binaries of every system are in it, not only those of the system that made it", () => {
  const missing = entries.flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !(`${path}/node_modules/${name}` in lock.packages))
      .filter((name) => !(`node_modules/${name}` in lock.packages))
      .map((name) => `${path} wants ${name}`),
  );
  expect(installed.length).toBeGreaterThan(100);
  expect(missing).toEqual([]);
});

test("what is for one system only is optional", () => {
  const bound = installed.filter(([, { os, cpu, optional }]) => (os ?? cpu) && !optional);
  expect(bound.map(([path]) => path)).toEqual([]);
});

test("each package is pinned by its hash, and comes from whatever registry the reader uses", () => {
  const loose = installed.filter(([, { integrity }]) => integrity === undefined);
  const bound = entries.filter(([, { resolved }]) => resolved?.includes("://"));
  expect(loose.map(([path]) => path)).toEqual([]);
  expect(bound.map(([path]) => path)).toEqual([]);
});

// 9.1.6, 9.2.2, 9.2.3, 10.1.1, 10.1.2, 11.x and 12.0.1 carry malware.
test("of node-ipc there are only releases known to be clean", () => {
  const manifest = readFileSync(join(root, "package.json"), "utf8");
  const aliases = [...manifest.matchAll(/"npm:((?:@achrinza\/)?node-ipc@[^"]+)"/g)];
  expect(aliases.map(([, alias]) => alias).sort()).toEqual([
    "@achrinza/node-ipc@10.1.11",
    "@achrinza/node-ipc@9.2.10",
    "node-ipc@10.1.0",
    "node-ipc@12.0.0",
    "node-ipc@14.0.0",
    "node-ipc@9.2.1",
  ]);
});
