// Which documents the tests of this folder read.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/command.mjs";

function markdownIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === "node_modules" ? [] : markdownIn(path);
      return entry.name.endsWith(".md") ? [path] : [];
    })
    .sort();
}

/** What users of the packages read: all that it shows is run. */
export const pages: readonly string[] = [
  "README.md",
  "packages/core/README.md",
  "packages/node-ipc/README.md",
  ...markdownIn("docs"),
];

/** Every document of the repository. The examples' own terminals are run by the tests of the examples. */
export const documents: readonly string[] = [
  ...pages,
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...["bench", "demo", "examples", "test"].flatMap(markdownIn),
];
