/** What Unix sockets and Windows pipes share: one path, no address of the dialling side. */
import { connect, createServer, type Server } from "node:net";
import {
  type Address,
  formatAddress,
  type PipeAddress,
  type UnixAddress,
} from "../address/address.ts";
import { type MyelinError, toMyelinError } from "../errors.ts";
import { streamCapabilities } from "./capabilities.ts";
import type { Ends } from "./socket-connection.ts";
import { dialSocket } from "./socket-dial.ts";
import { acceptInto, limitConnections, listenSocket, untilListening } from "./socket-listener.ts";
import type { SocketTransport } from "./transport.ts";

/** What differs between them. */
export interface PathPlan<PathAddress extends UnixAddress | PipeAddress> {
  readonly scheme: PathAddress["scheme"];
  readonly maxConnections: number;
  /** @throws {MyelinError} when the address is another transport's, or this system has no such. */
  check(address: Address): PathAddress;
  /** The path as the system wants it. */
  pathOf(address: PathAddress): string;
  /** Makes a server and starts to bind it. */
  bind(create: () => Server, path: string, address: PathAddress): PathBinding;
  /** Puts a failure into words, instead of `toMyelinError`. */
  explain?(reason: unknown, address: PathAddress): MyelinError;
}

/** A server on its way, and when it stands. */
export interface PathBinding {
  readonly server: Server;
  readonly bound: Promise<void>;
}

/** Elsewhere (macOS, the BSDs) a listener refuses also when too many wait for it. */
const refusalIsProof = ["android", "linux", "win32"].includes(process.platform);

export function pathTransport<PathAddress extends UnixAddress | PipeAddress>(
  plan: PathPlan<PathAddress>,
): SocketTransport {
  const explain = (reason: unknown, address: PathAddress): MyelinError =>
    plan.explain?.(reason, address) ?? toMyelinError(reason, { address: formatAddress(address) });
  // A pipe has nothing like it.
  const credentials = plan.scheme === "unix";
  return {
    scheme: plan.scheme,
    capabilities: streamCapabilities({ localOnly: true, credentials: false, refusalIsProof }),
    async dial(given, options = {}) {
      const address = plan.check(given);
      return dialSocket(
        {
          address: formatAddress(address),
          ends: { side: "dialled", local: () => undefined, remote: () => address, credentials },
          ready: "connect",
          open: () => connect({ path: plan.pathOf(address) }),
          explain: (reason) => explain(reason, address),
        },
        options,
      );
    },
    async listen(given, onConnection, options = {}) {
      const address = plan.check(given);
      // The other end of an accepted connection has no name.
      const ends: Ends = {
        side: "accepted",
        local: () => address,
        remote: () => undefined,
        credentials,
      };
      const create = (): Server => {
        const server = createServer();
        limitConnections(server, plan.maxConnections);
        acceptInto(server, "connection", ends, onConnection);
        return server;
      };
      return listenSocket(
        formatAddress(address),
        () => {
          const { server, bound } = plan.bind(create, plan.pathOf(address), address);
          const explained = bound.catch((reason: unknown) => {
            throw explain(reason, address);
          });
          return { server, bound: explained, address: () => address };
        },
        options,
      );
    },
  };
}

/** Binds a path as Node does: the system refuses one that is taken, and libuv removes the file. */
export function bindPlainly(server: Server, listen: (server: Server) => void): PathBinding {
  const bound = untilListening(server);
  listen(server);
  return { server, bound };
}
