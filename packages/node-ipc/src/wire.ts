/**
 * One established connection that speaks node-ipc's wire: framing and parsing on the way in, limits
 * on the way out. Clients and servers put their events on top of it.
 */
import {
  ByteWriter,
  type FrameSink,
  isMyelinError,
  type MyelinError,
  readAsOneTick,
  type Sink,
  type SocketConnection,
  type WriteTarget,
} from "myelin";
import { longestTimerMs } from "./deadline.ts";
import type { WireParser } from "./defaults.ts";
import { checkedName, reservedEvent } from "./inbound.ts";
import type { Parser } from "./parser/parser.ts";
import { PendingLimit } from "./pending-limit.ts";
import { IPCProtocolError, toIpcError } from "./protocol-error.ts";
import { hookSocket } from "./socket-hooks.ts";
import { type WireReader, wireReader } from "./wire-reader.ts";

/** How long the end of a connection waits for its last bytes. */
export const lingerMs = 1_000;

/** How many times `maxPendingBytes` the answers to one piece of input may come to. */
const turnAllowance = 4;

/** Hears what happens on a wire. */
export interface WireOwner {
  onMessage(wire: Wire, type: string, data: unknown): void;
  onRaw(wire: Wire, bytes: Buffer): void;
  /** Something is wrong with this connection; it may have been cut for it. */
  onWireError(wire: Wire, error: Error): void;
  /** Called exactly once. `error` is why the connection broke, absent when it ended in order. */
  onWireClose(wire: Wire, error: Error | undefined): void;
}

/** What is the same for all connections of a client or a server. */
export interface WireRules {
  readonly parser: WireParser;
  /** Names from the wire that would forge an event of this side. */
  readonly heldBack: ReadonlySet<string>;
}

export class Wire implements Sink, FrameSink<string>, WriteTarget {
  readonly connection: SocketConnection;
  readonly #owner: WireOwner;
  readonly #rules: WireRules;
  readonly #writer: ByteWriter;
  readonly #reader: WireReader | undefined;
  #limit: PendingLimit | undefined;
  #messageTimer: NodeJS.Timeout | undefined;
  #muted = false;
  #lingers = false;
  #isReading = false;
  /** A message was completed by the piece that is being read. */
  #hasCompleted = false;
  /** Messages were handed over after the socket had gone. */
  #missed = false;
  /** Ended by us for a breach: the owner knows why. */
  #failed = false;

  constructor(connection: SocketConnection, owner: WireOwner, rules: WireRules) {
    this.connection = connection;
    this.#owner = owner;
    this.#rules = rules;
    this.#writer = new ByteWriter(this);
    this.#reader = wireReader(rules.parser, this);
    hookSocket(connection.socket, this.#writer);
  }

  /** Starts reading. */
  open(): void {
    this.connection.open(this);
  }

  /** True while messages can be handed to the socket. */
  get usable(): boolean {
    const { socket } = this.connection;
    // After the peer's end Node ends our side too, one tick later.
    return socket.writable && !socket.readableEnded;
  }

  get writable(): boolean {
    return this.connection.writable;
  }

  /** Accepts one encoded message. False when the socket is over its high-water mark. */
  write(frame: string | Uint8Array): boolean {
    const { connection } = this;
    const max = this.#rules.parser.maxPendingBytes ?? Number.POSITIVE_INFINITY;
    const pending = connection.pendingBytes;
    if (pending > max && !this.#admits(pending, max)) return this.#cutSlowPeer(pending);
    const accepted =
      typeof frame === "string" ? this.#writer.write(frame) : this.#writer.writeBytes(frame);
    if (pending + frame.length > max) {
      this.#limit ??= new PendingLimit(max);
      this.#limit.wrote(connection.pendingBytes + this.#writer.collected);
    }
    return accepted;
  }

  /** Reports nothing more of what the peer sends. */
  mute(): void {
    this.#muted = true;
    this.#reader?.stop();
  }

  /** Hands everything accepted to the socket. */
  flush(): void {
    this.#writer.flush();
  }

  /**
   * Resolves when the system has taken everything accepted before.
   * @throws {IPCProtocolError} `ERR_IPC_UNDELIVERED` when the connection ended first.
   */
  flushed(): Promise<void> {
    this.flush();
    const { socket } = this.connection;
    if (socket.writableLength === 0 && !socket.writableNeedDrain) {
      return this.#missed ? Promise.reject(undelivered()) : Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const settle = (error?: Error | null): void => {
        if (error) reject(undelivered(error));
        else resolve();
      };
      if (!socket.writableEnded) {
        socket.write("", settle);
        return;
      }
      // Already ending: a write would break it off.
      socket.once("close", () => settle(socket.writableFinished ? undefined : new Error("closed")));
    });
  }

