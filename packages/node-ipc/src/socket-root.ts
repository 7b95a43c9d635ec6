/**
 * The folder of local sockets. `/tmp/` unless the program names another; with `secureSocketRoot`,
 * or the assured profile, one that only this user can enter.
 */
import { mkdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { securePrivateFolder } from "myelin";
import { type Defaults, defaultSocketRoot } from "./defaults.ts";
import { createParser } from "./parser/create-parser.ts";
import { IPCProtocolError, toIpcError } from "./protocol-error.ts";
import { assuredTransport } from "./route.ts";

/** The folder that the configuration means, with the separator that a path continues with. */
export function socketRoot(config: Defaults): string {
  const isSecure = config.secureSocketRoot || isAssured(config);
  if (!isSecure || config.socketRoot !== defaultSocketRoot) return config.socketRoot;
  return userRoot();
}

function isAssured(config: Defaults): boolean {
  return createParser(config).profile === "assured";
}

/** node-ipc 14's own folder, so that the two find each other. */
function userRoot(): string {
  if (process.platform === "win32") return `/node-ipc-${userName()}/`;
  const runtime = process.env["XDG_RUNTIME_DIR"];
  if (runtime) return path.join(runtime, "node-ipc") + path.sep;
  return path.join(os.tmpdir(), `node-ipc-${process.getuid?.() ?? userName()}`) + path.sep;
}

function userName(): string {
  try {
    return os.userInfo().username.replace(/[^a-zA-Z0-9_.-]/g, "_");
  } catch {
    return "user";
  }
}

/**
 * Makes the folder of a server's socket ready. A folder that is there is checked where that was
 * asked for, and never changed.
 * @throws {IPCProtocolError} `ERR_IPC_SOCKET_ROOT` when others could enter it.
 */
export function prepareSocketRoot(config: Defaults, socketPath: string): void {
  const assured = isAssured(config);
  if (process.platform === "win32") {
    if (assured) throw assuredTransport("assured servers cannot vouch for a Windows pipe; use TLS");
    return;
  }
  const root = socketRoot(config);
  if (assured && !isDirectlyIn(root, socketPath)) {
    throw assuredTransport("assured servers need a socket directly inside socketRoot");
  }
  if (!config.secureSocketRoot && !assured) {
    // A path elsewhere is the program's own affair.
    if (isDirectlyIn(root, socketPath)) mkdirSync(root, { recursive: true, mode: 0o700 });
    return;
  }
  try {
    mkdirSync(path.dirname(path.resolve(root)), { recursive: true, mode: 0o700 });
    securePrivateFolder(path.resolve(root));
  } catch (error) {
    const { message } = toIpcError(error);
    throw new IPCProtocolError("ERR_IPC_SOCKET_ROOT", message, { cause: error });
  }
}

function isDirectlyIn(root: string, socketPath: string): boolean {
  return path.dirname(path.resolve(socketPath)) === path.resolve(root);
}
