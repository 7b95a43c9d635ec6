/**
 * A conversation over UDP: events both ways, several in a datagram, and nothing else. Each arrives once
 * or never, in any order, and nobody is told which. `docs/protocol-udp.md` has the wire.
 */
import { tickOf } from "../../bytes/tick.ts";
import { MyelinError } from "../../errors.ts";
import { limits } from "../../limits.ts";
import type { Connection, Sink } from "../../transport/transport.ts";
import type { CallOpening } from "../calls/call-opening.ts";
import type { Conversation, EventPast } from "../conversation.ts";
import type { Endpoint } from "../endpoint.ts";
import { EventHoldings } from "../event-holdings.ts";
import type { CloseOptions } from "../farewell.ts";
import type { Goodbye, Retry } from "../goodbye.ts";
import type { Handlers } from "../handlers.ts";
import { AgreedCodecs } from "../handshake/agreed-codecs.ts";
import type { MessageContext } from "../message-context.ts";
import { DataCodecs, type DataOptions, type Encoded } from "../messages/data-codecs.ts";
import { EventDispatch } from "../receiving/dispatch.ts";
import { closedError, nothing, type SessionEnd, undeliveredError } from "../session-end.ts";
import type { SessionOwner, SessionStats } from "../session-options.ts";
import { isSendingTapped, tellSent } from "../taps.ts";
import { DatagramInbox } from "./datagram-inbox.ts";
import type { DatagramKeepAlive } from "./datagram-keep-alive.ts";
import { DatagramOutbox } from "./datagram-outbox.ts";
import { type Datagram, datagramBytes, type HelloDatagram, readDatagram } from "./datagrams.ts";
import { SeenNumbers } from "./seen-numbers.ts";

export interface DatagramConversationOptions<Peer> {
  readonly endpoint: Endpoint<Peer>;
  readonly peer: Peer & SessionOwner & { readonly remote: string | undefined };
  readonly handlers: Handlers<MessageContext<Peer>>;
  readonly connection: Connection;
  readonly token: Buffer;
  /** A client's: makes what keeps it known to its server. */
  readonly keepAlive?: (owner: DatagramConversation<Peer>) => DatagramKeepAlive;
  /** A server's: the client says hello again. */
  readonly onHello?: (hello: HelloDatagram, bytes: Uint8Array) => void;
}

export class DatagramConversation<Peer> implements Conversation, Sink {
  readonly #options: DatagramConversationOptions<Peer>;
  readonly #codecs: DataCodecs;
  readonly #holdings: EventHoldings;
  readonly #outbox: DatagramOutbox;
  readonly #inbox: DatagramInbox<Peer>;
  readonly #keepAlive: DatagramKeepAlive | undefined;
  readonly #seen = new SeenNumbers();
  #isClosing = false;
  #end: SessionEnd | undefined;
  #roundTripMs: number | undefined;

