/** Windows named pipes: Node's own way for local sockets there. The system refuses a name that is
 * taken and removes the pipe with its last holder, so there is nothing to probe or to reclaim. */
import { connect, createServer } from "node:net";
import { type Address, formatAddress, type PipeAddress } from "../address/address.ts";
import { checkLocalPath } from "../address/local-path.ts";
import { MyelinError } from "../errors.ts";
import { resolveUnixOptions, type UnixOptions } from "../options.ts";
import { dialSocket } from "./socket-dial.ts";
import { acceptInto, limitConnections, listenSocket, untilListening } from "./socket-listener.ts";
import type { SocketTransport } from "./transport.ts";

/**
 * Connects processes of one Windows machine. A pipe of another user, or of an elevated process, can
 * be opened only when it was made with `readableAll` and `writableAll`; Node knows no finer rights.
 */
export function pipe(options: UnixOptions = {}): SocketTransport {
  const { backlog, maxConnections, readableAll, writableAll } = resolveUnixOptions("pipe", options);
  return {
    scheme: "pipe",
    capabilities: {
      stream: true,
      ordered: true,
      localOnly: true,
      credentials: false,
      feedback: true,
    },
    async dial(address, dialOptions = {}) {
      const pipeAddress = checkAddress(address);
      return dialSocket(
        {
          address: formatAddress(address),
          ends: { side: "dialled", local: () => undefined, remote: () => pipeAddress },
          ready: "connect",
          open: () => connect({ path: pipeAddress.path }),
        },
        dialOptions,
      );
    },
    async listen(address, onConnection, listenOptions = {}) {
      const pipeAddress = checkAddress(address);
      return listenSocket(
        formatAddress(address),
        () => {
          const server = createServer();
          limitConnections(server, maxConnections);
          acceptInto(
            server,
            "connection",
            { side: "accepted", local: () => pipeAddress, remote: () => undefined },
            onConnection,
          );
          const bound = untilListening(server);
          server.listen({ path: pipeAddress.path, backlog, readableAll, writableAll });
          return { server, bound, address: () => pipeAddress };
        },
        listenOptions,
      );
    },
  };
}

function checkAddress(address: Address): PipeAddress {
  const text = formatAddress(address);
  if (address.scheme !== "pipe") {
    throw new MyelinError("ERR_INVALID_ADDRESS", `${text} is no pipe`, { address: text });
  }
  if (process.platform !== "win32") {
    const message = `${text}: only Windows has named pipes; use local: or unix:`;
    throw new MyelinError("ERR_UNSUPPORTED", message, { address: text });
  }
  checkLocalPath(address.path);
  return address;
}
