/**
 * A connection over any stream socket of Node: Unix socket, named pipe, TCP or TLS.
 * It keeps nothing per chunk and nothing per message; the socket's events find it through a symbol,
 * so that ten thousand idle connections share one set of listeners.
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Address } from "../address/address.ts";
import { systemClock } from "../clock.ts";
import { connectionClosed, connectionOpened } from "../diagnostics.ts";
import { MyelinError, toMyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import { Patience } from "../patience.ts";
import { nobody } from "./capabilities.ts";
import { localPeer } from "./credentials.ts";
import type { StreamSocket } from "./stream-pair.ts";
import type { Connection, PeerIdentity, Sink, SocketConnection } from "./transport.ts";

/** How a transport names the two ends of its sockets; one object serves all of a listener's. */
export interface Ends {
  readonly side: "dialled" | "accepted";
  local(socket: Socket): Address | undefined;
  remote(socket: Socket): Address | undefined;
  /** The system knows whose process is at the other end. @defaultValue false */
  readonly credentials?: boolean;
  /** As {@link Connection.confinedTo}. */
  confinedTo?(socket: Socket): Connection["confinedTo"];
}

const owner: unique symbol = Symbol("myelin.connection");

type OwnedSocket = Socket & { [owner]: StreamSocketConnection };

/** Wraps an established socket. Takes over its events; reading starts with `open`. */
export function socketConnection(socket: Socket, ends: Ends): SocketConnection {
  return new StreamSocketConnection(socket as OwnedSocket, ends);
}

/** The same over anything that is read and written like a socket. */
export function streamConnection(stream: StreamSocket, ends: Ends): Connection {
  // A socket's other properties belong to those who get one from `SocketConnection`.
  return new StreamSocketConnection(stream as OwnedSocket, ends);
}

class StreamSocketConnection implements SocketConnection {
  readonly kind = "stream";
  readonly socket: Socket;
  // Read now: a socket that is closed has forgotten its peer's address and certificate.
  readonly remote: Address | undefined;
  readonly peer: PeerIdentity;
  readonly confinedTo: Connection["confinedTo"];
  readonly #ends: Ends;
  #sink: Sink | undefined;
  #error: MyelinError | undefined;
  #closing: Promise<void> | undefined;
  readonly #patience = new Patience(systemClock, () => this.abort());
  /** Bytes that the system had not taken when the connection began to end. */
  #unsent = 0;
  #paused = false;
  #isSending = false;
  #ended = false;
  #peerEnded = false;
  #closed = false;
  #told = false;

  constructor(socket: OwnedSocket, ends: Ends) {
    this.socket = socket;
    this.#ends = ends;
    this.remote = ends.remote(socket);
    this.peer = identityOf(socket, ends);
    this.confinedTo = ends.confinedTo?.(socket);
    socket[owner] = this;
    socket.on("error", onError);
    socket.on("close", onClose);
    socket.on("drain", onDrain);
    socket.on("end", onEnd);
    if (connectionOpened.hasSubscribers) {
      connectionOpened.publish({ connection: this, side: ends.side });
    }
  }

  get local(): Address | undefined {
    return this.#ends.local(this.socket);
  }

  get pendingBytes(): number {
    return this.socket.writableLength;
  }

  get writable(): boolean {
    return !this.socket.writableNeedDrain;
  }

