/** A bound datagram socket: what a UDP listener, a UDP dial and other protocols over UDP build on. */
import { createSocket, type Socket } from "node:dgram";
import { type LookupOneOptions, lookup } from "node:dns";
import { isIP } from "node:net";
import { formatAddress, type NetworkAddress } from "../address/address.ts";
import { MyelinError, toMyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import { aborted } from "./socket-dial.ts";

/** Where a datagram came from. */
export interface DatagramSource {
  readonly address: string;
  readonly port: number;
  readonly family: "IPv4" | "IPv6";
}

/** Hears what happens on a datagram socket, by direct calls. */
export interface DatagramSink {
  /** One whole datagram. The bytes are valid only during the call. */
  onDatagram(bytes: Buffer, source: DatagramSource): void;
  /** A datagram could not be sent, or the socket failed; it works on unless `onClose` follows. */
  onError(error: MyelinError): void;
  /** Called exactly once, and nothing after it. */
  onClose(): void;
}

/** Options of {@link bindDatagram}. */
export interface DatagramOptions {
  signal?: AbortSignal | undefined;
  /** Gets the real socket before `bindDatagram` returns, just before `bind` is called on it. */
  onSocket?: (socket: Socket) => void;
  /** Larger datagrams are refused with `ERR_TOO_LARGE`. @defaultValue 65,507 */
  maxDatagramBytes?: number;
  /** A worker of `node:cluster` has the port to itself. @defaultValue false */
  exclusive?: boolean;
}

/** A datagram socket that is bound. */
export interface DatagramEndpoint {
  /** The `dgram.Socket` itself. */
  readonly socket: Socket;
  /** What was bound, with the port that the system chose. */
  readonly address: NetworkAddress;
  /**
   * Sends one datagram; to a numeric host it leaves before this returns, unless the system is busy.
   * A failure (`ERR_TOO_LARGE`, an unreachable host, ...) goes to `callback`, without one to
   * `sink.onError`, never during the call. The socket works on.
   * @throws {MyelinError} `ERR_CLOSED` after close.
   */
  send(
    bytes: Uint8Array | string,
    port: number,
    host: string,
    callback?: (error?: MyelinError) => void,
  ): void;
  /** Frees the port. Repeatable. */
  close(): Promise<void>;
}

/**
 * Binds a datagram socket. With a numeric host the port is taken before this returns.
 * The promise rejects with a {@link MyelinError} after the socket was closed; the sink hears nothing
 * then.
 */
export function bindDatagram(
  address: { readonly host: string; readonly port: number; readonly family: 4 | 6 },
  sink: DatagramSink,
  options: DatagramOptions = {},
): Promise<DatagramEndpoint> {
  const { host, port, family } = address;
  const { exclusive = false, maxDatagramBytes = limits.maxDatagramBytes, signal } = options;
  const text = formatAddress({ scheme: "udp", host, port });
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(aborted(text, signal));
      return;
    }
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      // Node would bind what is left of it after 16 bits.
      const message = `${text}: the port must be a number from 0 to 65535`;
      reject(new MyelinError("ERR_INVALID_ADDRESS", message, { address: text }));
      return;
    }
    const socket = createSocket({ type: family === 6 ? "udp6" : "udp4", lookup: lookupHost });
    const fail = (error: MyelinError): void => {
      release();
      socket.on("error", ignore);
      socket.close(() => reject(error));
    };
    const onError = (reason: Error): void => fail(toMyelinError(reason, { address: text }));
    const onAbort = (): void => fail(aborted(text, signal));
    const onListening = (): void => {
      release();
      resolve(new BoundEndpoint(socket, sink, maxDatagramBytes));
    };
    const release = (): void => {
      signal?.removeEventListener("abort", onAbort);
      socket.off("error", onError).off("listening", onListening);
    };
    signal?.addEventListener("abort", onAbort);
    socket.on("error", onError).on("listening", onListening);
    options.onSocket?.(socket);
    try {
      socket.bind({ address: host, port, exclusive });
    } catch (reason) {
      onError(reason as Error);
    }
  });
}

class BoundEndpoint implements DatagramEndpoint {
  readonly socket: Socket;
  readonly address: NetworkAddress;
  readonly #sink: DatagramSink;
  readonly #maxDatagramBytes: number;
  #closed = false;
  #closing: Promise<void> | undefined;

  constructor(socket: Socket, sink: DatagramSink, maxDatagramBytes: number) {
    const { address, port } = socket.address();
    this.socket = socket;
    this.address = { scheme: "udp", host: address, port };
    this.#sink = sink;
    this.#maxDatagramBytes = maxDatagramBytes;
    socket.on("message", (bytes, source) => sink.onDatagram(bytes, source));
    socket.on("error", this.#onSent);
    socket.on("close", () => {
      this.#closed = true;
      sink.onClose();
    });
  }

  send(
    bytes: Uint8Array | string,
    port: number,
    host: string,
    callback?: (error?: MyelinError) => void,
  ): void {
    if (this.#closed || this.#closing !== undefined) {
      throw new MyelinError("ERR_CLOSED", "the datagram socket is closed");
    }
    // One function for all datagrams that come without a callback.
    const onSent =
      callback === undefined
        ? this.#onSent
        : (reason: Error | null) =>
            reason === null ? callback() : callback(toMyelinError(reason));
    try {
      checkDatagramSize(bytes, this.#maxDatagramBytes);
      this.socket.send(bytes, port, host, onSent);
    } catch (reason) {
      // The caller's mistake, or a port that cannot be one, is told like any other failure.
      queueMicrotask(() => onSent(reason as Error));
    }
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      try {
        this.socket.close(resolve);
      } catch {
        // Somebody closed the socket itself.
        resolve();
      }
    });
    return this.#closing;
  }

  readonly #onSent = (reason: Error | null): void => {
    if (reason !== null && !this.#closed) this.#sink.onError(toMyelinError(reason));
  };
}

/**
 * The size of a datagram.
 * @throws {MyelinError} `ERR_TOO_LARGE`
 */
export function checkDatagramSize(bytes: Uint8Array | string, maxDatagramBytes: number): number {
  const length = typeof bytes === "string" ? Buffer.byteLength(bytes) : bytes.length;
  if (length <= maxDatagramBytes) return length;
  const message = `the datagram has ${length} bytes, the limit is ${maxDatagramBytes}; split it, or use tcp`;
  throw new MyelinError("ERR_TOO_LARGE", message);
}

function ignore(): void {}

// Node asks its resolver for numeric hosts, too, and so binds and sends a tick late: a datagram sent
// just before the process exits would never leave.
function lookupHost(
  host: string,
  options: LookupOneOptions | number,
  callback: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  const family = isIP(host);
  // dgram passes the bare family.
  if (family !== 0 && family === options) callback(null, host, family);
  else lookup(host, options as LookupOneOptions, callback);
}
