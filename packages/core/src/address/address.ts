/**
 * Addresses: where an endpoint listens or dials, as text and as data.
 *
 * `local:world` `unix:/run/world.sock` `unix:@world` `pipe:world` `tcp://host:80` `tls://[::1]:443`
 * `udp://host:53` `memory:world` `fd:3` `systemd:world` `port:` `ipc:` `stdio:`
 */
import { MyelinError } from "../errors.ts";

/** A name for this user on this machine; each system has its own place for it. */
export interface LocalAddress {
  readonly scheme: "local";
  readonly name: string;
}

/** A Unix socket: an absolute path, or an abstract name of Linux (`abstract: true`, no file). */
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

/** A socket that this process was started with, by its number. */
export interface DescriptorAddress {
  readonly scheme: "fd";
  readonly fd: number;
}

/** The listening sockets that systemd passed to this process: those of one name, or all. */
export interface SystemdAddress {
  readonly scheme: "systemd";
  readonly name?: string;
}

/**
 * A place without a name. As text it is what this process or thread got from whoever started it: its
 * port to the parent thread, its IPC channel, its stdin and stdout. `over` is a connection that the
 * program made itself, and has no text that can be read.
 */
export interface GivenAddress {
  readonly scheme: "port" | "ipc" | "stdio" | "over";
}

export type Address =
  | LocalAddress
  | UnixAddress
  | PipeAddress
  | NetworkAddress
  | MemoryAddress
  | DescriptorAddress
  | SystemdAddress
  | GivenAddress;

const schemes = "local: unix: pipe: tcp:// tls:// udp:// memory: fd: systemd: port: ipc: stdio:";

const pipePrefix = "\\\\.\\pipe\\";

/**
 * What users give as an address: text, or what `parseAddress` makes of it.
 * @throws {MyelinError} `ERR_INVALID_ADDRESS`
 */
export function toAddress(given: string | Address): Address {
  if (typeof given === "string") return parseAddress(given);
  const { scheme } = (given ?? {}) as { scheme?: unknown };
  if (typeof scheme === "string") return given;
  throw new MyelinError("ERR_INVALID_ADDRESS", `an address begins with ${schemes}`);
}

/**
 * Reads the text of an address.
 * @throws {MyelinError} `ERR_INVALID_ADDRESS`, whose message says what is wrong.
 */
export function parseAddress(text: string): Address {
  const colon = text.indexOf(":");
  const scheme = text.slice(0, Math.max(colon, 0));
  const rest = text.slice(colon + 1);
  switch (scheme) {
    case "local":
      return { scheme, name: parseLocalName(text, rest) };
    case "unix":
      return parseUnix(text, rest);
    case "pipe":
      return { scheme, path: parsePipe(text, rest) };
    case "tcp":
    case "tls":
    case "udp":
      return { scheme, ...parseHostAndPort(text, rest) };
    case "memory":
      if (rest === "") throw invalid(text, "the name is missing: memory:name");
      return { scheme, name: rest };
    case "fd":
      return { scheme, fd: parseDescriptor(text, rest) };
    case "systemd":
      return rest === "" ? { scheme } : { scheme, name: parseSystemdName(text, rest) };
    case "port":
    case "ipc":
    case "stdio":
      if (rest !== "") throw invalid(text, `nothing follows ${scheme}:`);
      return { scheme };
    case "over":
      throw invalid(text, "a connection is no text: pass over(connection) itself");
    default:
      throw invalid(text, `it starts with none of ${schemes}`);
  }
}

/** The text of an address, as {@link parseAddress} reads it. */
export function formatAddress(address: Address): string {
  switch (address.scheme) {
    case "unix":
      return `unix:${address.abstract === true ? "@" : ""}${address.path}`;
    case "pipe":
      return `pipe:${address.path.startsWith(pipePrefix) ? address.path.slice(pipePrefix.length) : address.path}`;
    case "tcp":
    case "tls":
    case "udp": {
      const host = address.host.includes(":") ? `[${address.host}]` : address.host;
      return `${address.scheme}://${host}:${address.port}`;
    }
    case "local":
    case "memory":
      return `${address.scheme}:${address.name}`;
    case "fd":
      return `fd:${address.fd}`;
    case "systemd":
      return `systemd:${address.name ?? ""}`;
    case "port":
    case "ipc":
    case "stdio":
    case "over":
      return `${address.scheme}:`;
    default:
      throw invalid(address, "this is no address; parseAddress makes one from text");
  }
}

