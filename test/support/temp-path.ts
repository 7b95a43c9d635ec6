// Folders for sockets and files of one test. The names are short: a socket's path has 107 bytes at most.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folders = new Set<string>();

/** A fresh, empty folder. It is gone after {@link removeTempFolders}, at the latest when the process ends. */
export function tempFolder(): string {
  if (folders.size === 0) process.once("exit", removeTempFolders);
  const folder = mkdtempSync(join(tmpdir(), "my-"));
  folders.add(folder);
  return folder;
}

/** For `afterEach`. */
export function removeTempFolders(): void {
  process.off("exit", removeTempFolders);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}
