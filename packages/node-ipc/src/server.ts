/**
 * A server, `ipc.server`: one class for every transport, as in node-ipc. What differs between
 * connections and datagrams is behind a {@link Backend}.
 */
import { randomUUID } from "node:crypto";
import type { Socket as DatagramSocket } from "node:dgram";
import type { Server as StreamServer } from "node:net";
import type { Backend, BackendOwner, Peer } from "./backend.ts";
import { bindMethods } from "./bind-methods.ts";
import { checkConfig } from "./check-config.ts";
import { DatagramBackend } from "./datagram-backend.ts";
import { closeTimeoutMs } from "./deadline.ts";
import type { Defaults } from "./defaults.ts";
import { Endpoint } from "./endpoint.ts";
import { eventMethods } from "./events.ts";
import type { Log } from "./log.ts";
import { createParser } from "./parser/create-parser.ts";
import { IPCProtocolError, toIpcError } from "./protocol-error.ts";
import { pipeName } from "./route.ts";
import { prepareSocketRoot } from "./socket-root.ts";
import { StreamBackend } from "./stream-backend.ts";

const methods = [
  "start",
  "listen",
  "stop",
  "emit",
  "broadcast",
  "idOf",
  "flush",
  "close",
  "ref",
  "unref",
] as const;

export class Server extends Endpoint implements BackendOwner {
  /** The socket's path, or the host when there is a port. */
  path: string;
  port: number | undefined;
  /** Set before `start` to use UDP. */
  udp4 = false;
  udp6 = false;
  /** The real `net`, `tls` or `dgram` server; false before `start`. */
  server: StreamServer | DatagramSocket | false = false;
  /** Everybody who is connected, or, for UDP, who was heard last. */
  sockets: Peer[] = [];

  #backend: Backend | undefined;
  #listening: Promise<void> | undefined;
  #listens = false;
  /** Counts starts and stops: a start that is not the latest of them is void. */
  #starts = 0;
  #isReferenced = true;
  readonly #ids = new WeakMap<object, string>();

  constructor(path: string, config: Defaults, logger?: Log, port?: number) {
    super(config, logger);
    this.path = path;
    this.port = port;
    // A wrong configuration is the caller's mistake: told here, not in an event.
    checkConfig(config);
    createParser(config);
    bindMethods(this, [...eventMethods, ...methods]);
  }

  /** Starts listening: `server.server` exists when this returns, `start` follows. */
  start(): void {
    this.listen().catch(() => {
      // Told by the `error` event, or the program stopped it itself.
    });
  }

  /**
   * Starts listening.
   * @throws the error that the `error` event tells: EADDRINUSE, EACCES, ...; `ERR_IPC_CLOSED`, and no
   * event, when the server was stopped meanwhile.
   */
  listen(): Promise<void> {
    // The program may have closed the real server itself.
    const { server } = this;
    const wasClosed =
      this.#listens && server !== false && "listening" in server && !server.listening;
    if (this.#listening === undefined || wasClosed) this.#listening = this.#start();
    return this.#listening;
  }

  /** Ends listening and all connections, after what was emitted. Repeatable. */
  stop(): void {
    this.#starts += 1;
    this.#listening = undefined;
    this.#backend?.stop();
  }

  /**
   * Sends an event to one peer. In raw mode `type` is the bytes.
   * @returns false when the socket is over its high-water mark or gone.
   */
  emit(peer: Peer, type: unknown, data?: unknown): boolean {
    if (!this.config.silent) this.#logOutgoing("dispatching event to socket", type, data);
    return this.#backend?.emit(peer, type, data) ?? false;
  }

  /** Sends an event to every peer. @returns false when one of the sockets is over its mark. */
  broadcast(type: unknown, data?: unknown): boolean {
    if (!this.config.silent) this.#logOutgoing("broadcasting event", type, data);
    return this.#backend?.broadcast(type, data) ?? false;
  }

  /** An id of this connection that no peer can choose or guess. */
  idOf(peer: Peer): string {
    let id = this.#ids.get(peer);
    if (id === undefined) {
      id = randomUUID();
      this.#ids.set(peer, id);
    }
    return id;
  }

  /**
   * Resolves when the system has taken everything that was emitted before.
   * @throws {IPCProtocolError} `ERR_IPC_UNDELIVERED` when a connection ended first.
   */
  async flush(): Promise<void> {
    await this.#backend?.flush();
  }

  /**
   * Delivers what was emitted, ends all connections and stops listening.
   * @param options `timeoutMs`: at most so long, 5,000 by default.
   * @throws {IPCProtocolError} `ERR_IPC_UNDELIVERED` when something was left.
   */
  async close(options: { timeoutMs?: number } = {}): Promise<void> {
    this.#starts += 1;
    this.#listening = undefined;
    await this.#backend?.close(options.timeoutMs ?? closeTimeoutMs);
  }

  /** The process may end although this server listens. */
  unref(): this {
    return this.#reference(false);
  }

  ref(): this {
    return this.#reference(true);
  }

  /** A message arrived. @internal */
  receive(type: string, data: unknown, peer: Peer): void {
    if (this.config.logPayloads) this.log("received event", type, data);
    this.dispatch(type, data, peer, 2);
  }

  #reference(isReferenced: boolean): this {
    this.#isReferenced = isReferenced;
    this.#backend?.reference(isReferenced);
    return this;
  }

  async #start(): Promise<void> {
    const { config } = this;
    this.#starts += 1;
    this.#listens = false;
    const start = this.#starts;
    const attempt = this.#listen();
    // Also what fails at once is told later: nobody has had the time to listen for `error`.
    const [outcome] = await Promise.allSettled([attempt]);
    if (this.#starts !== start) {
      throw new IPCProtocolError("ERR_IPC_CLOSED", "the server was stopped before it listened");
    }
    if (outcome.status === "fulfilled") {
      if (!config.silent) this.log("server listens on", this.path, this.port ?? "");
      this.#listens = true;
      this.publish("start", this.server);
      return;
    }
    const error = toIpcError(outcome.reason);
    this.#listening = undefined;
    // A program that neither logs nor listens would end, or wait for ever, without a word.
    if (config.silent && !this.hears("error")) process.emitWarning(error);
    this.tellError(error);
    throw error;
  }

  /** Everything up to the listening socket happens before this returns its promise. */
  async #listen(): Promise<void> {
    const { config } = this;
    if (!this.path) {
      throw new IPCProtocolError("ERR_IPC_CONFIG", "the server has no path to listen on");
    }
    if (!config.silent) this.log("starting server on", this.path, this.port ?? "");
    const isDatagram = this.udp4 || this.udp6;
    if (!isDatagram && !this.port) {
      prepareSocketRoot(config, this.path);
      if (process.platform === "win32") this.path = pipeName(this.path);
    }
    const backend = isDatagram ? new DatagramBackend(this) : new StreamBackend(this);
    backend.reference(this.#isReferenced);
    this.#backend = backend;
    await backend.listen();
  }

  #logOutgoing(action: string, type: unknown, data: unknown): void {
    const isRaw = this.#backend?.isRaw ?? createParser(this.config).raw === true;
    this.logMessage([action, this.path, this.port ?? "", ":"], isRaw, type, data);
  }
}
