/**
 * The file of a Unix socket: who it belongs to, and how it is taken over or removed without ever
 * touching a living server's. No turn of the event loop lies between a look and the deed.
 */
import { createHash, randomBytes } from "node:crypto";
import { linkSync, lstatSync, renameSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { maxLocalPathBytes } from "../address/local-path.ts";
import { limits } from "../limits.ts";

const hiddenBytes = 4;

/** What tells one file from another of the same name. */
export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
  /** Inode numbers are used again soon after a file is removed; the time of birth is not. */
  readonly modified: bigint;
  readonly isSocket: boolean;
  /** The id of the user whose file it is. */
  readonly owner: bigint;
}

/** The identity of what a path names (a symbolic link itself, not its goal), if it can be seen. */
export function identify(path: string): FileIdentity | undefined {
  try {
    const stats = lstatSync(path, { bigint: true });
    return {
      device: stats.dev,
      inode: stats.ino,
      modified: stats.mtimeNs,
      isSocket: stats.isSocket(),
      owner: stats.uid,
    };
  } catch {
    return undefined;
  }
}

/** A short random name beside a path, or undefined when even that would be too long. */
export function hiddenNameBeside(path: string): string | undefined {
  const name = join(dirname(path), `.${randomBytes(hiddenBytes).toString("hex")}`);
  return Buffer.byteLength(name) <= maxLocalPathBytes ? name : undefined;
}

/**
 * Gives the socket at `hidden` its public name; unlike a bind, that cannot be seen half done.
 * @returns `exists` when the name is taken, `impossible` where the file system has no hard links.
 */
export function publish(hidden: string, path: string): "published" | "exists" | "impossible" {
  try {
    linkSync(hidden, path);
    return "published";
  } catch (reason) {
    return (reason as NodeJS.ErrnoException).code === "EEXIST" ? "exists" : "impossible";
  }
}

/** Whether the folder of a hidden socket takes hard links: a name that is taken hides the answer. */
export function canPublish(hidden: string): boolean {
  const link = `${hidden}.link`;
  const outcome = publish(hidden, link);
  if (outcome === "published") removeQuietly(link);
  return outcome !== "impossible";
}

/**
 * Whether somebody answers at a path. Only a refusal proves death: a full queue says EAGAIN. Rejects
 * when this process has no descriptor left to look with.
 */
export function probe(path: string): Promise<"alive" | "dead" | "gone"> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const timer = setTimeout(() => answer("alive"), limits.probeTimeoutMs);
    const answer = (verdict: "alive" | "dead" | "gone" | Error): void => {
      clearTimeout(timer);
      socket.destroy();
      if (verdict instanceof Error) reject(verdict);
      else resolve(verdict);
    };
    socket.on("connect", () => answer("alive"));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED") answer("dead");
      else if (error.code === "EMFILE" || error.code === "ENFILE") answer(error);
      else answer(error.code === "ENOENT" ? "gone" : "alive");
    });
  });
}

/**
 * Removes the socket file that a probe found dead, and only that one. Between a look at a name and its
 * removal the name can come to be another's, so a lock is held meanwhile: a name made of the identity
 * of the dead file, which whoever removes that file must hold. A dead file never comes back, so whoever
 * takes its lock too late finds another file at the path, and leaves it alone.
 *
 * The lock is one more name of `ours`, the listening socket of who takes it. A lock whose holder was
 * killed therefore answers no probe, and is removed in the same way. When another holds it, nothing is
 * removed here: look again. What stands there and can be no such lock is somebody's who wants nobody to
 * take over: the file is removed without one.
 */
export async function removeDead(path: string, dead: FileIdentity, ours: string): Promise<void> {
  const lock = lockBeside(path, dead);
  const outcome = publish(ours, lock);
  if (outcome === "exists") {
    const holder = identify(lock);
    if (holder === undefined) return;
    if (!mayHold(holder, dead)) removeDeadUnlocked(path, dead);
    else if ((await probe(lock)) === "dead") await removeDead(lock, holder, ours);
  } else if (outcome === "impossible") {
    removeDeadUnlocked(path, dead);
  } else {
    try {
      if (isSame(identify(path), dead)) unlinkSync(path);
    } finally {
      removeQuietly(lock);
    }
  }
}

/** Only who may remove a file has a reason to lock it: its owner, ourselves and the superuser. */
function mayHold(holder: FileIdentity, { owner }: FileIdentity): boolean {
  const possible = [owner, 0n, BigInt(process.geteuid?.() ?? 0)];
  return holder.isSocket && possible.includes(holder.owner);
}

/**
 * Removes a dead file where no lock can be made. It is moved aside first, and put back when what was
 * moved turns out to be another's; a third server that comes in that moment has the name then.
 */
export function removeDeadUnlocked(path: string, dead: FileIdentity): void {
  if (!isSame(identify(path), dead)) return;
  const aside = hiddenNameBeside(path) ?? `${path}.dead`;
  try {
    renameSync(path, aside);
  } catch (reason) {
    // Somebody else removed it: that is as good.
    if ((reason as NodeJS.ErrnoException).code === "ENOENT") return;
    throw reason;
  }
  if (isSame(identify(aside), dead)) unlinkSync(aside);
  else putBack(aside, path);
}

/** Removes a path only while it still names the file that we made. */
export function removeIfOurs(path: string, ours: FileIdentity): void {
  const found = identify(path);
  // Our inode lives as long as our server, so its number cannot have been given away.
  if (found?.inode === ours.inode && found.device === ours.device) removeQuietly(path);
}

/**
 * Runs the closing of a server that was bound to the path itself. libuv removes that name, whoever's
 * it is by then: a file that is not ours is carried out of the way meanwhile.
 */
export function sparingOthers(path: string, ours: FileIdentity, close: () => void): void {
  const found = identify(path);
  if (found === undefined || (found.inode === ours.inode && found.device === ours.device)) {
    close();
    return;
  }
  const aside = hiddenNameBeside(path) ?? `${path}.kept`;
  renameSync(path, aside);
  close();
  putBack(aside, path);
}

/** Removes a file that may be gone already. */
export function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone, or no longer ours to remove: either way it is not in our hands.
  }
}

function isSame(found: FileIdentity | undefined, wanted: FileIdentity): boolean {
  return (
    found?.inode === wanted.inode &&
    found.device === wanted.device &&
    found.modified === wanted.modified
  );
}

// As long as a hidden name, so that it can be connected to wherever those can.
function lockBeside(path: string, { device, inode, modified }: FileIdentity): string {
  const digest = createHash("sha256").update(`${device} ${inode} ${modified}`).digest("hex");
  return join(dirname(path), `.${digest.slice(0, 2 * hiddenBytes)}`);
}

function putBack(aside: string, path: string): void {
  const outcome = publish(aside, path);
  if (outcome === "impossible" && identify(path) === undefined) renameSync(aside, path);
  else removeQuietly(aside);
}
