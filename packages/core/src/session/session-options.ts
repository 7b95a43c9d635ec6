/** What a session is made of, and what it tells. */
import type { Clock } from "../clock.ts";
import type { CodecRegistry } from "../codec/codec-registry.ts";
import type { MyelinError } from "../errors.ts";
import type { SlowPeerPolicy } from "../peer/endpoint-options.ts";
import type { PeerStats } from "../peer/stats.ts";
import type { EncodeErrorOptions } from "./calls/remote-error.ts";
import type { Goodbye, Retry } from "./goodbye.ts";
import type { Handlers } from "./handlers.ts";
import type { AgreedCodecs } from "./handshake/agreed-codecs.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { MessageContext } from "./message-context.ts";
import type { NameTable } from "./messages/name-table.ts";
import type { EventOutcome } from "./receiving/dispatch.ts";
import type { WindowSize } from "./sending/send-window.ts";
import type { SessionEnd } from "./session-end.ts";

/** What one side reads at most: told to the other in the handshake. */
export interface SessionTerms {
  readonly window: WindowSize;
  readonly maxFrameBytes: number;
  readonly maxMessageBytes: number;
  readonly maxBinaryBytes: number;
  readonly maxOpenMessages: number;
  /** Bytes of an upload before its reader asks for more. */
  readonly streamWindowBytes: number;
}

/** Who hears about the session as a whole. */
export interface SessionOwner extends EventOutcome {
  /** Nobody can come back to it. @defaultValue false */
  readonly isLeaving?: boolean;
  /** More can be accepted: `event` had returned false. */
  tellDrain(): void;
  /** The peer said goodbye: it takes no more calls, and this side will end too. */
  tellGoodbye(goodbye: Goodbye): void;
  /** Events were dropped; without a reason, because the peer does not read. */
  tellDropped(events: number, bytes: number, reason?: "slow-handlers"): void;
  /** So many bytes are held for the peer now, both ways. Not told of every change. */
  tellHeld?(bytes: number): void;
  /** The connection is gone, and the session waits for another one. */
  tellDetached(reason: MyelinError): void;
  /**
   * It is about to be over, and another one will follow in which it wants to send what has not left.
   * @param error why, as `SessionEnd.error`
   * @param retry what the peer said about coming back
   */
  takesUnsent(error: MyelinError | undefined, retry: Retry | undefined): boolean;
  /** It is over. Called once, and nothing is called after it. */
  tellEnd(end: SessionEnd): void;
}

/** The part of a peer's counts that its session counts. */
export type SessionStats = Pick<
  PeerStats,
  "sent" | "received" | "pendingBytes" | "pendingCalls" | "activeHandlers" | "late" | "roundTripMs"
>;

export interface SessionOptions<Peer> {
  readonly side: "client" | "server";
  /** What users hold for this session: the `ctx.peer` of their handlers. */
  readonly peer: Peer;
  readonly owner: SessionOwner;
  readonly clock: Clock;
  readonly names: NameTable;
  readonly handlers: Handlers<MessageContext<Peer>>;
  readonly registry: CodecRegistry;
  readonly ours: SessionTerms;
  readonly theirs: SessionTerms;
  readonly codecs: AgreedCodecs;
  readonly rejectProtoKeys: boolean;
  /** The longest headers of a message. */
  readonly maxHeaderBytes: number;
  readonly errors: EncodeErrorOptions;
  readonly maxInboundCalls: number;
  /** A cancelled stream whose source is not done so soon frees its place all the same. */
  readonly cancelGraceMs: number;
  readonly maxPendingCalls: number;
  readonly maxQueuedBytes: number;
  /** The same while the session has no connection. */
  readonly resumeBufferBytes: number;
  /** For everybody that the endpoint talks to. */
  readonly budget: MemoryBudget;
  /** A large message that has had no part for so long ends the session. */
  readonly messageProgressTimeoutMs: number;
  readonly maxStreamWindowBytes: number;
  /** What becomes of events when more than that waits. */
  readonly slowPeer: SlowPeerPolicy;
  readonly highWaterMarkBytes: number;
  /** After so long without a byte the peer is asked for a sign of life; 0: never. */
  readonly heartbeatMs: number;
  /** The way to the peer is measured when a connection begins, also without a heartbeat. */
  readonly isMeasured: boolean;
  /** It outlives its connection: what was sent is kept until the peer has acknowledged it. */
  readonly isResumable: boolean;
}
