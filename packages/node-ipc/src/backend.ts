/** What a server needs of a way to listen, and what that way needs of the server. */
import type { Socket as DatagramSocket } from "node:dgram";
import type { Socket, Server as StreamServer } from "node:net";
import type { Defaults } from "./defaults.ts";

/** A UDP peer: where it sends from. */
export interface DatagramPeer {
  address: string;
  port: number;
  family?: string;
  id?: unknown;
}

/** What a server's `emit` and events call a socket: the real one, or the address of a UDP peer. */
export type Peer = Socket | DatagramPeer;

/** One way to listen. */
export interface Backend {
  /** Messages are bytes, without names. */
  readonly isRaw: boolean;
  /** Begins to listen, before it returns; resolves when it does. */
  listen(): Promise<void>;
  emit(peer: Peer | undefined, type: unknown, data: unknown): boolean;
  broadcast(type: unknown, data: unknown): boolean;
  /** Hands over what was emitted, stops listening and ends all connections; synchronously. */
  stop(): void;
  flush(): Promise<void>;
  close(timeoutMs: number): Promise<void>;
  /** Whether it keeps the process alive, with everybody who is or will be connected. */
  reference(isReferenced: boolean): void;
}

/** The server, as a way to listen sees it. */
export interface BackendOwner {
  readonly config: Defaults;
  readonly path: string;
  readonly port: number | undefined;
  readonly udp6: boolean;
  server: StreamServer | DatagramSocket | false;
  readonly sockets: Peer[];
  log(...args: unknown[]): void;
  publish(type: string, ...args: unknown[]): unknown;
  tellError(error: Error, peer?: Peer): void;
  /** A message arrived. */
  receive(type: string, data: unknown, peer: Peer): void;
}
