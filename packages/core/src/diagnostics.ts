/**
 * The only tap for tools: channels of `node:diagnostics_channel`. Nothing is built for a channel
 * that nobody hears, and what is published carries sizes and names, never secrets, and data only on
 * `myelin:payload`. Subscribers are trusted code: what they throw is an uncaught exception.
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

/**
 * Payload of `myelin:handshake:failed`: a stranger came to a listener and was turned away, by TLS, by
 * `authorize`, by a limit, or because it broke a rule.
 */
export interface HandshakeFailed {
  /** The listener's address. */
  readonly address: string;
  /** Where the stranger came from, where that is known. */
  readonly remote: string | undefined;
  readonly error: MyelinError;
}

/**
 * Payload of `myelin:datagram:failed`: a datagram was accepted, but the system could not send it, or one
 * of a known peer arrived and could not be read.
 */
export interface DatagramFailed {
  /** Where it was to go or came from, where that is known. */
  readonly remote: string | undefined;
  readonly error: MyelinError;
}

/** The session of a client or of a server's peer; `id` is its public name. */
interface OfSession {
  readonly peer: { readonly id: string };
}

/** Payload of `myelin:session:opened` and `myelin:session:resumed`. */
export interface SessionOpened extends OfSession {
  readonly dialect: string;
  /** Where the other end is, as far as the transport tells. */
  readonly remote: string | undefined;
}

/** Payload of `myelin:session:detached`: the connection broke, and the session waits for another one. */
export interface SessionDetached extends OfSession {
  readonly error: MyelinError;
}

/** Payload of `myelin:session:closed`. */
export interface SessionClosed extends OfSession {
  /** Absent when both sides said goodbye. */
  readonly error: MyelinError | undefined;
  /** Events and calls that had not left, and that had left and were not acknowledged. */
  readonly unsent: { readonly events: number; readonly calls: number };
  readonly unacknowledged: { readonly events: number; readonly calls: number };
}

/** What a message is: an event, the opening of a call or stream, an answer to one, or an item. */
export type MessageKind = "event" | "call" | "stream" | "upload" | "duplex" | "answer" | "item";

/** Payload of `myelin:message:sent` and `myelin:message:received`. */
export interface MessageSeen extends OfSession {
  readonly kind: MessageKind;
  /** Of an answer or an item the name of its call. */
  readonly name: string;
  /** Of what is sent: its data, in bytes, or in UTF-16 units of JSON that is not bytes yet. */
  readonly size: number | undefined;
}

/** Payload of `myelin:call:settled`, at the caller: calls, uploads, streams and duplexes. */
export interface CallSettled extends OfSession {
  readonly name: string;
  /** Since it was opened. */
  readonly ms: number;
  /** Absent when it was answered. */
  readonly error: MyelinError | undefined;
}

/** Payload of `myelin:handler:failed`, at the end of the handler, which gives the caller an error. */
export interface HandlerFailed extends OfSession {
  readonly name: string;
  /** What it threw, or why its answer or an item of it could not be sent. */
  readonly error: unknown;
}

/** Payload of `myelin:call:refused`, at the end that refuses: no handler is to answer this call, or its answer is not sent. */
export interface CallRefused extends OfSession {
  readonly name: string;
  /** What the caller is told. */
  readonly error: MyelinError;
}

/** Payload of `myelin:payload`: what programs say to each other. Only there is data. */
export interface PayloadSeen extends OfSession {
  readonly direction: "sent" | "received";
  readonly kind: MessageKind;
  readonly name: string;
  readonly data: unknown;
}

/** Payload of `myelin:notice`: what `onNotice` hears. */
export interface NoticeSeen {
  readonly notice: { readonly kind: string };
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
export const sessionOpened: Tap<SessionOpened> = channel("myelin:session:opened");
export const sessionResumed: Tap<SessionOpened> = channel("myelin:session:resumed");
export const sessionDetached: Tap<SessionDetached> = channel("myelin:session:detached");
export const sessionClosed: Tap<SessionClosed> = channel("myelin:session:closed");
export const messageSent: Tap<MessageSeen> = channel("myelin:message:sent");
export const messageReceived: Tap<MessageSeen> = channel("myelin:message:received");
export const callSettled: Tap<CallSettled> = channel("myelin:call:settled");
export const handlerFailed: Tap<HandlerFailed> = channel("myelin:handler:failed");
export const callRefused: Tap<CallRefused> = channel("myelin:call:refused");
export const payloadSeen: Tap<PayloadSeen> = channel("myelin:payload");
export const noticeSeen: Tap<NoticeSeen> = channel("myelin:notice");
