import { MyelinError } from "../errors.ts";
/** The longest socket path in bytes: 107 on Linux, 103 on macOS and the BSDs, 256 for a pipe's name. */
export const maxLocalPathBytes: number =
  process.platform === "win32" ? 256 : process.platform === "linux" ? 107 : 103;
/** @throws {MyelinError} `ERR_PATH_TOO_LONG` when the system would refuse or cut the path. */
export function checkLocalPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > maxLocalPathBytes) throw new MyelinError("ERR_PATH_TOO_LONG", path);
}
/** Creates a folder only for this user, or checks that it is one. Never changes a folder's mode. */
export function securePrivateFolder(path: string): void {
  throw new MyelinError("ERR_UNSUPPORTED", path);
}
