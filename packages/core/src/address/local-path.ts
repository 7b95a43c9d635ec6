/**
 * Where local sockets live: the folders that are tried for `local:name`, what makes a folder safe,
 * and how long a path may be. Nothing here looks at the system before it is called.
 */
import { lstatSync, mkdirSync, type Stats } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { MyelinError, toMyelinError } from "../errors.ts";

/**
 * The longest socket path in bytes: 107 on Linux (`sun_path` has 108 with the final NUL, unix(7)),
 * 103 on macOS and the BSDs, and 256 characters for the name of a Windows pipe.
 */
export const maxLocalPathBytes: number =
  process.platform === "win32" ? 256 : process.platform === "linux" ? 107 : 103;

/**
 * Refuses a path that the system would refuse too, or (Node 20 and 22) cut without a word, so that
 * the socket appears under another name.
 * @throws {MyelinError} `ERR_PATH_TOO_LONG`
 */
export function checkLocalPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= maxLocalPathBytes) return;
  throw new MyelinError(
    "ERR_PATH_TOO_LONG",
    `the socket path has ${bytes} bytes, this system allows ${maxLocalPathBytes}: ${path}`,
    { address: `unix:${path}` },
  );
}

/**
 * Makes sure that only this user can reach what is in a folder: creates it with mode 0700 (missing
 * parents too), or checks that it is a real folder, ours, closed to everybody else. The mode of a
 * folder that was there before is never changed.
 * @throws {MyelinError} `ERR_PERMISSION` when the folder is not safe, or the system's own error.
 */
export function securePrivateFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (reason) {
    // A file, or a link that leads nowhere: the check says it better.
    const { code } = reason as NodeJS.ErrnoException;
    if (code !== "EEXIST" && code !== "ENOENT") throw toMyelinError(reason);
  }
  checkPrivateFolder(path);
}

/** As {@link securePrivateFolder}, but creates nothing: for those who connect. */
export function checkPrivateFolder(path: string): void {
  // lstat of "folder/" would follow a symbolic link.
  const bare = path.replace(/(?<=.)[/\\]+$/, "");
  const refuse = (what: string): MyelinError =>
    new MyelinError("ERR_PERMISSION", `${bare} is not a safe place for sockets: ${what}`);
  let stats: Stats;
  try {
    stats = lstatSync(bare);
  } catch (reason) {
    throw toMyelinError(reason);
  }
  if (stats.isSymbolicLink()) throw refuse("it is a symbolic link");
  if (!stats.isDirectory()) throw refuse("it is not a folder");
  const uid = process.getuid?.();
  // Windows has neither owners nor modes here; its pipes do not live in folders.
  if (uid === undefined) return;
  if (stats.uid !== uid) throw refuse(`it belongs to user ${stats.uid}, this is user ${uid}`);
  const mode = stats.mode & 0o777;
  if ((mode & 0o077) !== 0) {
    throw refuse(`others can reach it (mode ${mode.toString(8)}); run chmod 700 on it`);
  }
}

/** One place where the socket of a `local:` name may be. */
export interface LocalPlace {
  readonly folder: string;
  readonly path: string;
  /** The user chose it: a server that cannot use it fails, and does not quietly go elsewhere. */
  readonly chosen: boolean;
}

/**
 * All places for a `local:` name, best first. A login shell, a service and a cron job of one user
 * see different ones, so a server takes the first that works and a client tries them all.
 */
export function localPlaces(
  name: string,
  environment: NodeJS.ProcessEnv = process.env,
): readonly LocalPlace[] {
  const { MYELIN_DIR: chosen, XDG_RUNTIME_DIR: runtime } = environment;
  const uid = process.getuid?.() ?? 0;
  const folders = new Set<string>();
  if (chosen !== undefined && chosen !== "") folders.add(chosen);
  if (runtime !== undefined && runtime !== "") folders.add(join(runtime, "myelin"));
  // What XDG_RUNTIME_DIR is for those who logged in; services and cron jobs are not told.
  if (isOurFolder(`/run/user/${uid}`, uid)) folders.add(`/run/user/${uid}/myelin`);
  folders.add(join(tmpdir(), `myelin-${uid}`));
  return [...folders].map((folder) => ({
    folder,
    path: join(folder, `${name}.sock`),
    chosen: folder === chosen,
  }));
}

/** The Windows pipe of a `local:` name: pipes share one room, so the user's name is part of it. */
export function localPipePath(name: string): string {
  return `\\\\.\\pipe\\myelin-${userName().replace(/[^A-Za-z0-9._-]/g, "_")}-${name}`;
}

/** Who owns a socket that may not be used; undefined where nothing can be seen. */
export function describeOwner(path: string): string | undefined {
  const uid = process.getuid?.();
  if (uid === undefined) return undefined;
  for (const each of [path, dirname(path)]) {
    try {
      // As bigint, as in transport/fd.ts: it may be a socket.
      const { uid: owner } = lstatSync(each, { bigint: true });
      return owner === BigInt(uid)
        ? `${each} is this user's own; its mode or its file system forbids it`
        : `${each} belongs to user ${owner}, this is user ${uid}`;
    } catch {
      // Not there, or not to be seen: its folder is the next best.
    }
  }
  return undefined;
}

function isOurFolder(path: string, uid: number): boolean {
  try {
    const stats = lstatSync(path);
    return stats.isDirectory() && stats.uid === uid;
  } catch {
    return false;
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // Thrown where the user has no entry in the system's list, as in some containers.
    return process.env["USERNAME"] ?? "user";
  }
}
