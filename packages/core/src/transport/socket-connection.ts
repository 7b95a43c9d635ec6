/**
 * A connection over any stream socket of Node: Unix socket, named pipe, TCP or TLS.
 * It keeps nothing per chunk and nothing per message; the socket's events find it through a symbol,
 * so that ten thousand idle connections share one set of listeners.
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Address } from "../address/address.ts";
import { MyelinError, toMyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { PeerIdentity, Sink, SocketConnection } from "./transport.ts";

const owner: unique symbol = Symbol("myelin.connection");

type OwnedSocket = Socket & { [owner]: StreamSocketConnection };

/** Wraps an established socket. Takes over its events; reading starts with `open`. */
export function socketConnection(
  socket: Socket,
  addresses: { local: Address | undefined; remote: Address | undefined },
): SocketConnection {
  return new StreamSocketConnection(socket as OwnedSocket, addresses.local, addresses.remote);
}

class StreamSocketConnection implements SocketConnection {
  readonly kind = "stream";
  readonly socket: Socket;
  readonly local: Address | undefined;
  readonly remote: Address | undefined;
  #sink: Sink | undefined;
  #error: MyelinError | undefined;
  #ending = false;
  #closed = false;
  #told = false;

  constructor(socket: OwnedSocket, local: Address | undefined, remote: Address | undefined) {
    this.socket = socket;
    this.local = local;
    this.remote = remote;
    socket[owner] = this;
    socket.on("error", onError);
    socket.on("close", onClose);
    socket.on("drain", onDrain);
  }

  get peer(): PeerIdentity {
    return "encrypted" in this.socket ? certificateOf(this.socket as TLSSocket) : {};
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
      setImmediate(() => this.#tellClosed());
      return;
    }
    this.socket.on("data", onData);
  }

  send(data: Uint8Array | string): boolean {
    if (this.#ending || this.#closed || this.socket.destroyed) {
      throw new MyelinError("ERR_CLOSED", "the connection is closed");
    }
    return this.socket.write(data);
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  close(options: { timeoutMs?: number } = {}): Promise<void> {
    const { socket } = this;
    if (this.#closed) return Promise.resolve();
    this.#ending = true;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const unsent = socket.writableLength;
        if (unsent > 0) {
          reject(new MyelinError("ERR_UNDELIVERED", `${unsent} bytes were not sent in time`));
        }
        this.abort();
      }, options.timeoutMs ?? limits.closeTimeoutMs);
      socket.once("close", () => {
        clearTimeout(timer);
        resolve();
      });
      // Without a reader the peer's end would never be seen.
      if (this.#sink === undefined || socket.isPaused()) socket.resume();
      socket.end();
    });
  }

  abort(error?: MyelinError): void {
    if (this.#closed) return;
    this.#ending = true;
    this.#error ??= error;
    this.socket.destroy();
  }

  received(chunk: Uint8Array): void {
    this.#sink?.onData(chunk);
  }

  drained(): void {
    this.#sink?.onDrain();
  }

  failed(reason: Error): void {
    this.#error ??= toMyelinError(reason);
  }

  closed(hadError: boolean): void {
    this.#closed = true;
    if (hadError) this.#error ??= new MyelinError("ERR_CONNECTION_LOST", "the connection broke");
    this.#tellClosed();
  }

  #tellClosed(): void {
    if (this.#told || this.#sink === undefined) return;
    this.#told = true;
    this.#sink.onClose(this.#error);
  }
}

// Shared by all sockets: a closure per socket would cost more than the connection itself.
function onData(this: Socket, chunk: Uint8Array): void {
  (this as OwnedSocket)[owner].received(chunk);
}
function onDrain(this: Socket): void {
  (this as OwnedSocket)[owner].drained();
}
function onError(this: Socket, error: Error): void {
  (this as OwnedSocket)[owner].failed(error);
}
function onClose(this: Socket, hadError: boolean): void {
  (this as OwnedSocket)[owner].closed(hadError);
}

function certificateOf(socket: TLSSocket): PeerIdentity {
  const certificate = socket.getPeerCertificate();
  const identity = { authorized: socket.authorized };
  // Without a certificate Node answers with an empty object.
  if (certificate?.fingerprint256 === undefined) return identity;
  const commonName = certificate.subject?.CN;
  return {
    ...identity,
    fingerprint: certificate.fingerprint256,
    ...(typeof commonName === "string" ? { commonName } : {}),
  };
}
