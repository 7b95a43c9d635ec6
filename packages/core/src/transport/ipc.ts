/**
 * Connections over the IPC channel that Node makes between a child process and its parent. The channel
 * is shared with `process.send` of the program and with `node:cluster`, so each message is wrapped;
 * where there is a choice, `spawnPeer` gives a connection that is nobody else's, and faster.
 */
import type { ChildProcess } from "node:child_process";
import type { Worker } from "node:cluster";
import type { EventEmitter } from "node:events";
import { MyelinError, toMyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import { streamCapabilities } from "./capabilities.ts";
import { claimCarrier } from "./claim.ts";
import { MessageConnection } from "./message-connection.ts";
import { here, isSign, type MessageLink, ours, type Piece, type Receiver } from "./message-link.ts";
import { makeWay, type Way, type WaySource } from "./way.ts";

const address = Object.freeze({ scheme: "ipc" } as const);

/**
 * Leads over an IPC channel: over a child process or a worker of `node:cluster` in the parent, over
 * `"parent"` in the child. A channel carries one connection in its life. It stays the program's, and
 * so do all messages on it that are not ours; listeners of the program see ours too, as objects whose
 * only property begins with `myelin:`. The end of the channel is the end of the connection.
 *
 * A dial waits until the other side listens, and a listener hears of whoever dials: it does not
 * matter who comes first.
 *
 * @param source the child, `"parent"`, or a function that makes one for each dial. Without it the way
 * is for listening, and `accept` brings each child.
 */
export function ipc(
  source?: WaySource<ChildProcess | Worker> | "parent",
): Way<ChildProcess | Worker> {
  return makeWay<ChildProcess | Worker | NodeJS.Process>(
    {
      address,
      capabilities: streamCapabilities({ localOnly: true, credentials: false, feedback: false }),
      connect: (carrier, side) => {
        const channel = channelOf(carrier);
        checkChannel(channel);
        claimCarrier(channel, "this IPC channel");
        return new MessageConnection(new IpcLink(channel, side));
      },
    },
    source === "parent" ? () => process : source,
    typeof source !== "function",
  );
}

type Channel = ChildProcess | NodeJS.Process;

function channelOf(carrier: ChildProcess | Worker | NodeJS.Process): Channel {
  const given = carrier as Partial<Worker> | undefined | null;
  const channel = (given?.process ?? given) as Partial<ChildProcess> | undefined | null;
  if (typeof channel?.on === "function") return channel as Channel;
  const message = 'ipc(): takes a child process, a worker of node:cluster or "parent"';
  throw new MyelinError("ERR_CONFIG", message, { address: "ipc:" });
}

function checkChannel(channel: Channel): void {
  if (channel.connected) return;
  // It had one.
  if (typeof channel.send === "function") {
    throw new MyelinError("ERR_CONNECTION_LOST", "ipc: the channel has ended", { address: "ipc:" });
  }
  const what = channel === process ? "this process has no IPC channel" : "the child has none";
  const message = `ipc: ${what}: it takes fork(), or "ipc" in the stdio of spawn()`;
  throw new MyelinError("ERR_UNSUPPORTED", message, { address: "ipc:" });
}

// A message goes in one piece: a large one would hold up what the program sends itself.
const maxPieceBytes = limits.writeChunkBytes;

/** How often it is asked whether the channel still is. */
const lookMs = 100;

class IpcLink implements MessageLink {
  readonly address = address;
  readonly side: "dialled" | "accepted";
  readonly #channel: Channel;
  #receiver: Receiver | undefined;
  #pendingBytes = 0;
  /**
   * The channel carries bytes as they are (`serialization: "advanced"`), and not JSON. The child is
   * not told, so the first sign brings some bytes along, and who sees them arrive knows.
   */
  #carriesBytes = false;
  #wasUnref = false;
  #watch: NodeJS.Timeout | undefined;
  #wasDisconnected = false;

  constructor(channel: Channel, side: "dialled" | "accepted") {
    this.#channel = channel;
    this.side = side;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  listen(receiver: Receiver): void {
    this.#receiver = receiver;
    // ChildProcess and Process declare the same events in ways of their own.
    const emitter: EventEmitter = this.#channel;
    emitter.on("message", this.#onMessage);
    emitter.on("disconnect", this.#onDisconnect);
    if (this.#channel !== process) emitter.on("exit", this.#onExit);
    this.#watch = setInterval(this.#look, lookMs).unref();
  }

  post(piece: Piece): void {
    if (piece === here) {
      this.#send({ [ours]: piece, probe: new Uint8Array(1) }, 0);
      return;
    }
    if (typeof piece === "number") {
      this.#send({ [ours]: piece }, 0);
      return;
    }
    for (let start = 0; start < piece.length; start += maxPieceBytes) {
      const part = piece.subarray(start, start + maxPieceBytes);
      this.#send({ [ours]: this.#carriesBytes ? part : toBase64(part) }, part.length);
    }
  }

  #send(message: object, byteCount: number): void {
    this.#pendingBytes += byteCount;
    this.#channel.send?.(message, undefined, undefined, (reason: Error | null) => {
      this.#pendingBytes -= byteCount;
      if (reason !== null) this.#receiver?.lost(toMyelinError(reason));
      else if (this.#pendingBytes === 0) this.#receiver?.drained();
    });
  }

  release(): void {
    const emitter: EventEmitter = this.#channel;
    emitter.off("message", this.#onMessage);
    emitter.off("disconnect", this.#onDisconnect);
    emitter.off("exit", this.#onExit);
    clearInterval(this.#watch);
    if (!this.#channel.connected) endChannel(emitter);
    if (!this.#wasUnref || this.#channel !== process) return;
    // Node refs a child's channel while somebody listens to it, unless it was told otherwise.
    if (emitter.listenerCount("message") > 0) this.#channel.channel?.ref();
    else this.#channel.channel?.unref();
  }

  ref(): void {
    if (this.#wasUnref) this.#channel.channel?.ref();
  }

  unref(): void {
    this.#wasUnref = true;
    this.#channel.channel?.unref();
  }

  readonly #onMessage = (message: unknown): void => {
    if (typeof message !== "object" || message === null || !Object.hasOwn(message, ours)) return;
    const { [ours]: piece, probe } = message as { [ours]: unknown; probe?: unknown };
    if (probe instanceof Uint8Array) this.#carriesBytes = true;
    if (isSign(piece) || piece instanceof Uint8Array) {
      this.#receiver?.received(piece);
    } else if (typeof piece === "string") {
      this.#receiver?.received(Buffer.from(piece, "base64"));
    } else {
      const text = "a message arrived at the IPC channel that makes no sense";
      this.#receiver?.lost(new MyelinError("ERR_CONNECTION_LOST", text));
    }
  };

  /**
   * After a `disconnect()` of this process with messages on their way, Node may never emit the event. Where it
   * does, it comes first: it is seen the second time.
   */
  readonly #look = (): void => {
    if (this.#channel.connected) return;
    if (this.#wasDisconnected) this.#onDisconnect();
    this.#wasDisconnected = true;
  };

  /** What a child sent last may arrive after its end, while the channel stands. */
  readonly #onExit = (): void => {
    if (!this.#channel.connected) this.#onDisconnect();
  };

  // As with a socket, nobody can tell whether the other side has gone in order.
  readonly #onDisconnect = (): void => {
    const bytes = this.#pendingBytes;
    this.#receiver?.lost(bytes > 0 ? lostWith(bytes) : undefined);
  };
}

/**
 * Ends a channel that this process has disconnected. Node closes it after the message that it was reading, which it
 * does not look at any more: the other side would hear of nothing until this process ends. So it is told of a message
 * here, one of those that are Node's own: nobody else hears of it, and an empty one means nothing.
 */
function endChannel(channel: EventEmitter): void {
  // What programs throw when they hear of it is theirs.
  process.nextTick(() => channel.emit("internalMessage", {}));
}

function lostWith(bytes: number): MyelinError {
  return new MyelinError("ERR_CONNECTION_LOST", `the channel ended before ${bytes} bytes had left`);
}

function toBase64({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString("base64");
}
