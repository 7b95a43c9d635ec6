/** Addresses: where an endpoint listens or dials, as text and as data. */
import { MyelinError } from "../errors.ts";

/** A name for this user on this machine; each system has its own place for it. */
export interface LocalAddress {
  readonly scheme: "local";
  readonly name: string;
}

/** A Unix socket: a path, or an abstract name of Linux (`abstract: true`, no file). */
export interface UnixAddress {
  readonly scheme: "unix";
  readonly path: string;
  readonly abstract?: boolean;
}

/** A Windows named pipe, with its full name, for example `\\.\pipe\world`. */
export interface PipeAddress {
  readonly scheme: "pipe";
  readonly path: string;
}

/** A host and a port. Port 0 lets the system choose when listening. */
export interface NetworkAddress {
  readonly scheme: "tcp" | "tls" | "udp";
  readonly host: string;
  readonly port: number;
}

/** A name inside this process. */
export interface MemoryAddress {
  readonly scheme: "memory";
  readonly name: string;
}

export type Address = LocalAddress | UnixAddress | PipeAddress | NetworkAddress | MemoryAddress;

/** @throws {MyelinError} `ERR_INVALID_ADDRESS`, whose message says what is wrong. */
export function parseAddress(text: string): Address {
  throw new MyelinError("ERR_UNSUPPORTED", text);
}

/** The text of an address, as {@link parseAddress} reads it. */
export function formatAddress(address: Address): string {
  throw new MyelinError("ERR_UNSUPPORTED", String(address));
}
