// The packages under test: ours, and the real ones that we must not differ from. What they have in
// common is described here once, loosely, so that one scenario can be run with any of them.
import type dgram from "node:dgram";
import { createRequire } from "node:module";
import type net from "node:net";
import type tls from "node:tls";

const require = createRequire(import.meta.url);

export type Handler = (...args: never[]) => unknown;

export interface Emitter {
  on(type: string, handler: Handler, once?: boolean): this;
  once(type: string, handler: Handler): this;
  off(type: string, handler: Handler | "*"): this;
  publish(type: string, ...args: unknown[]): unknown;
}

/** What only some versions have; ours has all of it. */
export interface Synonyms {
  trigger(type: string, ...args: unknown[]): unknown;
  subscribe(type: string, handler: Handler): this;
  unsubscribe(type: string, handler: Handler | "*"): this;
  unSubscribe(type: string, handler: Handler | "*"): this;
  reset(): this;
  readonly list: Record<string, Handler[]>;
}

export type Peer = (net.Socket | tls.TLSSocket) & { id?: unknown };

export interface UdpPeer {
  address: string;
  port: number;
  id?: unknown;
}

export interface Client extends Emitter, Synonyms {
  readonly Client: new (...args: never[]) => unknown;
  id: string;
  path: string;
  port?: number;
  config: Config;
  queue: unknown;
  socket: Peer;
  retriesRemaining: number;
  explicitlyDisconnected: boolean;
  connect(): unknown;
  emit(type: unknown, data?: unknown): boolean;
  flush(options?: { timeoutMs?: number }): Promise<void>;
  close(options?: { timeoutMs?: number }): Promise<void>;
  ref(): unknown;
  unref(): unknown;
}

export interface Server extends Emitter, Synonyms {
  path: string;
  port?: number;
  config: Config;
  udp4: boolean;
  udp6: boolean;
  server: net.Server & dgram.Socket;
  sockets: Peer[];
  start(...ignored: unknown[]): unknown;
  stop(): unknown;
  emit(socket: unknown, type: unknown, data?: unknown): boolean;
  broadcast(type: unknown, data?: unknown): boolean;
  listen(): Promise<unknown>;
  flush(options?: { timeoutMs?: number }): Promise<void>;
  close(options?: { timeoutMs?: number }): Promise<void>;
  idOf(socket: unknown): string;
  ref(): unknown;
  unref(): unknown;
}

export interface Config {
  appspace: string;
  socketRoot: string;
  id: string;
  networkHost: string;
  networkPort: number;
  IPType: string;
  encoding: string;
  rawBuffer: boolean;
  sync: boolean;
  silent: boolean;
  logger: (line: string) => void;
  logInColor: boolean;
  logDepth: number;
  logPayloads: boolean;
  maxConnections: number;
  retry: number;
  maxRetries: number | boolean;
  stopRetrying: number | boolean;
  delimiter: string;
  unlink: boolean;
  readableAll: boolean;
  writableAll: boolean;
  interface: Record<string, unknown>;
  tls: Record<string, unknown> | false;
  parser: unknown;
  identifyPeer: boolean;
  secureSocketRoot: boolean;
  maxMessageSize: number;
  maxPendingBytes: number;
  maxEventNameLength: number;
  messageTimeout: number;
  allowReservedEvents: boolean;
  allowedEvents: unknown;
  offline: "queue" | "drop" | "reject";
  maxQueueBytes: number;
  maxQueueMessages: number;
  legacyPayloads: boolean;
}

/** The methods work detached, which is why they are properties here. */
export interface Ipc {
  config: Config;
  of: Record<string, Client>;
  server: Server;
  readonly log: (...args: unknown[]) => void;
  readonly connectTo: (...args: unknown[]) => void;
  readonly connectToNet: (...args: unknown[]) => void;
  readonly disconnect: (id?: unknown) => void;
  readonly serve: (...args: unknown[]) => void;
  readonly serveNet: (...args: unknown[]) => void;
  readonly flush: (options?: { timeoutMs?: number }) => Promise<void>;
  readonly close: (options?: { timeoutMs?: number }) => Promise<void>;
}

/** The module of ours, as `require` gives it: the instance that everybody shares. */
export interface IpcModule extends Ipc {
  readonly IPC: new () => Ipc;
  readonly IPCModule: new () => IpcModule;
  readonly default: IpcModule;
  readonly Parser: ParserClass;
  readonly RawParser: ParserClass;
  readonly FastParser: ParserClass;
  readonly GuardedParser: ParserClass;
  readonly AssuredParser: ParserClass;
  readonly IPCProtocolError: new (code: string, message: string) => Error & { code: string };
}

export interface Parser {
  readonly profile: string;
  readonly raw: boolean;
  encode(type: unknown, data?: unknown): string | Buffer;
  format(message: { type: string; data?: unknown }): string | Buffer;
  read(buffer: string, data: string, receive: (message: unknown) => void): string;
  push(buffer: string, data: string): { events: string[]; remainder: string };
  parse(data: string): string[];
  decode(frame: string): { type: string; data: unknown };
}

export type ParserClass = new (config?: Partial<Config>) => Parser;

/** One package, able to give instances that share nothing. */
export interface Version {
  readonly name: string;
  /** 9.2.1 takes Node 10 and later for Node 1, where its emitter breaks on "*". */
  readonly wildcards: boolean;
  create(): Ipc;
}

export const bundle = require.resolve("../index.js");

export function loadOurs(): IpcModule {
  return require(bundle) as IpcModule;
}

export const ours: Version = {
  name: "ours",
  wildcards: true,
  create: () => new (loadOurs().IPC)(),
};

const nodeIpc9: Version = {
  name: "node-ipc 9.2.1",
  wildcards: false,
  create: () => new (require("node-ipc-9") as { IPC: new () => Ipc }).IPC(),
};

const nodeIpc14: Version = {
  name: "node-ipc 14.0.0",
  wildcards: true,
  create: () => new (require("node-ipc-14") as { IPCModule: new () => Ipc }).IPCModule(),
};

/** Those of the real packages that run here: 14 is an ES module that it also requires itself. */
const realVersions: readonly Version[] = (process.features as { require_module?: boolean })
  .require_module
  ? [nodeIpc9, nodeIpc14]
  : [nodeIpc9];

/** Ours first, then the real ones: for behaviour in which all of them agree. */
export const everyVersion: readonly Version[] = [ours, ...realVersions];
