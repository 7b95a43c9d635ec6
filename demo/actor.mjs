// A peer process as the stage sees it: what it has said, and its end.
import { deferred } from "./deferred.mjs";

/** One process on the stage. */
export class Actor {
  #child;
  #peer;
  #part;
  #heard = new Map();
  #waiting = new Map();
  #failure;

  constructor(workspace, peer, settings) {
    this.#peer = peer;
    this.#part = settings.part;
    this.#child = workspace.start({ ...settings, name: peer.name, specifier: peer.specifier });
    this.#child.on("message", ({ event, ...details }) => {
      if (event === "failed") this.#fail(details);
      else this.#settle(event, details);
    });
    // "close" rather than "exit": what it printed has been read by then.
    this.#child.once("close", (status, signal) => {
      const last = this.#child.complaint.split("\n").findLast((line) => /^\w*Error/.test(line));
      this.#fail({ reason: last ?? `the process ended (${signal ?? `status ${status}`})` });
    });
  }

  get name() {
    return `${this.#part} (${this.#peer.name})`;
  }

  /** What the process says with this event; rejects when it fails instead. */
  until(event) {
    if (this.#heard.has(event)) return Promise.resolve(this.#heard.get(event));
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const { promise, ...settlers } = deferred();
    this.#waiting.set(event, settlers);
    return promise;
  }

  ask(what) {
    if (this.#child.connected) this.#child.send({ ask: what });
  }

  /** Ends the process and waits until it is gone. */
  async leave() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const { promise, resolve } = deferred();
    this.#child.once("exit", resolve);
    this.#child.kill("SIGKILL");
    await promise;
  }

  #settle(event, details) {
    this.#heard.set(event, details);
    this.#waiting.get(event)?.resolve(details);
  }

  #fail({ reason, code }) {
    this.#failure ??= Object.assign(new Error(`${this.name}: ${reason}`), { code });
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
  }
}
