/** Addresses: where an endpoint listens or dials, as text and as data. */

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

export type Address = UnixAddress | PipeAddress | NetworkAddress | MemoryAddress;