  constructor(options: DatagramConversationOptions<Peer>) {
    const { connection, endpoint, handlers, peer, token } = options;
    const maxDatagramBytes = connection.safeDatagramBytes ?? limits.eventDatagramBytes;
    const { clock, highWaterMarkBytes, maxQueuedBytes, names, slowPeer } = endpoint;
    const tick = tickOf(clock);
    const codecs = codecsOf(endpoint);
    this.#options = options;
    this.#codecs = codecs;
    const holdings = new EventHoldings({
      budget: endpoint.budget,
      maxQueuedBytes,
      outgoing: () => this.#outbox.queuedBytes,
      incoming: () => this.#inbox.waitingBytes,
      handed: () => this.#inbox.activeBytes,
      onTooMuch: (error) => this.abort(error),
    });
    this.#holdings = holdings;
    this.#outbox = new DatagramOutbox({
      ...{ clock, codecs, connection, names, tick, token },
      ...{ highWaterMarkBytes, holdings, maxDatagramBytes, slowPeer },
      say: (datagram) => {
        holdings.freed();
        this.say(datagram);
      },
      onDrain: () => peer.tellDrain(),
      onDropped: (events, bytes) => peer.tellDropped(events, bytes),
      onTooSlow: (error) => this.abort(error),
    });
    this.#inbox = new DatagramInbox({
      codecs,
      events: new EventDispatch(peer, handlers, peer),
      tick,
      window: endpoint.nextWindow,
      remote: peer.remote ?? "udp:",
      onSettled: () => holdings.freed(),
      onDropped: (events, bytes) => peer.tellDropped(events, bytes, "slow-handlers"),
    });
    this.#keepAlive = options.keepAlive?.(this);
  }

  get hasRoom(): boolean {
    return this.#outbox.hasRoom;
  }

  stats(): SessionStats {
    return {
      sent: { ...this.#outbox.sent },
      received: { ...this.#inbox.received },
      pendingBytes: this.#outbox.queuedBytes,
      pendingCalls: 0,
      activeHandlers: this.#inbox.active,
      late: 0,
      roundTripMs: this.#roundTripMs,
    };
  }

  release(): void {
    this.#inbox.release();
  }

  awaitRoom(): void {
    this.#outbox.awaitRoom();
  }

  event(name: string, data: unknown, codec?: string, options?: DataOptions): boolean {
    return this.encodedEvent(name, this.#codecs.encode(data, codec, options));
  }

  encodedEvent(name: string, encoded: Encoded, _headers?: Buffer, past?: EventPast): boolean {
    if (this.#end !== undefined || this.#isClosing) throw closedError();
    const { messages } = this.#outbox.sent;
    const hasRoom = this.#outbox.event(name, encoded, past?.isForMany);
    // It may have been dropped.
    const isAccepted = this.#outbox.sent.messages > messages;
    if (isAccepted && past?.isTold !== true && isSendingTapped()) {
      tellSent(this.#options.peer, "event", name, encoded);
    }
    this.#holdings.check();
    return hasRoom;
  }

  catchUp(run: () => void): void {
    this.#outbox.catchUp(run);
  }

  open(_opening: CallOpening): void {
    throw eventsOnly();
  }

  async flush(): Promise<boolean> {
    if (this.#end !== undefined) throw closedError();
    if (await this.#outbox.flush()) return true;
    const { moved, unsent } = this.#end ?? { moved: [], unsent: nothing };
    if (unsent.events > 0 && this.#end !== undefined) throw undeliveredError(this.#end);
    return moved.length === 0;
  }

  async close({ retry, timeoutMs }: CloseOptions): Promise<void> {
    if (this.#end !== undefined) return;
    this.#isClosing = true;
    this.#outbox.push();
    this.release();
    this.say(datagramBytes({ kind: "goodbye", token: this.#options.token, retry }));
    await this.#options.connection.close({ timeoutMs });
  }

  abort(error?: MyelinError): void {
    if (this.#end !== undefined) return;
    this.#finish(error ?? closedError(), undefined);
    this.#options.connection.abort(error);
  }

  /** They have met: measures the way between them, unless this side says nothing on its own. */
  begin(): void {
    if (this.#options.endpoint.heartbeatMs !== 0) this.ping();
  }

  /** Asks the other end for a sign of life. */
  ping(): void {
    const { endpoint, token } = this.#options;
    const stamp = stampOf(endpoint.clock.now());
    this.say(datagramBytes({ kind: "ping", token, stamp }));
  }

  /** Sends a datagram. */
  say(bytes: Uint8Array): void {
    try {
      this.#options.connection.send(bytes);
      this.#keepAlive?.said();
    } catch {
      // The connection is closing: its end is about to be told.
    }
  }

  onData(bytes: Uint8Array): void {
    const datagram = this.#end === undefined ? readDatagram(bytes) : undefined;
    if (datagram === undefined) return;
    if (datagram.kind === "hello") {
      this.#options.onHello?.(datagram, bytes);
    } else if ("token" in datagram && datagram.kind !== "welcome") {
      // Anybody can write this peer's address on a datagram, but not its token.
      if (this.#options.token.equals(datagram.token)) this.#hear(datagram);
    }
  }

  onDrain(): void {
    this.#outbox.drained();
    this.#holdings.check();
  }

  onClose(error?: MyelinError): void {
    // What came before it is handed on first.
    this.#inbox.handOnAll();
    this.#finish(error, undefined);
  }

  #hear(datagram: Exclude<Datagram, { readonly nonce: Buffer }>): void {
    this.#keepAlive?.heard();
    const { connection, endpoint, peer } = this.#options;
    switch (datagram.kind) {
      case "events":
        if (!this.#seen.take(datagram.number)) break;
        this.#inbox.take(datagram.entries);
        this.#holdings.check();
        break;
      case "ping":
        this.say(datagramBytes({ ...datagram, kind: "pong" }));
        break;
      case "pong":
        this.#roundTripMs = stampOf(endpoint.clock.now() - datagram.stamp);
        break;
      case "goodbye":
        this.#inbox.handOnAll();
        peer.tellGoodbye(goodbyeOf(datagram.retry));
        this.#finish(undefined, datagram.retry);
        connection.abort();
        break;
      case "unknown":
        // Only who was welcomed can be forgotten: a server is told no such thing.
        if (this.#keepAlive === undefined) break;
        this.#finish(forgotten(), undefined);
        connection.abort();
        break;
    }
  }

  #finish(error: MyelinError | undefined, retry: Retry | undefined): void {
    if (this.#end !== undefined) return;
    const { peer } = this.#options;
    const moves = peer.takesUnsent(error, retry);
    this.#keepAlive?.stop();
    this.#holdings.close();
    this.#inbox.stop(error ?? closedError());
    const left = this.#outbox.stop();
    this.#end = {
      error,
      retry,
      // Nothing is ever acknowledged: what has left is owed to nobody.
      unacknowledged: nothing,
      unsent: moves ? nothing : { events: left.length, calls: 0 },
      moved: moves
        ? left.map(({ encoded, name }) => ({ kind: "event", name, encoded, isTold: true }))
        : [],
    };
    peer.tellEnd(this.#end);
  }
}

/** What a call over UDP gets. */
export function eventsOnly(): MyelinError {
  const what = "over UDP there are events only: no calls and no streams";
  return new MyelinError("ERR_UNSUPPORTED", what, { ran: "no" });
}

/** Both sides know the common ones; a datagram is the only limit. */
function codecsOf<Peer>({ registry, rejectProtoKeys }: Endpoint<Peer>): DataCodecs {
  const unlimited = Number.POSITIVE_INFINITY;
  return new DataCodecs({
    registry,
    agreed: new AgreedCodecs(registry, []),
    rejectProtoKeys,
    ...{ maxMessageBytes: unlimited, maxBinaryBytes: unlimited, maxBatchedLength: unlimited },
  });
}

/** Milliseconds as they fit into a ping; differences of two are right all the same. */
function stampOf(ms: number): number {
  return Math.floor(ms) >>> 0;
}

function forgotten(): MyelinError {
  return new MyelinError("ERR_CONNECTION_LOST", "the server does not know this client any more");
}

function goodbyeOf(retry: Retry): Goodbye {
  return { code: 0, retry, sent: 0, received: 0, text: "" };
}
