/**
 * What nobody waits for, and yet must be told: messages that were lost, dropped, not heard or not
 * handled. They are values of this library, never names from the wire, so no peer can make one up.
 */
import type { MyelinError } from "../errors.ts";

/** Where a peer that is told about is named. */
export interface PeerName {
  /** The session's public name; it stays through reconnects. It is no secret and grants nothing. */
  readonly id: string;
}

/**
 * A session could not be continued. These had left and were neither acknowledged nor answered; they are
 * not sent again.
 * What had not left goes into the next session. It counts here where `offline` says otherwise, and
 * where a client ends for good that nobody has closed.
 */
export interface GapNotice extends MessageCount {
  readonly kind: "gap";
  readonly peer: PeerName;
  /** Some of them may have arrived all the same. */
  readonly mayHaveArrived: boolean;
}

/**
 * Events were dropped, as `slowPeer` or `offline` says; with `slow-handlers` those that arrived over
 * UDP faster than the listeners here took them.
 */
export interface DroppedNotice {
  readonly kind: "dropped";
  readonly peer: PeerName;
  /** So many since the last such notice. */
  readonly events: number;
  /** Their data, and a few bytes beside each. */
  readonly bytes: number;
  readonly reason: "slow-peer" | "offline" | "too-old" | "slow-handlers";
}

/** `await using` closed it before everything accepted was acknowledged, and no promise could tell. */
export interface UndeliveredNotice extends Undelivered {
  readonly kind: "undelivered";
  readonly peer: PeerName;
}

/** The first event of a name that nobody listens to. Its sender takes it as delivered. */
export interface UnhandledNotice {
  readonly kind: "unhandled";
  readonly peer: PeerName;
  readonly name: string;
}

/**
 * A listener of an event threw, or its promise was rejected: there is no caller who could be told. Of a
 * listener of `onPeer`, `onState` or `onDrain` the name is that word. One of `onNotice` that fails is a
 * warning of the process instead.
 */
export interface ListenerFailedNotice {
  readonly kind: "listener-failed";
  readonly peer: PeerName;
  readonly name: string;
  readonly error: unknown;
}

/** An event was refused by its schema; calls answer their caller instead. */
export interface InvalidNotice {
  readonly kind: "invalid";
  readonly peer: PeerName;
  readonly name: string;
  readonly error: MyelinError;
}

/** Something happened to messages that no promise could tell. */
export type Notice =
  | GapNotice
  | DroppedNotice
  | UndeliveredNotice
  | UnhandledNotice
  | ListenerFailedNotice
  | InvalidNotice;

/** Numbers of messages. */
export interface MessageCount {
  readonly events: number;
  /** Calls and streams; each of them has failed with its own error. */
  readonly calls: number;
}

/** Messages that were accepted and have not been acknowledged. */
export interface Undelivered {
  /** Never written: they have not arrived. */
  readonly unsent: MessageCount;
  /** Written: they may have arrived. */
  readonly unacknowledged: MessageCount;
}
