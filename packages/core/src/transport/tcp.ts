/** TCP. Small writes leave at once (TCP_NODELAY) unless told otherwise. */
import { connect, createServer } from "node:net";
import { formatAddress } from "../address/address.ts";
import { resolveTcpOptions, type TcpOptions } from "../options.ts";
import {
  acceptSettings,
  checkNetworkAddress,
  dialSettings,
  listenSettings,
  networkEnds,
  serverAddress,
} from "./network.ts";
import { dialSocket } from "./socket-dial.ts";
import { acceptInto, limitConnections, listenSocket, untilListening } from "./socket-listener.ts";
import type { SocketTransport } from "./transport.ts";

/** Connects processes over TCP. */
export function tcp(options: TcpOptions = {}): SocketTransport {
  const resolved = resolveTcpOptions(options);
  return {
    scheme: "tcp",
    capabilities: {
      stream: true,
      ordered: true,
      localOnly: false,
      credentials: false,
      feedback: true,
    },
    async dial(address, dialOptions = {}) {
      const { host, port } = checkNetworkAddress(address, "tcp");
      return dialSocket(
        {
          address: formatAddress(address),
          ends: networkEnds("tcp", "dialled"),
          ready: "connect",
          open: () => connect({ ...dialSettings(resolved), host, port }),
        },
        dialOptions,
      );
    },
    async listen(address, onConnection, listenOptions = {}) {
      const { host, port } = checkNetworkAddress(address, "tcp");
      return listenSocket(
        formatAddress(address),
        () => {
          const server = createServer(acceptSettings(resolved));
          limitConnections(server, resolved.maxConnections);
          acceptInto(server, "connection", networkEnds("tcp", "accepted"), onConnection);
          const bound = untilListening(server);
          server.listen({ ...listenSettings(resolved), host, port });
          return { server, bound, address: () => serverAddress(server, "tcp", host) };
        },
        listenOptions,
      );
    },
  };
}
