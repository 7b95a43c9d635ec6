/** Where a client or a server goes: the transport and the address that its settings mean. */
import {
  type Address,
  pipe,
  type SocketTransport,
  type TcpOptions,
  type TlsOptions,
  tcp,
  tls,
  unix,
} from "myelin";
import type { Defaults } from "./defaults.ts";
import { IPCProtocolError } from "./protocol-error.ts";
import { clientTlsOptions, serverTlsOptions } from "./tls-options.ts";

export interface Route {
  transport: SocketTransport;
  address: Address;
}

interface Target {
  path: string;
  port: number | undefined;
  config: Defaults;
  profile: string | undefined;
}

const pipePrefix = "\\\\.\\pipe\\";

/** The name of the pipe that a path means on Windows. */
export function pipeName(path: string): string {
  if (path.startsWith(pipePrefix)) return path;
  return pipePrefix + path.replace(/^\//, "").replaceAll("/", "-");
}

/** @throws {IPCProtocolError} when the profile or the certificates do not allow it. */
export function clientRoute({ path, port, config, profile }: Target): Route {
  if (!port) return localRoute(path, {});
  const assured = profile === "assured";
  if (!config.tls) {
    if (assured) throw assuredTransport("assured clients need TLS on the network");
    const address = { scheme: "tcp", host: path, port } as const;
    return { transport: tcp(outgoing(config)), address };
  }
  const options = { ...clientTlsOptions(config.tls, assured), ...outgoing(config) } as TlsOptions;
  return { transport: tls(options), address: { scheme: "tls", host: path, port } };
}

/** @throws {IPCProtocolError} when the profile or the certificates do not allow it. */
export function serverRoute({ path, port, config, profile }: Target): Route {
  const { maxConnections, readableAll, writableAll } = config;
  if (!port) {
    // Without `unlink` several processes may share the path: nobody probes, nobody removes.
    return localRoute(path, { maxConnections, readableAll, writableAll, plain: !config.unlink });
  }
  const assured = profile === "assured";
  if (!config.tls) {
    if (assured) throw assuredTransport("assured servers need TLS on the network");
    return { transport: tcp({ maxConnections }), address: { scheme: "tcp", host: path, port } };
  }
  const options = { ...serverTlsOptions(config.tls, assured), maxConnections };
  return { transport: tls(options), address: { scheme: "tls", host: path, port } };
}

export function assuredTransport(message: string): IPCProtocolError {
  return new IPCProtocolError("ERR_IPC_ASSURED_TRANSPORT", message);
}

function localRoute(path: string, options: Parameters<typeof unix>[0] & object): Route {
  return process.platform === "win32"
    ? { transport: pipe(options), address: { scheme: "pipe", path: pipeName(path) } }
    : { transport: unix(options), address: { scheme: "unix", path } };
}

/** `config.interface` with what was left out left out; also read under the types' old misspelling. */
function outgoing(config: Defaults): TcpOptions {
  const misspelt = (config as { interfaces?: Defaults["interface"] }).interfaces;
  const source = { ...misspelt, ...definedIn(config.interface) };
  return definedIn(source);
}

function definedIn(source: object | undefined): TcpOptions {
  return Object.fromEntries(Object.entries(source ?? {}).filter(([, value]) => Boolean(value)));
}
