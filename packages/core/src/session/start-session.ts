/** Makes the session of a peer that has been welcomed, and connects it to its connections. */
import { type MyelinError, toMyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Connection, Sink } from "../transport/transport.ts";
import type { Endpoint } from "./endpoint.ts";
import { goodbyeCode, goodbyeFrame } from "./goodbye.ts";
import type { Handlers } from "./handlers.ts";
import { AgreedCodecs } from "./handshake/agreed-codecs.ts";
import type { ReceiveLimits } from "./handshake/terms.ts";
import type { MessageContext } from "./message-context.ts";
import type { WindowSize } from "./sending/send-window.ts";
import { Session } from "./session.ts";
import { endGently } from "./session-end.ts";
import type { SessionOwner, SessionTerms } from "./session-options.ts";

export interface StartSession<Peer> {
  readonly endpoint: Endpoint<Peer>;
  readonly peer: Peer & SessionOwner;
  readonly handlers: Handlers<MessageContext<Peer>>;
  readonly connection: Connection;
  /** What the other side takes. */
  readonly theirs: ReceiveLimits;
  /** What it was told that it may send before handlers have settled. */
  readonly window: WindowSize;
  /** The codecs that were agreed to, beside the common ones. */
  readonly codecs: readonly string[];
  /** The session outlives its connection. */
  readonly isResumable: boolean;
  /** Both ends are on this machine. */
  readonly isLocal: boolean;
  readonly handOn: (sink: Sink) => void;
}

/** Both ends know how to go on with a session over another connection. */
export const resumeFeature = "resume";

/** What arrives is held back until the session is released. */
export function startSession<Peer>(start: StartSession<Peer>): Session<Peer> {
  const { connection, endpoint, handlers, isLocal, peer } = start;
  const declared = endpoint.contract?.errors;
  const session = new Session<Peer>({
    side: endpoint.side,
    peer,
    owner: peer,
    clock: endpoint.clock,
    names: endpoint.names,
    handlers,
    registry: endpoint.registry,
    ours: { ...endpoint.terms, window: start.window },
    theirs: termsOf(start.theirs),
    codecs: new AgreedCodecs(endpoint.registry, start.codecs),
    rejectProtoKeys: endpoint.rejectProtoKeys,
    maxHeaderBytes: endpoint.maxHeaderBytes,
    errors: {
      expose: endpoint.exposeErrors ?? (isLocal ? "full" : "declared"),
      stacks: endpoint.exposeStacks,
      isDeclared: ({ name, code }) =>
        declared?.has(name) === true || (code !== undefined && declared?.has(code) === true),
    },
    maxInboundCalls: endpoint.maxInboundCalls,
    cancelGraceMs: endpoint.cancelGraceMs,
    maxPendingCalls: endpoint.maxPendingCalls,
    maxQueuedBytes: endpoint.maxQueuedBytes,
    resumeBufferBytes: endpoint.resumeBufferBytes,
    budget: endpoint.budget,
    messageProgressTimeoutMs: endpoint.messageProgressTimeoutMs,
    maxStreamWindowBytes: endpoint.maxStreamWindowBytes,
    slowPeer: endpoint.slowPeer,
    highWaterMarkBytes: endpoint.highWaterMarkBytes,
    isResumable: start.isResumable,
    // On one machine the system tells when a process has died.
    isMeasured: endpoint.heartbeatMs !== 0,
    heartbeatMs: endpoint.heartbeatMs ?? (isLocal ? 0 : limits.heartbeatMs),
  });
  session.attach(connection);
  start.handOn(sinkOf(session, connection));
  return session;
}

/**
 * Goes on over another connection with a peer that has received so many frames.
 * @returns whether it does; otherwise the session is over, and a peer that cannot have them is told
 */
export function resumeSession<Peer>(
  session: Session<Peer>,
  connection: Connection,
  received: number,
): boolean {
  try {
    session.resume(connection, received);
    return true;
  } catch (reason) {
    const error = toMyelinError(reason);
    session.abort(error);
    if (error.code === "ERR_PROTOCOL") void endGently(connection, breachOf(session, error));
    else connection.abort(error);
    return false;
  }
}

function breachOf<Peer>({ received, sent }: Session<Peer>, { code, message }: MyelinError): Buffer {
  return goodbyeFrame({
    code: goodbyeCode(code),
    retry: "never",
    sent,
    received,
    text: message,
  });
}

/** Brings what happens on a connection to the session, as long as it is the session's. */
export function sinkOf<Peer>(session: Session<Peer>, connection: Connection): Sink {
  return {
    onData: (chunk: Uint8Array) => session.receive(chunk, connection),
    onDrain: () => session.drained(),
    onClose: (error?: MyelinError) => session.lost(error, connection),
  };
}

/** What this side tells of itself in the handshake. */
export function receiveLimits<Peer>({ terms }: Endpoint<Peer>, window: WindowSize): ReceiveLimits {
  return {
    maxFrameBytes: terms.maxFrameBytes,
    maxMessageBytes: terms.maxMessageBytes,
    maxBinaryBytes: terms.maxBinaryBytes,
    windowMessages: window.messages,
    windowBytes: window.bytes,
    ...unlessUsual("maxOpenMessages", terms),
    ...unlessUsual("streamWindowBytes", terms),
  };
}

function termsOf(theirs: ReceiveLimits): SessionTerms {
  const { maxFrameBytes, maxMessageBytes, windowBytes, windowMessages } = theirs;
  return {
    maxFrameBytes,
    maxMessageBytes,
    maxBinaryBytes: theirs.maxBinaryBytes ?? maxMessageBytes,
    window: { messages: windowMessages, bytes: windowBytes },
    maxOpenMessages: theirs.maxOpenMessages ?? limits.maxOpenMessages,
    streamWindowBytes: theirs.streamWindowBytes ?? limits.streamWindowBytes,
  };
}

/** What everybody has is not said. */
function unlessUsual<Key extends "maxOpenMessages" | "streamWindowBytes">(
  key: Key,
  terms: SessionTerms,
): Pick<SessionTerms, Key> | undefined {
  return terms[key] === limits[key]
    ? undefined
    : ({ [key]: terms[key] } as Pick<SessionTerms, Key>);
}
