// A process of a measurement that was started somewhere: what the harness needs of it.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { lines } from "./orders.mjs";

export const actorFile = fileURLToPath(new URL("peer-process.mjs", import.meta.url));

/** A process that the harness starts. */
export class ForkedActor {
  #child;

  /** @param withPipe gives it a pipe that it can hand on to a child of its own; see {@link HandedActor} */
  constructor(share, execArgv, withPipe) {
    this.#child = fork(actorFile, [JSON.stringify(share)], {
      execArgv,
      stdio: ["ignore", 2, 2, "ipc", ...(withPipe ? ["pipe"] : [])],
    });
  }

  /** The harness's end of that pipe. */
  get pipe() {
    return this.#child.stdio[4];
  }

  listen({ onMessage, onEnd }) {
    this.#child.on("message", onMessage);
    this.#child.on("error", (error) => onEnd(error.message));
    this.#child.once("exit", (status, signal) => {
      onEnd(`the process ended (${signal ?? `status ${status}`})`);
    });
  }

  send(message) {
    if (this.#child.connected) this.#child.send(message);
  }

  /** Resolves when it is gone. */
  async kill() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    await new Promise((resolve) => {
      this.#child.once("exit", resolve);
      this.#child.kill("SIGKILL");
    });
  }
}

/** A process that a {@link ForkedActor} starts, with which it has the pipe. It ends with that one. */
export class HandedActor {
  #pipe;
  #send = () => {};

  constructor(parent) {
    this.#pipe = parent.pipe;
  }

  listen({ onMessage, onEnd }) {
    this.#send = lines(this.#pipe, onMessage);
    this.#pipe.on("error", (error) => onEnd(error.message));
    this.#pipe.once("close", () => onEnd("the process ended"));
  }

  send(message) {
    this.#send(message);
  }

  async kill() {
    if (this.#pipe.closed) return;
    await new Promise((resolve) => {
      this.#pipe.once("close", resolve);
    });
  }
}