  /** Ends the connection after the bytes that wait, or after a second without them. */
  linger(): void {
    if (this.#lingers) return;
    this.#lingers = true;
    const { socket } = this.connection;
    this.mute();
    this.flush();
    const timer = setTimeout(() => this.connection.abort(), lingerMs);
    timer.unref();
    socket.once("close", () => clearTimeout(timer));
    socket.destroySoon();
  }

  /** For the writer only: hands text or bytes to the connection. */
  send(data: string | Uint8Array): boolean {
    try {
      return this.connection.send(data);
    } catch (error) {
      if (!isMyelinError(error) || error.code !== "ERR_CLOSED") throw error;
      this.#missed = true;
      return false;
    }
  }

  onData(chunk: Uint8Array): void {
    if (this.#muted) return;
    const reader = this.#reader;
    this.#hasCompleted = false;
    this.#isReading = true;
    // Answers to what this chunk brings leave together.
    readAsOneTick(this, chunk);
    this.#isReading = false;
    if (reader !== undefined) this.#watchIncomplete(reader);
  }

  /** For {@link onData} only. */
  read(chunk: Uint8Array): void {
    try {
      if (this.#reader === undefined) this.#owner.onRaw(this, Buffer.from(chunk));
      else this.#reader.push(chunk);
    } catch (error) {
      this.#refuse(error);
    }
  }

  onFrame(frame: string): void {
    const parser = this.#rules.parser as Parser;
    this.onParsed(parser.decode(frame));
  }

  onDrain(): void {}

  onClose(error?: MyelinError): void {
    clearTimeout(this.#messageTimer);
    this.#writer.close();
    this.#reader?.stop();
    this.#muted = true;
    const isNews = error !== undefined && !this.#failed;
    this.#owner.onWireClose(this, isNews ? toIpcError(error) : undefined);
  }

  /** Takes a message from the parser. Throws what ends the connection. */
  onParsed(message: unknown): void {
    this.#hasCompleted = true;
    const { parser, heldBack } = this.#rules;
    const name = checkedName(message, (parser as Partial<Parser>).maxEventNameLength);
    if (heldBack.has(name)) this.#owner.onWireError(this, reservedEvent(name));
    else this.#owner.onMessage(this, name, (message as { data?: unknown }).data);
  }

  /** Ends the connection for something the peer did. */
  fail(error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.mute();
    // Answers to what was in order leave, as far as the system takes them.
    this.flush();
    this.connection.abort();
    this.#owner.onWireError(this, error);
  }

  #refuse(reason: unknown): void {
    if (isMyelinError(reason) && reason.code === "ERR_TOO_LARGE") {
      const limit = (this.#rules.parser as Partial<Parser>).maxMessageSize;
      const message = `a message exceeds maxMessageSize (${limit})`;
      this.fail(new IPCProtocolError("ERR_IPC_FRAME_TOO_LARGE", message, { cause: reason }));
      return;
    }
    this.fail(reason instanceof Error ? reason : new Error(String(reason)));
  }

  #admits(pending: number, max: number): boolean {
    // What one turn emits passes, but not what a peer makes us emit by what it sends in that turn.
    if (this.#isReading && pending > max * turnAllowance) return false;
    return this.#limit?.admits(pending) !== false;
  }

  #cutSlowPeer(pending: number): false {
    const message = `the peer does not read: ${pending} bytes wait, more than maxPendingBytes; they are dropped`;
    this.fail(new IPCProtocolError("ERR_IPC_BACKPRESSURE", message));
    return false;
  }

  #watchIncomplete(reader: WireReader): void {
    const timeout = this.#rules.parser.messageTimeout;
    if (!timeout || timeout === Number.POSITIVE_INFINITY) return;
    // The time runs for one message: whatever is incomplete now began after the last complete one.
    if (reader.pendingBytes === 0 || this.#hasCompleted) {
      clearTimeout(this.#messageTimer);
      this.#messageTimer = undefined;
    }
    if (reader.pendingBytes === 0) return;
    this.#messageTimer ??= setTimeout(
      () => {
        const message = "an incomplete message exceeded messageTimeout";
        this.fail(new IPCProtocolError("ERR_IPC_MESSAGE_TIMEOUT", message));
      },
      Math.min(timeout, longestTimerMs),
    ).unref();
  }
}

function undelivered(cause?: unknown): IPCProtocolError {
  const message = "the connection ended before everything was handed over";
  return new IPCProtocolError("ERR_IPC_UNDELIVERED", message, { cause });
}
