// The core's package, compiled apart: the tree's own `dist` may be old, or in use by others.
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { root, run, tool } from "../../scripts/command.mjs";
import { type PackedPackage, packPackage } from "./registry.ts";

export async function packCore(destination: string): Promise<PackedPackage> {
  const core = join(root, "packages/core");
  const stage = join(destination, "core");
  await mkdir(stage, { recursive: true });
  for (const file of ["package.json", "LICENSE", "README.md"]) {
    await copyFile(join(core, file), join(stage, file));
  }
  const places = ["--outDir", join(stage, "dist"), "--tsBuildInfoFile", join(stage, "build-info")];
  const { ok, output } = await run(tool("typescript", ["-p", core, ...places], "tsc"));
  if (!ok) throw new Error(`the core does not compile:\n${output}`);
  return packPackage(stage, destination);
}