  open(sink: Sink): void {
    if (this.#sink !== undefined) throw new MyelinError("ERR_CONFIG", "open() was called twice");
    this.#sink = sink;
    if (this.#closed) {
      // Not within this call: whoever opens has not finished setting up.
      setImmediate(() => this.#tellClosed());
      return;
    }
    if (this.#paused) this.socket.pause();
    this.socket.on("data", onData);
  }

  sendAll(parts: readonly Uint8Array[]): boolean {
    const { socket } = this;
    socket.cork();
    try {
      for (const part of parts) this.send(part);
    } finally {
      this.#isSending = true;
      socket.uncork();
      this.#isSending = false;
    }
    return this.writable;
  }

  send(data: Uint8Array | string): boolean {
    // After the peer's end Node ends our side too, one tick later.
    if (this.#ended || this.#peerEnded || !this.socket.writable) {
      throw new MyelinError("ERR_CLOSED", "the connection is closed");
    }
    this.#isSending = true;
    const hasRoom = this.socket.write(data);
    this.#isSending = false;
    return hasRoom;
  }

  pause(): void {
    this.#paused = true;
    if (this.#sink !== undefined) this.socket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#sink !== undefined) this.socket.resume();
  }

  close(options: { timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#closed ? Promise.resolve() : this.#close();
    if (!this.#closed) this.#patience.lower(options.timeoutMs ?? limits.closeTimeoutMs);
    return this.#closing;
  }

  #close(): Promise<void> {
    const { socket } = this;
    // After an abort the loss is no news: onClose tells it.
    this.#unsent = socket.destroyed ? 0 : socket.writableLength;
    this.#ended = true;
    return new Promise((resolve, reject) => {
      // It keeps the process alive until it is closed, whatever it did before.
      socket.ref();
      socket.once("close", () => {
        this.#patience.stop();
        if (socket.writableFinished || this.#unsent === 0) resolve();
        else reject(undelivered(this.#unsent, this.#error));
      });
      // Without a reader the peer's end would never be seen.
      if (this.#sink === undefined || this.#paused) socket.resume();
      socket.end();
    });
  }

  abort(error?: MyelinError): void {
    if (this.#closed) return;
    this.#ended = true;
    this.#unsent = this.socket.writableLength;
    this.#error ??= error ?? (this.#unsent > 0 ? undelivered(this.#unsent) : undefined);
    this.socket.destroy();
  }

  ref(): void {
    this.socket.ref();
  }

  unref(): void {
    this.socket.unref();
  }

  received(chunk: Uint8Array): void {
    if (this.#isSending) this.#receiveLater(chunk);
    else this.#sink?.onData(chunk);
  }

  /**
   * Two streams within one process may hand on within a write, and the answer is here before whoever
   * sends has finished.
   */
  #receiveLater(chunk: Uint8Array): void {
    const { socket } = this;
    socket.pause();
    socket.unshift(chunk);
    process.nextTick(() => {
      if (!this.#paused) socket.resume();
    });
  }

  peerEnded(): void {
    this.#peerEnded = true;
  }

  drained(): void {
    this.#sink?.onDrain();
  }

  failed(reason: Error): void {
    this.#error ??= toMyelinError(reason);
  }

  closed(): void {
    this.#closed = true;
    if (connectionClosed.hasSubscribers) {
      const { bytesRead, bytesWritten } = this.socket;
      connectionClosed.publish({
        connection: this,
        side: this.#ends.side,
        bytesRead,
        bytesWritten,
        error: this.#error,
      });
    }
    this.#tellClosed();
  }

  #tellClosed(): void {
    if (this.#told || this.#sink === undefined) return;
    this.#told = true;
    this.#sink.onClose(this.#error);
  }
}

// Shared by all sockets: a closure per socket would cost more than the connection itself.
function onData(this: Socket, chunk: Uint8Array | string): void {
  // Text comes when the owner of the real socket called its setEncoding().
  const bytes =
    typeof chunk === "string" ? Buffer.from(chunk, this.readableEncoding ?? "utf8") : chunk;
  (this as OwnedSocket)[owner].received(bytes);
}
function onEnd(this: Socket): void {
  (this as OwnedSocket)[owner].peerEnded();
}
function onDrain(this: Socket): void {
  (this as OwnedSocket)[owner].drained();
}
function onError(this: Socket, error: Error): void {
  (this as OwnedSocket)[owner].failed(error);
}
function onClose(this: Socket): void {
  (this as OwnedSocket)[owner].closed();
}

/** The error of a connection that ended too early for some of what it had accepted. */
export function undelivered(bytes: number, cause?: MyelinError): MyelinError {
  const message = `the connection ended before the last ${bytes} bytes were sent`;
  return new MyelinError("ERR_UNDELIVERED", message, cause === undefined ? {} : { cause });
}

function identityOf(socket: Socket, { credentials }: Ends): PeerIdentity {
  if ("encrypted" in socket) return certificateOf(socket as TLSSocket);
  return credentials === true ? localPeer(socket) : nobody;
}

function certificateOf(socket: TLSSocket): PeerIdentity {
  const certificate = socket.getPeerCertificate();
  // Without a certificate Node answers with an empty object, after the end with nothing. It calls a
  // peer without one authorized that goes on with an anonymous session of TLS 1.3.
  if (certificate?.fingerprint256 === undefined) return { ...nobody, authorized: false };
  const commonName = certificate.subject?.CN;
  return {
    ...nobody,
    authorized: socket.authorized,
    fingerprint: certificate.fingerprint256,
    ...(typeof commonName === "string" ? { commonName } : {}),
  };
}
