/**
 * Binding the file of a Unix socket. The server binds a hidden name and is then linked to the public
 * one, which is atomic, refuses a name that is taken, and keeps libuv (which removes by name what it
 * bound, whoever's it is by then) away from the public name.
 */
import { chmodSync, existsSync } from "node:fs";
import type { Server } from "node:net";
import { constants } from "node:os";
import { dirname } from "node:path";
import { formatAddress, type UnixAddress } from "../address/address.ts";
import { describeOwner } from "../address/local-path.ts";
import { MyelinError, toMyelinError } from "../errors.ts";
import type { PathBinding } from "./path-transport.ts";
import {
  canPublish,
  type FileIdentity,
  hiddenNameBeside,
  identify,
  probe,
  publish,
  removeDead,
  removeDeadUnlocked,
  removeIfOurs,
  removeQuietly,
  sparingOthers,
} from "./socket-file.ts";
import { untilListening } from "./socket-listener.ts";

/** What is to be bound, and how. */
export interface SocketFilePlan {
  readonly path: string;
  readonly reclaim: boolean;
  /** Of the file; undefined: as the process's umask makes it. */
  readonly mode: number | undefined;
  create(): Server;
  listen(server: Server, path: string): void;
}

/** Starts to bind a path. When it is free, everything has happened by the time this returns. */
export function bindSocketFile(plan: SocketFilePlan): PathBinding {
  return bindHidden(plan) ?? bindPublic(plan);
}

/** @returns undefined where the hidden name cannot be used: too long, or no hard links there. */
function bindHidden(plan: SocketFilePlan): PathBinding | undefined {
  const { path } = plan;
  const hidden = hiddenNameBeside(path);
  if (hidden === undefined) return undefined;
  const server = plan.create();
  const listening = untilListening(server);
  listening.catch(() => {});
  plan.listen(server, hidden);
  // A folder that is missing or closed to us: the public name will fail in the system's own words.
  if (!server.listening) return undefined;
  if (plan.mode !== undefined) chmodSync(hidden, plan.mode);
  const ours = identify(hidden) as FileIdentity;
  const outcome = publish(hidden, path);
  if (outcome === "impossible" || (outcome === "exists" && !canPublish(hidden))) {
    server.close();
    return undefined;
  }
  let published = outcome === "published";
  // The hidden name goes as soon as the public one stands, and libuv removes it at the latest.
  if (published) removeQuietly(hidden);
  aroundClose(server, (close) => {
    if (published) removeIfOurs(path, ours);
    close();
  });
  // Node would tell the hidden name.
  server.address = () => path;
  const attempt = async (): Promise<boolean> => {
    if (!server.listening)
      throw new MyelinError("ERR_CLOSED", `${path}: closed while it was bound`);
    published = publish(hidden, path) === "published";
    if (published) removeQuietly(hidden);
    return published;
  };
  const remove = (dead: FileIdentity) => removeDead(path, dead, hidden);
  const bound = listening.then(() => (published ? undefined : takeOver(plan, remove, attempt)));
  return { server, bound };
}

/** For where hidden names do not work: the system's own bind is as exclusive, but reclaims less well. */
function bindPublic(plan: SocketFilePlan): PathBinding {
  const { path } = plan;
  const server = plan.create();
  const attempt = async (): Promise<boolean> => {
    if (identify(path) !== undefined) return false;
    const listening = untilListening(server);
    plan.listen(server, path);
    if (server.listening && plan.mode !== undefined) chmodSync(path, plan.mode);
    const ours = server.listening ? identify(path) : undefined;
    if (ours !== undefined) aroundClose(server, (close) => sparingOthers(path, ours, close));
    await listening;
    return true;
  };
  // The first attempt happens now, up to its first wait.
  const remove = (dead: FileIdentity) => removeDeadUnlocked(path, dead);
  const bound = attempt().then((done) => (done ? undefined : takeOver(plan, remove, attempt)));
  return { server, bound };
}

// Servers that race over one dead file may meet a few times; more often means that somebody makes
// files there as fast as we remove them, or was stopped while it was at it.
const maxAttempts = 5;

async function takeOver(
  { path, reclaim }: SocketFilePlan,
  remove: (dead: FileIdentity) => void | Promise<void>,
  attempt: () => Promise<boolean>,
): Promise<void> {
  for (let n = 0; n < maxAttempts; n++) {
    const found = identify(path);
    if (found !== undefined) {
      if (!found.isSocket) {
        const message = `there is a file at ${path} that is no socket; it was left alone`;
        throw new MyelinError("ERR_NOT_A_SOCKET", message, taken(path));
      }
      if (!reclaim || (await probe(path)) === "alive") break;
      await remove(found);
    }
    if (await attempt()) return;
  }
  const who = reclaim ? "another server listens at" : "there is a socket (reclaim is off) at";
  throw new MyelinError("ERR_ADDRESS_IN_USE", `${who} ${path}`, taken(path));
}

// The cause is the error that Node would have given, for those who know errors by its fields.
function taken(path: string): { address: string; cause: Error } {
  const cause = Object.assign(new Error(`listen EADDRINUSE: address already in use ${path}`), {
    code: "EADDRINUSE",
    errno: -constants.errno.EADDRINUSE,
    syscall: "listen",
    address: path,
  });
  return { address: formatAddress({ scheme: "unix", path }), cause };
}

// Programs may close the server itself, so what belongs to closing hangs there.
function aroundClose(server: Server, around: (close: () => void) => void): void {
  const close = server.close.bind(server);
  server.close = (callback) => {
    if (server.listening) around(() => void close(callback));
    else close(callback);
    return server;
  };
}

/** Puts a failure of a path into words: what is missing, who owns it, what to do. */
export function explainPathError(reason: unknown, address: UnixAddress): MyelinError {
  const text = formatAddress(address);
  const code = reason instanceof Error ? (reason as NodeJS.ErrnoException).code : undefined;
  if (address.abstract === true) return explainNameError(reason, code, text);
  const error = toMyelinError(reason, { address: text });
  if (!["EACCES", "ENOENT", "EPERM"].includes(code ?? "")) return error;
  // Two come for a missing folder: bind says EACCES, connect ENOENT.
  const folder = dirname(address.path);
  if (!existsSync(folder)) {
    const message = `${error.cause instanceof Error ? error.cause.message : text}: the folder ${folder} does not exist`;
    return new MyelinError("ERR_NOT_FOUND", message, { address: text, cause: reason });
  }
  const owner = code === "ENOENT" ? undefined : describeOwner(address.path);
  if (owner === undefined) return error;
  return new MyelinError("ERR_PERMISSION", `${error.message}: ${owner}`, {
    address: text,
    cause: reason,
  });
}

/** An abstract name begins with a zero, and is in no folder. */
function explainNameError(reason: unknown, errno: string | undefined, text: string): MyelinError {
  const { cause, code, message } = toMyelinError(reason, { address: text });
  const words =
    errno === "ECONNREFUSED"
      ? `nothing has the name ${text}; one of Node 20 and one of Node 22 or newer do not meet`
      : message.replaceAll("\0", "@");
  return new MyelinError(code, words, { address: text, cause });
}
