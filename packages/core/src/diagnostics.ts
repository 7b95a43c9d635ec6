/**
 * The only tap for tools: channels of `node:diagnostics_channel`. Nothing is built for a channel
 * that nobody hears, and payloads carry sizes and names, never data or secrets. Subscribers are
 * trusted code: what they throw is an uncaught exception.
 */
import { channel } from "node:diagnostics_channel";
import type { MyelinError } from "./errors.ts";

/** Payload of `myelin:connection:opened`. */
export interface ConnectionOpened {
  /** The connection itself; the same object is in the message of its end. */
  readonly connection: object;
  readonly side: "dialled" | "accepted";
}

/** Payload of `myelin:connection:closed`. */
export interface ConnectionClosed extends ConnectionOpened {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Absent when the connection ended in order. */
  readonly error: MyelinError | undefined;
}

/** Payload of `myelin:listener:error`: a listener that stood has a failure; it may go on. */
export interface ListenerFailed {
  readonly address: string;
  readonly error: MyelinError;
}

/** Payload of `myelin:handshake:failed`: a stranger came to a TLS listener and was turned away. */
export interface HandshakeFailed {
  /** The listener's address. */
  readonly address: string;
  /** Where the stranger came from, where that is known. */
  readonly remote: string | undefined;
  readonly error: MyelinError;
}

/** Payload of `myelin:datagram:failed`: a datagram was accepted, but the system could not send it. */
export interface DatagramFailed {
  /** Where it was to go, where that is known. */
  readonly remote: string | undefined;
  readonly error: MyelinError;
}

/** The publishing end of a channel. `hasSubscribers` is asked before a payload is built. */
export interface Tap<Payload> {
  readonly hasSubscribers: boolean;
  publish(payload: Payload): void;
}

// Held by the module: a channel that nothing holds is collected, its subscribers with it.
export const connectionOpened: Tap<ConnectionOpened> = channel("myelin:connection:opened");
export const connectionClosed: Tap<ConnectionClosed> = channel("myelin:connection:closed");
export const listenerFailed: Tap<ListenerFailed> = channel("myelin:listener:error");
export const handshakeFailed: Tap<HandshakeFailed> = channel("myelin:handshake:failed");
export const datagramFailed: Tap<DatagramFailed> = channel("myelin:datagram:failed");
