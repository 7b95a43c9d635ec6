// Where servers listen: a new place for each, and everything gone when the run ends.
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { freePort } from "../demo/free-port.mjs";
import { makeCertificates } from "../examples/tls-certificates/make.mjs";

export class Targets {
  #folder = mkdtempSync(join(tmpdir(), "myelin-bench-"));
  #sockets = 0;
  #certificates;

  constructor() {
    process.once("exit", () => rmSync(this.#folder, { recursive: true, force: true }));
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
      process.once(signal, () => process.exit(128 + constants.signals[signal]));
    }
  }

  /** @param transport "local", "tcp" or "tls" */
  async next(transport) {
    if (transport !== "local") {
      const place = { host: "127.0.0.1", port: await freePort() };
      return transport === "tls" ? { ...place, tls: this.#tlsOptions() } : place;
    }
    const name = `${++this.#sockets}.sock`;
    const onWindows = process.platform === "win32";
    return {
      path: onWindows ? `\\\\.\\pipe\\${basename(this.#folder)}-${name}` : join(this.#folder, name),
    };
  }

  /** In node-ipc's words. The client checks the server's certificate, as it should. */
  #tlsOptions() {
    this.#certificates ??= makeCertificates(join(this.#folder, "certificates"));
    const { ca, server } = this.#certificates;
    return {
      server: { private: server.key, public: server.cert },
      client: { trustedConnections: ca, rejectUnauthorized: true },
    };
  }
}