// The name becomes a file name (and part of a pipe's), so it must be harmless as one everywhere.
function parseLocalName(text: string, name: string): string {
  if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name)) {
    throw invalid(
      text,
      "a local name has letters, digits, . _ - only and does not start with a dot",
    );
  }
  return name;
}

function parseUnix(text: string, rest: string): UnixAddress {
  if (rest.includes("\0")) throw invalid(text, "the path contains a NUL byte");
  if (rest.startsWith("@")) {
    if (rest.length === 1) throw invalid(text, "the name is missing: unix:@name");
    return { scheme: "unix", path: rest.slice(1), abstract: true };
  }
  // unix:///run/x.sock, as a URL would write it, is the same path.
  const path = rest.replace(/^\/{3,}/, "/");
  if (!path.startsWith("/")) {
    throw invalid(text, "the path must be absolute (unix:/run/app.sock) or abstract (unix:@app)");
  }
  if (path.endsWith("/")) throw invalid(text, "the path names a folder, not a socket");
  return { scheme: "unix", path };
}

function parsePipe(text: string, rest: string): string {
  const name = rest.startsWith(pipePrefix) ? rest.slice(pipePrefix.length) : rest;
  if (name === "") throw invalid(text, "the name is missing: pipe:name");
  if (/[\\\0]/.test(name)) throw invalid(text, "a pipe's name has no backslash and no NUL byte");
  return pipePrefix + name;
}

// A descriptor of a process is far below this; what is longer is a mistake.
function parseDescriptor(text: string, digits: string): number {
  if (/^\d{1,9}$/.test(digits)) return Number(digits);
  throw invalid(text, "the number of the descriptor must follow, and nothing else: fd:3");
}

// What systemd allows for FileDescriptorName=: 255 ASCII characters, no control characters, no colon.
function parseSystemdName(text: string, name: string): string {
  if (/^[ -9;-~]{1,255}$/.test(name)) return name;
  throw invalid(text, "the name has up to 255 ASCII characters and no colon");
}

function parseHostAndPort(text: string, rest: string): { host: string; port: number } {
  const match = /^\/\/(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(rest);
  if (match === null) {
    throw invalid(
      text,
      "it must read scheme://host:port, an IPv6 host in brackets: tcp://[::1]:80",
    );
  }
  const [, bracketed, plain, digits = ""] = match;
  const host = bracketed ?? plain ?? "";
  if (host === "") {
    throw invalid(text, "the host is missing; 0.0.0.0 or [::] listens on all interfaces");
  }
  if (bracketed !== undefined && !/^[0-9a-f:.]*:[0-9a-f:.]*(%[\w.-]+)?$/i.test(bracketed)) {
    throw invalid(text, "only an IPv6 address stands in brackets");
  }
  if (!/^[^\s/?#@[\]]+$/.test(host)) {
    throw invalid(text, "the host contains a character that no host has");
  }
  if (!/^\d{1,5}$/.test(digits) || Number(digits) > 65_535) {
    throw invalid(text, "the port must be a number from 0 to 65535, and nothing may follow it");
  }
  return { host, port: Number(digits) };
}

function invalid(given: unknown, what: string): MyelinError {
  const quoted = String(JSON.stringify(given));
  const address = typeof given === "string" ? given : quoted;
  return new MyelinError("ERR_INVALID_ADDRESS", `${quoted}: ${what}`, { address });
}

/** Ways on which the system lets nobody be at the other end but this user, or a thread or child of its own. */
const privateSchemes: ReadonlySet<string> = new Set(["local", "memory", "port", "ipc", "stdio"]);

/** Whether who is at such an address is certainly of this user. */
export function isPrivate({ scheme }: Address): boolean {
  return privateSchemes.has(scheme);
}
