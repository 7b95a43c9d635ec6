// A package registry on loopback that knows the packages it is given and nothing else: the recipes
// of the README are tried to the letter, and what they would fetch besides is an error.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join, resolve } from "node:path";
import { root } from "../../scripts/command.mjs";
import { pack } from "../../scripts/pack.mjs";

export interface PackedPackage {
  readonly manifest: {
    readonly name: string;
    readonly version: string;
    readonly [field: string]: unknown;
  };
  readonly tarball: string;
  /** Paths in the package. */
  readonly files: readonly string[];
}

/** Packs the package in a folder: relative to the repository, or absolute. */
export async function packPackage(folder: string, destination: string): Promise<PackedPackage> {
  const packed = await pack(folder, destination);
  const manifest = readFileSync(join(resolve(root, folder), "package.json"), "utf8");
  return { ...packed, manifest: JSON.parse(manifest) as PackedPackage["manifest"] };
}

export interface Registry extends AsyncDisposable {
  readonly url: string;
}

export async function startRegistry(packages: readonly PackedPackage[]): Promise<Registry> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "/").slice(1);
    const named = packages.find(({ manifest }) => manifest.name === path);
    const file = packages.find(({ tarball }) => `tarballs/${basename(tarball)}` === path);
    if (named) {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(describe(named, url)));
    } else if (file) response.end(readFileSync(file.tarball));
    else response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url,
    [Symbol.asyncDispose]: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** What npm asks for first: all versions of a package, and where their tarballs are. */
function describe({ manifest, tarball }: PackedPackage, url: string): unknown {
  const { name, version } = manifest;
  const sha512 = createHash("sha512").update(readFileSync(tarball)).digest("base64");
  const dist = {
    tarball: `${url}tarballs/${basename(tarball)}`,
    integrity: `sha512-${sha512}`,
  };
  return {
    name,
    "dist-tags": { latest: version },
    versions: { [version]: { ...manifest, dist } },
  };
}
