// Builds and packs both packages, to be tried in another project: prints the tarballs.
import { pack } from "./pack.mjs";

await import("./build.mjs");
for (const name of ["core", "node-ipc"]) {
  const { tarball } = await pack(`packages/${name}`);
  console.log(tarball);
}
