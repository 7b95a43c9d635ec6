/**
 * Socket activation: systemd binds the sockets, starts the process with the first client and passes
 * them on (sd_listen_fds(3)). They stay bound while the process restarts, so no client is refused.
 */
import { type Address, formatAddress, type SystemdAddress } from "../address/address.ts";
import { MyelinError } from "../errors.ts";
import { streamCapabilities } from "./capabilities.ts";
import { isClusterWorker } from "./cluster-worker.ts";
import { fd } from "./fd.ts";
import type { Listener, Transport } from "./transport.ts";

/** SD_LISTEN_FDS_START of sd-daemon.h. */
const firstDescriptor = 3;

/**
 * Listens on the sockets that systemd passed to this process: `systemd:` on all of them,
 * `systemd:name` on those whose `FileDescriptorName=` is the name (by default that of the socket's
 * unit, `world.socket`). The sockets are systemd's: closing the listener leaves them bound.
 *
 * `systemd:` is not dialled; clients dial what the socket unit says. With `Accept=yes` a process gets
 * one connected socket, which is served the same way, or as `fd:3`.
 */
export function systemd(): Transport {
  return {
    scheme: "systemd",
    capabilities: streamCapabilities({ localOnly: false, credentials: false }),
    async dial(given) {
      const text = formatAddress(checkAddress(given));
      const message = `${text} is where a server listens; dial the address in the socket unit`;
      throw new MyelinError("ERR_UNSUPPORTED", message, { address: text });
    },
    async listen(given, onConnection, options) {
      const address = checkAddress(given);
      const listeners: Listener[] = [];
      try {
        for (const descriptor of passedSockets(address)) {
          listeners.push(
            await fd().listen({ scheme: "fd", fd: descriptor }, onConnection, options),
          );
        }
      } catch (reason) {
        await Promise.all(listeners.map((listener) => listener.close()));
        throw reason;
      }
      const [only] = listeners;
      return listeners.length === 1 && only !== undefined ? only : together(listeners, address);
    },
  };
}

/** @throws {MyelinError} `ERR_NOT_FOUND`, and what is missing. */
function passedSockets(address: SystemdAddress): number[] {
  const text = formatAddress(address);
  const refuse = (what: string): MyelinError =>
    new MyelinError("ERR_NOT_FOUND", `${text}: ${what}`, { address: text });
  const { LISTEN_PID: pid, LISTEN_FDS: count, LISTEN_FDNAMES: names } = process.env;
  if (pid === undefined || count === undefined) {
    throw refuse("systemd passed no sockets; this process must be started by a socket unit");
  }
  // The environment is inherited, also by those for whom the sockets are not.
  const meant = isClusterWorker() ? [process.pid, process.ppid] : [process.pid];
  if (!meant.includes(Number(pid))) {
    const how = "let ExecStart= run node itself, not npm or a shell";
    throw refuse(`the sockets are for process ${pid}, and this is ${process.pid}: ${how}`);
  }
  if (!/^\d{1,4}$/.test(count)) throw refuse(`LISTEN_FDS is no number: ${count}`);
  const all = Array.from({ length: Number(count) }, (_, n) => firstDescriptor + n);
  const nameOf = (names ?? "").split(":");
  const found = all.filter((_, n) => address.name === undefined || nameOf[n] === address.name);
  if (found.length > 0) return found;
  throw refuse(`systemd passed ${count} sockets, and none of that name; it passed ${names}`);
}

function together(listeners: readonly Listener[], address: SystemdAddress): Listener {
  return {
    address,
    addresses: listeners.map((listener) => listener.address),
    async close() {
      await Promise.all(listeners.map((listener) => listener.close()));
    },
    ref() {
      for (const listener of listeners) listener.ref();
    },
    unref() {
      for (const listener of listeners) listener.unref();
    },
    set onError(hear: (error: MyelinError) => void) {
      for (const listener of listeners) listener.onError = hear;
    },
  };
}

function checkAddress(address: Address): SystemdAddress {
  const text = formatAddress(address);
  if (address.scheme === "systemd") return address;
  throw new MyelinError("ERR_INVALID_ADDRESS", `${text} is not systemd's`, { address: text });
}
