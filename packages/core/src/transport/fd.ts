/**
 * Sockets that this process was started with: `fd:3`. Whoever started it has bound or connected them,
 * and whatever they have made for that (a file, say) is theirs to remove.
 */
import { fstatSync, type Stats } from "node:fs";
import { createServer, Socket } from "node:net";
import { type Address, type DescriptorAddress, formatAddress } from "../address/address.ts";
import { MyelinError, toMyelinError } from "../errors.ts";
import { streamCapabilities } from "./capabilities.ts";
import { claimDescriptor } from "./claim.ts";
import { isClusterWorker } from "./cluster-worker.ts";
import { networkEnds } from "./network.ts";
import { type Ends, socketConnection } from "./socket-connection.ts";
import { aborted } from "./socket-dial.ts";
import { acceptInto, listenSocket, untilListening } from "./socket-listener.ts";
import type { Connection, Transport } from "./transport.ts";

/**
 * Takes over sockets that this process inherited: `dial` talks on a connected one, `listen` accepts on
 * a listening one. A descriptor is taken once; with the end of the connection or the listener it is
 * closed, and nothing is ever unlinked. A listener over TCP tells the address that it has there.
 *
 * Do not name a descriptor that another part of the program uses.
 */
export function fd(): Transport {
  return {
    scheme: "fd",
    capabilities: streamCapabilities({ localOnly: false, credentials: false }),
    async dial(given, options = {}) {
      const address = checkAddress(given);
      await untilDecided(address, options.signal);
      return dial(address);
    },
    async listen(given, onConnection, options = {}) {
      const address = checkAddress(given);
      await untilDecided(address, options.signal);
      // A worker of a cluster names a descriptor of its primary.
      if (!isClusterWorker()) take(address);
      const network = networkEnds("tcp", "accepted");
      const ends: Ends = {
        side: "accepted",
        local: (socket) => network.local(socket) ?? address,
        remote: (socket) => network.remote(socket),
        credentials: true,
      };
      return listenSocket(
        formatAddress(address),
        () => {
          const server = createServer({ noDelay: true });
          acceptInto(server, "connection", ends, onConnection);
          const bound = untilListening(server).catch((reason: unknown) => {
            throw notListening(reason, address);
          });
          server.listen({ fd: address.fd });
          return {
            server,
            bound,
            address: () => {
              const where = server.address();
              if (where === null || typeof where === "string") return address;
              return { scheme: "tcp", host: where.address, port: where.port };
            },
          };
        },
        options,
      );
    },
  };
}

function dial(address: DescriptorAddress): Connection {
  take(address);
  const text = formatAddress(address);
  let socket: Socket;
  try {
    socket = new Socket({ fd: address.fd, readable: true, writable: true });
  } catch (reason) {
    throw toMyelinError(reason, { address: text });
  }
  const network = networkEnds("tcp", "dialled");
  // A Unix socket does not tell; what listens there is found out by the first bytes that are sent.
  if (network.local(socket) !== undefined && network.remote(socket) === undefined) {
    socket.destroy();
    const message = `${text}: this is no connected socket; to accept connections on it, listen`;
    throw new MyelinError("ERR_TRANSPORT", message, { address: text });
  }
  socket.setNoDelay(true);
  return socketConnection(socket, {
    side: "dialled",
    local: (socket) => network.local(socket),
    remote: (socket) => network.remote(socket) ?? address,
  });
}

/** Whoever gives up in the same turn finds the descriptor untouched. */
async function untilDecided(
  address: DescriptorAddress,
  signal: AbortSignal | undefined,
): Promise<void> {
  await Promise.resolve();
  if (signal?.aborted === true) throw aborted(formatAddress(address), signal);
}

/** @throws {MyelinError} when there is no such descriptor, or it is no socket, or it was taken. */
function take(address: DescriptorAddress): void {
  claimDescriptor(address.fd, () => {
    // On Windows a pipe has no such thing to tell.
    if (process.platform === "win32" || statusOf(address).isSocket()) return;
    const text = formatAddress(address);
    const message = `${text} is a file, a pipe of one direction or a terminal, and no socket`;
    throw new MyelinError("ERR_NOT_A_SOCKET", message, { address: text });
  });
}

function statusOf(address: DescriptorAddress): Stats {
  try {
    return fstatSync(address.fd);
  } catch (reason) {
    const text = formatAddress(address);
    const message = `${text}: this process was not started with a descriptor of that number`;
    throw new MyelinError("ERR_NOT_FOUND", message, { address: text, cause: reason });
  }
}

function notListening(reason: unknown, address: DescriptorAddress): MyelinError {
  const text = formatAddress(address);
  const { message } = toMyelinError(reason);
  const what = `${text}: this is no listening socket; to talk on a connected one, dial (${message})`;
  return new MyelinError("ERR_TRANSPORT", what, { address: text, cause: reason });
}

function checkAddress(address: Address): DescriptorAddress {
  const text = formatAddress(address);
  if (address.scheme === "fd") return address;
  throw new MyelinError("ERR_INVALID_ADDRESS", `${text} is no descriptor`, { address: text });
}
