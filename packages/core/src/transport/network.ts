/** What TCP and TLS share: their addresses, and our options in Node's words. */
import type { Server, ServerOpts, TcpSocketConnectOpts } from "node:net";
import { type Address, formatAddress, type NetworkAddress } from "../address/address.ts";
import { MyelinError } from "../errors.ts";
import type { ResolvedTcpOptions } from "../options.ts";
import type { Ends } from "./socket-connection.ts";

type Scheme = NetworkAddress["scheme"];

/** @throws {MyelinError} `ERR_INVALID_ADDRESS` when the address is another transport's. */
export function checkNetworkAddress(address: Address, scheme: Scheme): NetworkAddress {
  if (address.scheme === scheme) return address;
  const text = formatAddress(address);
  throw new MyelinError("ERR_INVALID_ADDRESS", `${text} is no ${scheme}:// address`, {
    address: text,
  });
}

/** Reads both ends from the socket. */
export function networkEnds(scheme: Scheme, side: Ends["side"]): Ends {
  return {
    side,
    local: ({ localAddress, localPort }) => networkAddress(scheme, localAddress, localPort),
    remote: ({ remoteAddress, remotePort }) => networkAddress(scheme, remoteAddress, remotePort),
  };
}

/** What a server bound; `host` is what it was asked to bind. */
export function serverAddress(server: Server, scheme: Scheme, host: string): NetworkAddress {
  const bound = server.address();
  // Null when it was closed in the same turn.
  if (bound === null || typeof bound === "string") return { scheme, host, port: 0 };
  return { scheme, host: bound.address, port: bound.port };
}

export function dialSettings(
  options: ResolvedTcpOptions,
): Omit<TcpSocketConnectOpts, "host" | "port"> {
  const { family, hints, keepAlive, keepAliveInitialDelayMs, localAddress, localPort } = options;
  return {
    family,
    hints,
    keepAlive,
    keepAliveInitialDelay: keepAliveInitialDelayMs,
    localAddress,
    localPort,
    lookup: options.lookup,
    noDelay: options.noDelay,
  };
}

export function acceptSettings(options: ResolvedTcpOptions): ServerOpts {
  return {
    keepAlive: options.keepAlive,
    keepAliveInitialDelay: options.keepAliveInitialDelayMs,
    noDelay: options.noDelay,
  };
}

export function listenSettings({ backlog, exclusive, ipv6Only }: ResolvedTcpOptions): {
  backlog: number;
  exclusive: boolean;
  ipv6Only: boolean;
} {
  return { backlog, exclusive, ipv6Only };
}

function networkAddress(
  scheme: Scheme,
  host: string | undefined,
  port: number | undefined,
): NetworkAddress | undefined {
  return host === undefined || port === undefined ? undefined : { scheme, host, port };
}
