// Everything that the demo leaves in the world while it runs, and its removal, whatever happens.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const peerProcess = fileURLToPath(new URL("peer-process.mjs", import.meta.url));

/** A folder in the system's temporary one and the processes of this run; both end with this one. */
export class Workspace {
  folder = mkdtempSync(join(tmpdir(), "myelin-demo-"));
  #children = new Set();
  #sockets = 0;

  constructor() {
    process.once("exit", () => this.#clear());
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
      process.once(signal, () => process.exit(128 + constants.signals[signal]));
    }
  }

  /** A path for a Unix socket, short enough for every system; node-ipc makes a pipe name of it on Windows. */
  socketPath() {
    const name = `${++this.#sockets}.sock`;
    return process.platform === "win32"
      ? `/myelin-demo-${process.pid}-${name}`
      : join(this.folder, name);
  }

  /** Starts a peer process. What it prints to stderr is kept for the case that it dies. */
  start(settings) {
    const child = fork(peerProcess, [JSON.stringify(settings)], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    child.stderr.setEncoding("utf8");
    child.complaint = "";
    child.stderr.on("data", (text) => {
      child.complaint += text;
    });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  #clear() {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
