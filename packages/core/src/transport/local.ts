/** `local:name`: the same name on every system, as a Unix socket of this user or as a Windows pipe. */
import {
  type Address,
  formatAddress,
  type LocalAddress,
  type PipeAddress,
  parseAddress,
  type UnixAddress,
} from "../address/address.ts";
import {
  checkLocalPath,
  checkPrivateFolder,
  type LocalPlace,
  localPipePath,
  localPlaces,
  securePrivateFolder,
} from "../address/local-path.ts";
import { MyelinError, toMyelinError } from "../errors.ts";
import { checkObject, type UnixOptions } from "../options.ts";
import { isAbsence } from "./capabilities.ts";
import { pipe } from "./pipe.ts";
import { aborted } from "./socket-dial.ts";
import type { SocketListener, SocketTransport } from "./transport.ts";
import { unixTransport } from "./unix.ts";

/**
 * Connects processes of one user on one machine by name. A server takes the first folder that is
 * usable and private; a client tries them all, since a service, a cron job and a login shell of one
 * user do not see the same environment. `MYELIN_DIR` sets the folder for both.
 */
export function local(options: UnixOptions = {}): SocketTransport {
  checkObject("local", options);
  const windows = process.platform === "win32";
  const isForAll = options.readableAll === true || options.writableAll === true;
  const inner = windows ? pipe(options) : unixTransport(options, isForAll ? undefined : 0o600);
  return {
    scheme: "local",
    capabilities: inner.capabilities,
    async dial(address, dialOptions) {
      const { name } = checkAddress(address);
      if (windows) return inner.dial(pipeAddress(name), dialOptions);
      const signal = dialOptions?.signal;
      if (signal?.aborted === true) throw aborted(formatAddress(address), signal);
      const tried: string[] = [];
      // Somebody may listen where it is not known.
      let doubt: MyelinError | undefined;
      for (const { folder, path } of possiblePlaces(name, tried)) {
        try {
          checkPrivateFolder(folder);
          return await inner.dial({ scheme: "unix", path }, dialOptions);
        } catch (reason) {
          const error = toMyelinError(reason);
          if (error.code === "ERR_ABORTED") throw error;
          if (!isAbsence(error)) doubt ??= error;
          tried.push(`${path} (${error.message})`);
        }
      }
      const text = formatAddress(address);
      const message = `${text}: no server found; tried ${tried.join(", ")}`;
      const cause = doubt === undefined ? {} : { cause: doubt };
      throw new MyelinError("ERR_NOT_FOUND", message, { address: text, ...cause });
    },
    async listen(address, onConnection, listenOptions) {
      const { name } = checkAddress(address);
      const place: Address = windows ? pipeAddress(name) : usablePlace(name);
      const listener = await inner.listen(place, onConnection, listenOptions);
      return namedListener(listener, { scheme: "local", name });
    },
  };
}

/** The listener under the name that it can be dialled by; its server tells the path. */
function namedListener(listener: SocketListener, address: LocalAddress): SocketListener {
  return {
    address,
    server: listener.server,
    close: () => listener.close(),
    ref: () => listener.ref(),
    unref: () => listener.unref(),
    set onError(hear: (error: MyelinError) => void) {
      listener.onError = hear;
    },
  };
}

/**
 * Those whose paths the system allows.
 * @param tooLong hears of the others
 * @throws {MyelinError} `ERR_PATH_TOO_LONG` where there are only others, or the one that the user chose is one
 */
function possiblePlaces(name: string, tooLong: string[]): LocalPlace[] {
  let last: MyelinError | undefined;
  const places = localPlaces(name).filter(({ chosen, path }) => {
    try {
      checkLocalPath(path);
      return true;
    } catch (reason) {
      last = toMyelinError(reason);
      if (chosen) throw last;
      tooLong.push(last.message);
      return false;
    }
  });
  if (places.length === 0 && last !== undefined) throw last;
  return places;
}

/** The first place whose folder is private, or can be made so. */
function usablePlace(name: string): UnixAddress {
  const refused: string[] = [];
  for (const place of possiblePlaces(name, refused)) {
    const error = problemWith(place);
    if (error === undefined) return { scheme: "unix", path: place.path };
    if (place.chosen) throw error;
    refused.push(error.message);
  }
  throw new MyelinError("ERR_PERMISSION", `no folder for local sockets: ${refused.join("; ")}`);
}

function problemWith({ folder }: LocalPlace): MyelinError | undefined {
  try {
    securePrivateFolder(folder);
    return undefined;
  } catch (reason) {
    return toMyelinError(reason);
  }
}

function checkAddress(address: Address): LocalAddress {
  const text = formatAddress(address);
  // Read again: an address made by hand could lead out of the folder.
  const parsed = parseAddress(text);
  if (parsed.scheme === "local") return parsed;
  throw new MyelinError("ERR_INVALID_ADDRESS", `${text} is no local: name`, { address: text });
}

function pipeAddress(name: string): PipeAddress {
  return { scheme: "pipe", path: localPipePath(name) };
}
