/**
 * Windows named pipes: Node's own way for local sockets there. The system refuses a name that is taken
 * and removes a pipe with its last holder, so there is nothing to probe and nothing to reclaim.
 */
import { type Address, formatAddress, type PipeAddress } from "../address/address.ts";
import { checkLocalPath } from "../address/local-path.ts";
import { MyelinError } from "../errors.ts";
import { resolveUnixOptions, type UnixOptions } from "../options.ts";
import { bindPlainly, pathTransport } from "./path-transport.ts";
import type { SocketTransport } from "./transport.ts";

/**
 * Connects processes of one Windows machine. A pipe of another user, or of an elevated process, can
 * be opened only when it was made with `readableAll` and `writableAll`; Node knows no finer rights.
 * A dial to a listener that was closed waits for as long as connections of that listener stand.
 */
export function pipe(options: UnixOptions = {}): SocketTransport {
  const { backlog, maxConnections, readableAll, writableAll } = resolveUnixOptions("pipe", options);
  return pathTransport({
    scheme: "pipe",
    maxConnections,
    check: checkAddress,
    pathOf: ({ path }) => path,
    bind: (create, path) =>
      bindPlainly(create(), (server) => {
        server.listen({ path, backlog, readableAll, writableAll });
      }),
  });
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
