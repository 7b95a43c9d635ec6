/** A child process with a connection of its own, beside stdin, stdout and stderr. */
import type { ChildProcess, SpawnOptions } from "node:child_process";
import type { Socket } from "node:net";
import { MyelinError, toMyelinError } from "../errors.ts";
import { checkObject, checkOption, type Shape } from "../options.ts";
import { socketConnection } from "./socket-connection.ts";
import type { Connection } from "./transport.ts";

/** Options of {@link spawnPeer}: those of `child_process.spawn`, but for descriptor 3. */
export interface SpawnPeerOptions extends Omit<SpawnOptions, "stdio"> {
  /** stdin, stdout and stderr. @defaultValue ["ignore", "inherit", "inherit"] */
  stdio?: readonly StandardStream[];
}

type StandardStream = "pipe" | "ignore" | "inherit" | "overlapped" | number;

/** A child that was started, and the connection to it, which waits to be opened. */
export interface SpawnedPeer {
  readonly child: ChildProcess;
  readonly connection: Connection;
}

/** What the child dials or serves: `connect("fd:3")`. */
const descriptor = 3;
const address = Object.freeze({ scheme: "fd", fd: descriptor } as const);
const list: Shape = { what: "a list", is: Array.isArray };
const defaultStreams: readonly StandardStream[] = ["ignore", "inherit", "inherit"];

/**
 * Starts a program that has a connection to this one as its descriptor 3: the program dials or serves
 * `fd:3`, and here the connection is served, `serve(over(connection))`, dialled or opened. Nobody else can connect, no
 * file or port is used, and the standard streams stay free. The connection ends with the child.
 *
 * @throws {MyelinError} when the program cannot be started: `ERR_NOT_FOUND`, `ERR_PERMISSION`,
 * `ERR_ABORTED` (by `options.signal`), ...
 */
export async function spawnPeer(
  command: string,
  args: readonly string[] = [],
  options: SpawnPeerOptions = {},
): Promise<SpawnedPeer> {
  checkObject("spawnPeer", options);
  const { stdio = defaultStreams, ...others } = options;
  checkOption("spawnPeer", "args", args, list);
  checkOption("spawnPeer", "stdio", stdio, list);
  if (stdio.length > descriptor) {
    const message = `spawnPeer(): descriptor ${descriptor} is the connection; stdio has stdin, stdout and stderr`;
    throw new MyelinError("ERR_CONFIG", message);
  }
  if (others.signal?.aborted === true) {
    const cause: unknown = others.signal.reason;
    throw new MyelinError("ERR_ABORTED", `${command}: given up by the caller`, { cause });
  }
  const { spawn } = await import("node:child_process");
  const streams = [...stdio, ...defaultStreams.slice(stdio.length)];
  let child: ChildProcess;
  try {
    child = spawn(command, args, { ...others, stdio: [...streams, "pipe"] });
  } catch (reason) {
    throw toMyelinError(reason);
  }
  const socket = child.stdio[descriptor] as Socket;
  // When the child exits, Node reads on whatever is left there, and would lose what nobody has heard.
  (child.stdio as (typeof child.stdio)[number][])[descriptor] = null;
  const connection = socketConnection(socket, {
    side: "dialled",
    local: () => undefined,
    remote: () => address,
    confinedTo: () => "user",
  });
  try {
    await new Promise<void>((resolve, reject) => {
      // It stays: a child that is aborted later, or cannot be killed, is no reason to end this process.
      child.once("spawn", resolve).on("error", reject);
    });
  } catch (reason) {
    connection.abort();
    throw toMyelinError(reason);
  }
  return { child, connection };
}
