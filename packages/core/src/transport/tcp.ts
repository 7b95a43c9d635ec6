/** TCP. Small writes leave at once (TCP_NODELAY) unless told otherwise. */
import { connect, createServer } from "node:net";
import { formatAddress } from "../address/address.ts";
import { resolveTcpOptions, type TcpOptions } from "../options.ts";
import { streamCapabilities } from "./capabilities.ts";
import {
  acceptSettings,
  bindNetwork,
  checkNetworkAddress,
  dialSettings,
  networkEnds,
} from "./network.ts";
import { dialSocket } from "./socket-dial.ts";
import { listenSocket } from "./socket-listener.ts";
import type { SocketTransport } from "./transport.ts";

/** Connects processes over TCP. */
export function tcp(options: TcpOptions = {}): SocketTransport {
  const resolved = resolveTcpOptions(options);
  return {
    scheme: "tcp",
    capabilities: streamCapabilities({ localOnly: false, credentials: false }),
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
    async listen(given, onConnection, listenOptions = {}) {
      const address = checkNetworkAddress(given, "tcp");
      return listenSocket(
        formatAddress(address),
        () =>
          bindNetwork({
            scheme: "tcp",
            server: createServer(acceptSettings(resolved)),
            event: "connection",
            address,
            options: resolved,
            onConnection,
          }),
        listenOptions,
      );
    },
  };
}
