import type { Socket } from "node:dgram";
import type { NetworkAddress } from "../address/address.ts";
import { MyelinError } from "../errors.ts";

/** Where a datagram came from. */
export interface DatagramSource {
  readonly address: string;
  readonly port: number;
  readonly family: "IPv4" | "IPv6";
}
/** Hears what happens on a datagram socket, by direct calls. */
export interface DatagramSink {
  /** The bytes are valid only during the call. */
  onDatagram(bytes: Buffer, source: DatagramSource): void;
  /** A datagram could not be sent, or the socket failed; it goes on working unless `onClose` follows. */
  onError(error: MyelinError): void;
  /** Called exactly once, and nothing after it. */
  onClose(): void;
}
export interface DatagramOptions {
  signal?: AbortSignal;
  /** Gets the real socket before `bindDatagram` returns; `bind` has been called on it. */
  onSocket?: (socket: Socket) => void;
  /** @defaultValue 65,507 */
  maxDatagramBytes?: number;
}
export interface DatagramEndpoint {
  readonly socket: Socket;
  readonly address: NetworkAddress;
  /**
   * Sends one datagram. A failure (`ERR_TOO_LARGE`, ...) goes to `callback`, without one to
   * `sink.onError`, never during the call; the socket goes on working.
   * @throws {MyelinError} `ERR_CLOSED` after close.
   */
  send(
    bytes: Uint8Array | string,
    port: number,
    host: string,
    callback?: (error?: MyelinError) => void,
  ): void;
  close(): Promise<void>;
}
export function bindDatagram(
  address: { readonly host: string; readonly port: number; readonly family: 4 | 6 },
  sink: DatagramSink,
  options: DatagramOptions = {},
): Promise<DatagramEndpoint> {
  throw new MyelinError("ERR_UNSUPPORTED", String([address, sink, options]));
}
