/**
 * Sockets that this process was started with: `fd:3`. Whoever started it has bound or connected them,
 * and whatever they have made for that (a file, say) is theirs to remove.
 */
import { type BigIntStats, fstatSync, writeSync } from "node:fs";
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
import type { Connection, Listener, Transport } from "./transport.ts";

/**
 * Takes over sockets that this process inherited: `dial` talks on a connected one, `listen` accepts on
 * a listening one, or is handed the connection of a connected one. A descriptor is taken once; with the
 * end of the connection or the listener it is closed, and nothing is ever unlinked. A listener over TCP
 * tells the address that it has there; of a Unix socket Node does not tell, and it says `fd:3`.
 *
 * Do not name a descriptor that another part of the program uses.
 */
export function fd(): Transport {
  return {
    scheme: "fd",
    // Who holds the other end is not known before.
    capabilities: streamCapabilities({ localOnly: false, credentials: false }),
    dialsOnce: true,
    async dial(given, options = {}) {
      const address = checkAddress(given);
      await untilDecided(address, options.signal);
      return dial(address);
    },
    async listen(given, onConnection, options = {}) {
      const address = checkAddress(given);
      await untilDecided(address, options.signal);
      // A worker of a cluster names a descriptor of its primary.
      if (!isClusterWorker()) {
        take(address);
        if (isConnected(address)) return handOver(address, onConnection);
      }
      const network = networkEnds("tcp", "accepted");
      const ends: Ends = {
        side: "accepted",
        local: (socket) => network.local(socket) ?? address,
        remote: (socket) => network.remote(socket),
        confinedTo: (socket) => reachOf(network.local(socket)),
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
  const socket = socketOf(address);
  const text = formatAddress(address);
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
    confinedTo: (socket) => reachOf(network.local(socket)),
  });
}

/** To write nothing changes nothing, and the system refuses it where nobody is at the other end. */
function isConnected({ fd }: DescriptorAddress): boolean {
  // There a descriptor is no socket of the system's, and nobody has tried.
  if (process.platform === "win32") return false;
  try {
    writeSync(fd, new Uint8Array(0));
    return true;
  } catch {
    return false;
  }
}

/** A listener for the one who is connected already. */
function handOver(
  address: DescriptorAddress,
  onConnection: (connection: Connection) => void,
): Listener {
  const socket = socketOf(address);
  const network = networkEnds("tcp", "accepted");
  socket.setNoDelay(true);
  const connection = socketConnection(socket, {
    side: "accepted",
    local: (socket) => network.local(socket) ?? address,
    remote: (socket) => network.remote(socket),
    confinedTo: (socket) => reachOf(network.local(socket)),
    // No credentials: of a socket that was connected by another the system names who made it.
  });
  // In a turn of its own: who listens has the listener by then.
  setImmediate(onConnection, connection);
  return {
    address: network.local(socket) ?? address,
    close: async () => {},
    // Nothing of it keeps a process alive; its connection does.
    ref() {},
    unref() {},
  };
}

function socketOf(address: DescriptorAddress): Socket {
  try {
    return new Socket({ fd: address.fd, readable: true, writable: true });
  } catch (reason) {
    throw toMyelinError(reason, { address: formatAddress(address) });
  }
}

/**
 * Node takes over sockets of IP and of Unix, and of those only the former have an address that it tells.
 * Windows' pipes have none either, and lead to other machines.
 */
function reachOf(local: Address | undefined): Connection["confinedTo"] {
  return local === undefined && process.platform !== "win32" ? "machine" : undefined;
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

function statusOf(address: DescriptorAddress): BigIntStats {
  try {
    // As bigint: after any other status of a socket, Node 20 and 22 look for modules without following links.
    return fstatSync(address.fd, { bigint: true });
  } catch (reason) {
    const text = formatAddress(address);
    const message = `${text}: this process was not started with a descriptor of that number`;
    throw new MyelinError("ERR_NOT_FOUND", message, { address: text, cause: reason });
  }
}

function notListening(reason: unknown, address: DescriptorAddress): MyelinError {
  const text = formatAddress(address);
  const { message } = toMyelinError(reason);
  const what = `${text}: this socket neither listens nor is somebody at its other end (${message})`;
  return new MyelinError("ERR_TRANSPORT", what, { address: text, cause: reason });
}

function checkAddress(address: Address): DescriptorAddress {
  const text = formatAddress(address);
  if (address.scheme === "fd") return address;
  throw new MyelinError("ERR_INVALID_ADDRESS", `${text} is no descriptor`, { address: text });
}
