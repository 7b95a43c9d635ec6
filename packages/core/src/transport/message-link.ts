/** What travels over a channel of messages that carries a connection, and what a connection asks of it. */
import type { Address } from "../address/address.ts";
import type { MyelinError } from "../errors.ts";

/** The name of the property that makes a message ours; all others belong to the program. */
export const ours = "myelin:1";

/**
 * Somebody is at this end now. What arrives where nobody listens yet may be lost, so both sides say
 * this when they come and once more when they first hear it, and send nothing else before.
 */
export const here = 0;
/** This direction is complete. */
export const end = 1;
/** The connection is broken off. */
export const abort = 2;

/** What travels: some bytes, or a sign. */
export type Piece = Uint8Array | Sign;
export type Sign = typeof here | typeof end | typeof abort;

export function isSign(value: unknown): value is Sign {
  return value === here || value === end || value === abort;
}

/** What a connection hears of its channel. */
export interface Receiver {
  received(piece: Piece): void;
  /** The system has taken all that waited. */
  drained(): void;
  /** The channel is gone. Nothing follows. */
  lost(error?: MyelinError): void;
}

/** What a connection needs of the channel under it. */
export interface MessageLink {
  readonly side: "dialled" | "accepted";
  readonly address: Address;
  /** Bytes that the system has not taken yet; 0 where nobody can tell. */
  readonly pendingBytes: number;
  listen(receiver: Receiver): void;
  /** Sends; the bytes are the channel's from here on. A channel that is gone says so by `lost`. */
  post(piece: Piece): void;
  /** Stops listening, for good. Called once. */
  release(): void;
  ref(): void;
  unref(): void;
}

/**
 * Bytes in a buffer of exactly their size: what is handed to a channel goes with the whole buffer
 * under it, and Node's small buffers are slices of one that holds other connections' bytes.
 */
export function exactCopy(data: Uint8Array | string): Uint8Array {
  if (typeof data !== "string") return new Uint8Array(data);
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(data));
  bytes.write(data);
  return bytes;
}
