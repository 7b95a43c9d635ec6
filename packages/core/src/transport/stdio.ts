/**
 * Connections over standard streams: a child's stdin and stdout in the parent, descriptors 0 and 1 in
 * the child. Whatever else the child prints on stdout ends up between the bytes, so it logs on stderr;
 * where there is a choice, `spawnPeer` leaves all three streams to the program.
 */
import type { ChildProcess } from "node:child_process";
import { type BigIntStats, fstatSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { MyelinError } from "../errors.ts";
import { streamCapabilities } from "./capabilities.ts";
import { claimCarrier, claimDescriptor } from "./claim.ts";
import { type Ends, streamConnection } from "./socket-connection.ts";
import { type Manner, streamPair } from "./stream-pair.ts";
import { makeWay, type Way, type WaySource } from "./way.ts";

/** A child process whose stdin and stdout are pipes, or anything that has the same two streams. */
export interface StandardStreams {
  /** What we write and it reads. */
  readonly stdin: Writable | null;
  /** What it writes and we read. */
  readonly stdout: Readable | null;
}

interface BothStreams {
  readonly stdin: Writable;
  readonly stdout: Readable;
}

const address = Object.freeze({ scheme: "stdio" } as const);

/**
 * Leads over standard streams: over a child that was spawned with pipes, or over `"parent"` in that
 * child. They carry one connection, and end with it: in the child nothing else may read stdin or write
 * to stdout, `console.log` included, then or later. Over a pipe of a shell (`a | b`) the other side sees
 * the child's end when its process ends.
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
        const { stdin, stdout } = checkedStreams(carrier);
        claimCarrier(carrier, "this child's stdio");
        const ends: Ends = {
          side,
          local: () => (side === "accepted" ? address : undefined),
          remote: () => (side === "dialled" ? address : undefined),
        };
        const manner = carrier instanceof OwnStreams ? carrier.manner : {};
        return streamConnection(streamPair(stdout, stdin, manner), ends);
      },
    },
    source === "parent" ? () => new OwnStreams() : source,
    typeof source !== "function",
  );
}

/** @throws {MyelinError} `ERR_CONFIG`; `ERR_TRANSPORT` of a child that another attempt may start */
function checkedStreams(carrier: Partial<StandardStreams> | undefined | null): BothStreams {
  const { stdin, stdout } = carrier ?? {};
  if (isStream(stdin, "write") && isStream(stdout, "resume")) return { stdin, stdout };
  if (stdin === null || stdout === null) {
    const message = 'stdio: the child has no pipes: spawn it with stdin and stdout as "pipe"';
    throw new MyelinError("ERR_CONFIG", message, { address: "stdio:" });
  }
  // Node gives a child no streams at all when there are no descriptors left for them.
  const { spawnfile } = (carrier ?? {}) as Partial<ChildProcess>;
  if (stdin === undefined && spawnfile !== undefined) {
    const message = "stdio: the child could not be started";
    throw new MyelinError("ERR_TRANSPORT", message, { address: "stdio:" });
  }
  const message = 'stdio(): takes a child process, { stdin, stdout } with two streams, or "parent"';
  throw new MyelinError("ERR_CONFIG", message, { address: "stdio:" });
}

function isStream<Method extends "resume" | "write">(
  given: unknown,
  method: Method,
): given is { resume: Readable; write: Writable }[Method] {
  const stream = given as Partial<Socket> | undefined | null;
  return typeof stream?.[method] === "function" && typeof stream.on === "function";
}

/** Our own, as the parent would see them. */
class OwnStreams implements StandardStreams {
  readonly stdin: Socket;
  readonly stdout: Socket;
  readonly manner: Manner;

  constructor() {
    checkPipe(0);
    const output = checkPipe(1);
    for (const descriptor of [0, 1]) claimDescriptor(descriptor, () => {});
    // Not process.stdout: its writes to a pipe block the process until the parent has read.
    this.stdout = new Socket({ fd: 0, readable: true, writable: false });
    this.stdin = new Socket({ fd: 1, readable: false, writable: true });
    // A socket can be told to send no more, a pipe ends with its last holder, and that is the process.
    this.manner = { lingers: true, tellsEnd: output?.isFIFO() !== true };
  }
}

/** @throws {MyelinError} `ERR_NOT_A_SOCKET` */
function checkPipe(descriptor: number): BigIntStats | undefined {
  let status: BigIntStats | undefined;
  try {
    // As bigint, as in fd.ts: else modules are looked for without following links.
    status = fstatSync(descriptor, { bigint: true });
  } catch {
    // It is closed.
  }
  // Windows says little of its pipes; Node itself refuses there what is none.
  if (process.platform === "win32" || status?.isSocket() || status?.isFIFO()) return status;
  const name = descriptor === 0 ? "stdin" : "stdout";
  const what = status === undefined ? "closed" : "a terminal, a file or ignored";
  const message = `stdio: ${name} is ${what}, and no pipe to a parent`;
  throw new MyelinError("ERR_NOT_A_SOCKET", message, { address: "stdio:" });
}
