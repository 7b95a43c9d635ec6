/**
 * A server, `ipc.server`: one class for every transport, as in node-ipc. What differs between
 * connections and datagrams is behind a {@link Backend}.
 */
import { randomUUID } from "node:crypto";
import type { Socket as DatagramSocket } from "node:dgram";
import type { Socket, Server as StreamServer } from "node:net";
import { bindMethods } from "./bind-methods.ts";
import { DatagramBackend, type DatagramPeer } from "./datagram-backend.ts";
import type { Defaults } from "./defaults.ts";
import { Events, eventMethods } from "./events.ts";
import { type Log, log } from "./log.ts";
import { createParser } from "./parser/create-parser.ts";
import { toIpcError } from "./protocol-error.ts";
import { pipeName } from "./route.ts";
import { prepareSocketRoot } from "./socket-root.ts";
import { StreamBackend } from "./stream-backend.ts";

/** What a server's `emit` and events call a socket: the real one, or the address of a UDP peer. */
export type Peer = Socket | DatagramPeer;

/** One way to listen. */
export interface Backend {
  /** Begins to listen, before it returns; resolves when it does. */
  listen(): Promise<void>;
  emit(peer: Peer | undefined, type: unknown, data: unknown): boolean;
  broadcast(type: unknown, data: unknown): boolean;
  /** Hands over what was emitted, stops listening and ends all connections; synchronously. */
  stop(): void;
  flush(): Promise<void>;
  close(timeoutMs: number): Promise<void>;
  ref(): void;
  unref(): void;
}

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

const closeTimeoutMs = 5_000;

export class Server extends Events {
  readonly config: Defaults;
  readonly log: Log;
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
  #isReferenced = true;
  readonly #ids = new WeakMap<object, string>();

  constructor(path: string, config: Defaults, logger?: Log, port?: number) {
    super();
    this.path = path;
    this.port = port;
    this.config = config;
    this.log = logger ?? ((...args) => log(config, ...args));
    // A wrong configuration is the caller's mistake: told here, not in an event.
    createParser(config);
    bindMethods(this, [...eventMethods, ...methods]);
  }

  /** Starts listening: `server.server` exists when this returns, `start` follows. */
  start(): void {
    this.listen().catch(() => {
      // Told by the `error` event.
    });
  }

  /**
   * Starts listening.
   * @throws the error that the `error` event tells: EADDRINUSE, EACCES, ...
   */
  listen(): Promise<void> {
    if (this.#listening !== undefined) return this.#listening;
    if (!this.path) {
      this.log("server path not specified, refusing to start");
      return Promise.resolve();
    }
    this.#listening = this.#start();
    return this.#listening;
  }

  /** Ends listening and all connections, after what was emitted. Repeatable. */
  stop(): void {
    this.#backend?.stop();
    this.#listening = undefined;
  }

  /**
   * Sends an event to one peer. In raw mode `type` is the bytes.
   * @returns false when the socket is over its high-water mark or gone.
   */
  emit(peer: Peer, type: unknown, data?: unknown): boolean {
    if (!this.config.silent) this.#logMessage("dispatching event to socket", type, data);
    return this.#backend?.emit(peer, type, data) ?? false;
  }

  /** Sends an event to every peer. @returns false when one of the sockets is over its mark. */
  broadcast(type: unknown, data?: unknown): boolean {
    if (!this.config.silent) this.#logMessage("broadcasting event", type, data);
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

  /** Resolves when the system has taken everything that was emitted before. */
  async flush(): Promise<void> {
    await this.#backend?.flush();
  }

  /**
   * Delivers what was emitted, ends all connections and stops listening.
   * @param options `timeoutMs`: at most so long, 5,000 by default.
   * @throws {IPCProtocolError} `ERR_IPC_UNDELIVERED` when something was left.
   */
  async close(options: { timeoutMs?: number } = {}): Promise<void> {
    const backend = this.#backend;
    this.#listening = undefined;
    await backend?.close(options.timeoutMs ?? closeTimeoutMs);
  }

  /** The process may end although this server listens. */
  unref(): this {
    this.#isReferenced = false;
    this.#backend?.unref();
    return this;
  }

  ref(): this {
    this.#isReferenced = true;
    this.#backend?.ref();
    return this;
  }

  /** Tells an error; one that nobody hears is logged, never thrown. @internal */
  tellError(error: Error, peer?: Peer): void {
    if (!this.config.silent) this.log("server", this.path, error.message);
    if (peer === undefined) this.publish("error", error);
    else this.publish("error", error, peer);
  }

  /** A message arrived. @internal */
  receive(type: string, data: unknown, peer: Peer): void {
    if (this.config.logPayloads) this.log("received event", type, data);
    this.dispatch(type, data, peer, 2);
  }

  async #start(): Promise<void> {
    const { config } = this;
    if (!config.silent) this.log("starting server on", this.path, this.port ?? "");
    try {
      const isDatagram = this.udp4 || this.udp6;
      if (!isDatagram && !this.port) {
        prepareSocketRoot(config, this.path);
        if (process.platform === "win32") this.path = pipeName(this.path);
      }
      const backend = isDatagram ? new DatagramBackend(this) : new StreamBackend(this);
      this.#backend = backend;
      const listening = backend.listen();
      if (!this.#isReferenced) backend.unref();
      await listening;
    } catch (reason) {
      // Before any handler can have been added, `error` would be lost.
      await Promise.resolve();
      const error = toIpcError(reason);
      this.#listening = undefined;
      this.tellError(error);
      throw error;
    }
    this.publish("start", this.server);
  }

  #logMessage(action: string, type: unknown, data: unknown): void {
    const { config } = this;
    const name = config.rawBuffer ? "<raw-buffer>" : type;
    if (config.logPayloads) this.log(action, this.path, this.port ?? "", ":", name, data);
    else this.log(action, this.path, this.port ?? "", ":", name);
  }
}
