/**
 * Unix sockets. A path is bound before anything is looked at, a living server is never disturbed,
 * and the file of a dead one is taken over by exactly one of those who try.
 */
import type { Server } from "node:net";
import { type Address, formatAddress, type UnixAddress } from "../address/address.ts";
import { checkLocalPath } from "../address/local-path.ts";
import { MyelinError } from "../errors.ts";
import { resolveUnixOptions, type UnixOptions } from "../options.ts";
import { isClusterWorker } from "./cluster-worker.ts";
import { bindPlainly, pathTransport } from "./path-transport.ts";
import type { SocketTransport } from "./transport.ts";
import { bindSocketFile, explainPathError } from "./unix-binding.ts";

/**
 * Connects processes of one machine over Unix sockets: paths, and the abstract names of Linux.
 *
 * When the path is free, it can be connected to before `listen` returns its promise.
 */
export function unix(options: UnixOptions = {}): SocketTransport {
  return unixTransport(options);
}

/** @param mode of the socket file; by default what the process's umask makes it */
export function unixTransport(options: UnixOptions, mode?: number): SocketTransport {
  const { backlog, maxConnections, plain, readableAll, reclaim, writableAll } = resolveUnixOptions(
    "unix",
    options,
  );
  const listen = (server: Server, path: string): void => {
    server.listen({ path, backlog, readableAll, writableAll });
  };
  return pathTransport({
    scheme: "unix",
    maxConnections,
    check: checkAddress,
    pathOf: ({ abstract, path }) => (abstract === true ? `\0${path}` : path),
    bind: (create, path, { abstract }) =>
      abstract === true || plain || isClusterWorker()
        ? bindPlainly(create(), (server) => listen(server, path))
        : bindSocketFile({ path, reclaim, mode, create, listen }),
    explain: explainPathError,
  });
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
