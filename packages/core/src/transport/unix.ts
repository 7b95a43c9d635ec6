/**
 * Unix sockets. A path is bound before anything is looked at, a living server is never disturbed,
 * and the file of a dead one is taken over by exactly one of those who try.
 */
import { connect, createServer, type Server } from "node:net";
import { type Address, formatAddress, type UnixAddress } from "../address/address.ts";
import { checkLocalPath } from "../address/local-path.ts";
import { MyelinError } from "../errors.ts";
import { type ResolvedUnixOptions, resolveUnixOptions, type UnixOptions } from "../options.ts";
import type { Ends } from "./socket-connection.ts";
import { dialSocket } from "./socket-dial.ts";
import {
  acceptInto,
  type Binding,
  limitConnections,
  listenSocket,
  untilListening,
} from "./socket-listener.ts";
import type { SocketTransport } from "./transport.ts";
import { bindSocketFile, explainPathError, isClusterWorker } from "./unix-binding.ts";

/**
 * Connects processes of one machine over Unix sockets: paths, and the abstract names of Linux.
 *
 * When the path is free, it can be connected to before `listen` returns its promise.
 */
export function unix(options: UnixOptions = {}): SocketTransport {
  const resolved = resolveUnixOptions("unix", options);
  return {
    scheme: "unix",
    capabilities: {
      stream: true,
      ordered: true,
      localOnly: true,
      credentials: false,
      feedback: true,
    },
    async dial(address, dialOptions = {}) {
      const unixAddress = checkAddress(address);
      const path = systemPath(unixAddress);
      return dialSocket(
        {
          address: formatAddress(address),
          ends: { side: "dialled", local: () => undefined, remote: () => unixAddress },
          ready: "connect",
          open: () => connect({ path }),
          explain: (reason) => explainPathError(reason, unixAddress),
        },
        dialOptions,
      );
    },
    async listen(address, onConnection, listenOptions = {}) {
      const unixAddress = checkAddress(address);
      const ends: Ends = {
        side: "accepted",
        local: () => unixAddress,
        // The other end of an accepted Unix socket has no name.
        remote: () => undefined,
      };
      const create = (): Server => {
        const server = createServer();
        limitConnections(server, resolved.maxConnections);
        acceptInto(server, "connection", ends, onConnection);
        return server;
      };
      return listenSocket(
        formatAddress(address),
        () => bindUnix(create, unixAddress, resolved),
        listenOptions,
      );
    },
  };
}

function bindUnix(
  create: () => Server,
  address: UnixAddress,
  options: ResolvedUnixOptions,
): Binding {
  const { backlog, readableAll, writableAll } = options;
  const path = systemPath(address);
  const listen = (server: Server, path: string): void => {
    server.listen({ path, backlog, readableAll, writableAll });
  };
  const claim =
    address.abstract === true || options.plain || isClusterWorker()
      ? bindPlainly(create(), path, listen)
      : bindSocketFile({ create, listen, path, reclaim: options.reclaim });
  const bound = claim.bound.catch((reason: unknown) => {
    throw explainPathError(reason, address);
  });
  return { server: claim.server, bound, address: () => address };
}

function bindPlainly(
  server: Server,
  path: string,
  listen: (server: Server, path: string) => void,
): { server: Server; bound: Promise<void> } {
  const bound = untilListening(server);
  listen(server, path);
  return { server, bound };
}

function checkAddress(address: Address): UnixAddress {
  const text = formatAddress(address);
  if (address.scheme !== "unix") {
    throw new MyelinError("ERR_INVALID_ADDRESS", `${text} is no Unix socket`, { address: text });
  }
  if (process.platform === "win32") {
    const message = `${text}: Node has no Unix sockets on Windows; use local: or pipe:`;
    throw new MyelinError("ERR_UNSUPPORTED", message, { address: text });
  }
  if (address.abstract === true && process.platform !== "linux" && process.platform !== "android") {
    const message = `${text}: only Linux has abstract names; use a path`;
    throw new MyelinError("ERR_UNSUPPORTED", message, { address: text });
  }
  checkLocalPath(address.path);
  return address;
}

function systemPath({ abstract, path }: UnixAddress): string {
  return abstract === true ? `\0${path}` : path;
}
