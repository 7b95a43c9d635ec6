/**
 * Connections over standard streams: a child's stdin and stdout in the parent, descriptors 0 and 1 in
 * the child. Whatever else the child prints on stdout ends up between the bytes, so it logs on stderr;
 * where there is a choice, `spawnPeer` leaves all three streams to the program.
 */
import { closeSync, fstatSync, openSync, type Stats } from "node:fs";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { MyelinError } from "../errors.ts";
import { streamCapabilities } from "./capabilities.ts";
import { claimCarrier, claimDescriptor } from "./claim.ts";
import { type Ends, streamConnection } from "./socket-connection.ts";
import { streamPair } from "./stream-pair.ts";
import { makeWay, type Way, type WaySource } from "./way.ts";

/** A child process whose stdin and stdout are pipes, or anything that has the same two streams. */
export interface StandardStreams {
  /** What we write and it reads. */
  readonly stdin: Writable | null;
  /** What it writes and we read. */
  readonly stdout: Readable | null;
}

const address = Object.freeze({ scheme: "stdio" } as const);

/**
 * Leads over standard streams: over a child that was spawned with pipes, or over `"parent"` in that
 * child. They carry one connection, and end with it. In the child nothing else may read stdin or
 * write to stdout meanwhile, `console.log` included; after it, stdout goes nowhere.
 *
 * @param source the child, `"parent"`, or a function that makes one for each dial. Without it the way
 * is for listening, and `accept` brings each child.
 */
export function stdio(source?: WaySource<StandardStreams> | "parent"): Way<StandardStreams> {
  return makeWay<StandardStreams>(
    {
      address,
      capabilities: streamCapabilities({ localOnly: true, credentials: false }),
      connect: (carrier, side) => {
        const { stdin, stdout } = carrier;
        if (stdin === null || stdout === null) {
          const message = 'stdio: the child has no pipes: spawn it with stdin and stdout as "pipe"';
          throw new MyelinError("ERR_CONFIG", message, { address: "stdio:" });
        }
        claimCarrier(carrier, "this child's stdio");
        const ends: Ends = {
          side,
          local: () => (side === "accepted" ? address : undefined),
          remote: () => (side === "dialled" ? address : undefined),
        };
        return streamConnection(streamPair(stdout, stdin), ends);
      },
    },
    source === "parent" ? ownStreams : source,
  );
}

/** Our own, as the parent would see them. */
function ownStreams(): StandardStreams {
  const pipes = [statusOfPipe(0), statusOfPipe(1)] as const;
  for (const descriptor of [0, 1]) claimDescriptor(descriptor, () => {});
  // Not process.stdout: its writes to a pipe block the process until the parent has read.
  const stdout = new Socket({ fd: 0, readable: true, writable: false });
  const stdin = new Socket({ fd: 1, readable: false, writable: true });
  stdout.once("close", () => release(0, pipes[0]));
  stdin.once("close", () => release(1, pipes[1]));
  return { stdin, stdout };
}

function statusOfPipe(descriptor: number): Stats | undefined {
  const status = statusOf(descriptor);
  // Windows says little of its pipes; Node itself refuses there what is none.
  if (process.platform === "win32" || status?.isSocket() || status?.isFIFO()) return status;
  const name = descriptor === 0 ? "stdin" : "stdout";
  const what = status === undefined ? "closed" : "a terminal, a file or ignored";
  const message = `stdio: ${name} is ${what}, and no pipe to a parent`;
  throw new MyelinError("ERR_NOT_A_SOCKET", message, { address: "stdio:" });
}

function statusOf(descriptor: number): Stats | undefined {
  try {
    return fstatSync(descriptor);
  } catch {
    return undefined;
  }
}

/**
 * Lets a standard descriptor lead nowhere. Some versions of libuv never close one, and the other side
 * would not see our end; others do, and the next file to be opened would get the number, and all that
 * is printed. The lowest free number is the next that the system gives out.
 */
function release(descriptor: number, pipe: Stats | undefined): void {
  if (process.platform === "win32") return;
  const now = statusOf(descriptor);
  // Somebody was faster.
  if (now !== undefined && (now.ino !== pipe?.ino || now.dev !== pipe.dev)) return;
  if (now !== undefined) closeSync(descriptor);
  const given = openSync("/dev/null", descriptor === 0 ? "r" : "w");
  if (given !== descriptor) closeSync(given);
}
