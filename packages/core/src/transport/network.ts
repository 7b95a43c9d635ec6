/** What TCP and TLS share: their addresses, and our options in Node's words. */
import type { Server, ServerOpts, TcpSocketConnectOpts } from "node:net";
import { type Address, formatAddress, type NetworkAddress } from "../address/address.ts";
import { MyelinError } from "../errors.ts";
import type { ResolvedTcpOptions } from "../options.ts";
import type { Ends } from "./socket-connection.ts";
import { acceptInto, type Binding, limitConnections, untilListening } from "./socket-listener.ts";
import type { SocketConnection } from "./transport.ts";

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

/** What {@link bindNetwork} binds, and for whom. */
export interface NetworkPlan {
  readonly scheme: Scheme;
  readonly server: Server;
  /** The event that hands over connections. */
  readonly event: "connection" | "secureConnection";
  readonly address: NetworkAddress;
  readonly options: ResolvedTcpOptions;
  readonly onConnection: (connection: SocketConnection) => void;
}

/** Makes a server listen and hand over its connections. */
export function bindNetwork(plan: NetworkPlan): Binding {
  const { address, options, scheme, server } = plan;
  const { backlog, exclusive, ipv6Only, maxConnections } = options;
  const { host, port } = address;
  limitConnections(server, maxConnections);
  acceptInto(server, plan.event, networkEnds(scheme, "accepted"), plan.onConnection);
  const bound = untilListening(server);
  server.listen({ host, port, backlog, exclusive, ipv6Only });
  return { server, bound, address: () => serverAddress(server, scheme, host) };
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

function networkAddress(
  scheme: Scheme,
  host: string | undefined,
  port: number | undefined,
): NetworkAddress | undefined {
  return host === undefined || port === undefined ? undefined : { scheme, host, port };
}
