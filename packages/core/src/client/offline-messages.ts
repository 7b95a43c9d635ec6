/**
 * What a client is given to send while it has no session: kept, dropped or refused, as its policy
 * says. What is kept was encoded when it was accepted.
 */
import type { Clock } from "../clock.ts";
import type { MessageKind } from "../diagnostics.ts";
import { MyelinError } from "../errors.ts";
import { type CallOpening, forgetInput } from "../session/calls/call-opening.ts";
import type { Conversation } from "../session/conversation.ts";
import type { MemoryBudget } from "../session/memory-budget.ts";
import {
  type DataCodecs,
  type Encoded,
  encodedLength,
  ownCopy,
} from "../session/messages/data-codecs.ts";
import type { WaitingLater } from "../session/peers/peer-stats.ts";
import type { MovedEvent, MovedEvents, MovedMessage } from "../session/session-end.ts";
import { isSendingTapped, tellSent } from "../session/taps.ts";
import { kindOfType } from "../session/wire.ts";
import { type OfflineListener, OfflineQueue, type Packed, type Waiting } from "./offline-queue.ts";

export interface OfflineSettings {
  readonly policy: "queue" | "drop" | "reject";
  readonly maxBytes: number;
  readonly maxMessages: number;
  /** Events that have waited so long are dropped; 0: they wait as long as it takes. */
  readonly maxAgeMs: number;
}

export interface OfflineMessagesOptions extends OfflineListener {
  /** What users hold for the client. */
  readonly peer: unknown;
  readonly clock: Clock;
  readonly settings: OfflineSettings;
  /** Encodes for a server whose own limits are not known yet. */
  readonly codecs: DataCodecs;
  readonly highWaterMarkBytes: number;
  /** What may wait in a session, which is half of the budget at most. */
  readonly maxQueuedBytes: number;
  readonly budget: MemoryBudget;
  readonly onDropped: (events: number, bytes: number, reason: "offline" | "too-old") => void;
}

/** An event that is kept, encoded. */
type KeptEvent = Omit<MovedEvent, "kind">;

/** What a message that waits counts for, beside its data and its headers. */
const waitingBytes = 64;

export class OfflineMessages {
  readonly #options: OfflineMessagesOptions;
  readonly #queue: OfflineQueue<Conversation>;
  /** It goes into a session, at this moment. */
  #isLeaving = false;

  constructor(options: OfflineMessagesOptions) {
    const { budget, clock, maxQueuedBytes, settings } = options;
    this.#options = options;
    // A session takes all of it at once.
    const maxBytes = Math.min(settings.maxBytes, maxQueuedBytes);
    this.#queue = new OfflineQueue(clock, { ...settings, maxBytes }, budget.open(), options);
  }

  /** Messages that wait. */
  count(): WaitingLater {
    return this.#queue.count();
  }

  /** What is given is kept, and not dropped or refused. */
  get isKept(): boolean {
    return this.#options.settings.policy === "queue";
  }

  /** Less waits than the high-water mark allows. */
  get hasRoom(): boolean {
    return this.#queue.isBelow(this.#options.highWaterMarkBytes);
  }

  /**
   * Takes an event.
   * @param encode gives its data, if it is kept
   * @throws {MyelinError} `ERR_NOT_CONNECTED`, `ERR_QUEUE_FULL`, and what `encode` throws
   */
  send(name: string, encode: () => Encoded, headers: Buffer | undefined): void {
    const { clock, onDropped, settings } = this.#options;
    if (settings.policy === "reject") throw notConnected();
    const given = encode();
    if (settings.policy === "drop") {
      onDropped(1, waitingSize(given, headers), "offline");
      return;
    }
    const encoded = ownCopy(given);
    const event = { name, encoded, headers, since: clock.now(), isTold: this.#isLeaving };
    this.#queue.add(new WaitingEvent(event, this.#options));
    this.#tellSent("event", name, encoded);
  }

  /** Takes a call. @throws {MyelinError} as {@link send} */
  open(opening: CallOpening): void {
    const { codecs, settings } = this.#options;
    if (settings.policy !== "queue") throw notConnected();
    const { request } = opening;
    const { codec, data, options } = request;
    const { encoded = ownCopy(codecs.encode(data, codec, options)) } = request;
    forgetInput(request);
    const isTold = this.#isLeaving;
    this.#queue.add(this.#call({ ...opening, request: { ...request, encoded, isTold } }));
    this.#tellSent(kindOfType[request.type], request.name, encoded);
  }

  /**
   * What comes while the rest leaves is told of at once, as of a session, and not when its turn comes:
   * a tool that sends something for each message that it hears of would have it go on for ever.
   */
  #tellSent(kind: MessageKind, name: string, encoded: Encoded): void {
    if (this.#isLeaving && isSendingTapped()) tellSent(this.#options.peer, kind, name, encoded);
  }

  /** Takes what a session had accepted and never sent: it goes before everything that waits. */
  takeBack(messages: readonly MovedMessage[]): void {
    const kept = messages.filter((message) => !this.#isTooOld(message));
    this.#queue.putBack(kept.map((message) => this.#moved(message)));
  }

  #moved(message: MovedMessage): Waiting<Conversation> | Packed<Conversation> {
    if (message.kind === "call") return this.#call(message.opening);
    return message.kind === "event"
      ? new WaitingEvent(message, this.#options)
      : new WaitingEvents(message, this.#options);
  }

  /** Drops an event that has waited long enough in the session that is over. */
  #isTooOld(message: MovedMessage): boolean {
    const { clock, onDropped, settings } = this.#options;
    if (message.kind === "call" || message.since === undefined) return false;
    if (settings.maxAgeMs === 0 || clock.now() - message.since < settings.maxAgeMs) return false;
    if (message.kind === "event")
      onDropped(1, waitingSize(message.encoded, message.headers), "too-old");
    else onDropped(message.count, packedSize(message), "too-old");
    return true;
  }

  /** @param opening its input is encoded */
  #call(opening: CallOpening): Waiting<Conversation> {
    const { clock } = this.#options;
    const { onWait, reject, request } = opening;
    const since = clock.now();
    return {
      kind: "call",
      bytes: waitingSize(request.encoded, request.headers),
      run: (session) => {
        const timeoutMs = leftOf(request.timeoutMs, clock.now() - since);
        session.open({ ...opening, request: { ...request, timeoutMs } });
      },
      fail: reject,
      timeoutMs: request.timeoutMs,
      signal: request.signal,
      onPlaced: onWait,
    };
  }

  /** There is a session: everything leaves, in order, as long as it stands. */
  flush(session: Conversation, stands: () => boolean): void {
    this.#isLeaving = true;
    try {
      this.#queue.flush(session, stands);
    } finally {
      this.#isLeaving = false;
    }
  }

  /** There will be none. */
  failAll(reason: MyelinError): void {
    const { code, message } = reason;
    this.#queue.failAll(new MyelinError(code, message, { cause: reason, ran: "no" }));
  }
}

/** A session that ends may give back a million of them: each is one object, without closures. */
class WaitingEvent implements Waiting<Conversation> {
  readonly kind = "event";
  readonly bytes: number;
  readonly timeoutMs: number;
  readonly signal = undefined;
  readonly #event: KeptEvent;
  readonly #since: number;
  readonly #onDropped: OfflineMessagesOptions["onDropped"];

  constructor(event: KeptEvent, options: OfflineMessagesOptions) {
    const { maxAgeMs } = options.settings;
    const now = options.clock.now();
    this.#event = event;
    this.#since = event.since ?? now;
    this.#onDropped = options.onDropped;
    this.bytes = waitingSize(event.encoded, event.headers);
    this.timeoutMs = leftOf(maxAgeMs, now - this.#since);
  }

  run(session: Conversation): void {
    const { encoded, headers, isTold = false, name } = this.#event;
    try {
      session.encodedEvent(name, encoded, headers, { isTold, since: this.#since });
    } catch {
      // It does not fit into what this server takes, and nobody else can be told.
      this.#onDropped(1, this.bytes, "offline");
    }
  }

  fail(): void {
    // Who sends an event does not wait for anything.
  }

  expire(): void {
    this.#onDropped(1, this.bytes, "too-old");
  }
}

/** So many that a session gives back as they were packed, until there is another one to take them. */
class WaitingEvents implements Packed<Conversation> {
  readonly kind = "event";
  readonly bytes: number;
  readonly messages: number;
  readonly timeoutMs: number;
  readonly signal = undefined;
  readonly #events: MovedEvents;
  readonly #options: OfflineMessagesOptions;

  constructor(events: MovedEvents, options: OfflineMessagesOptions) {
    this.#events = events;
    this.#options = options;
    this.bytes = packedSize(events);
    this.messages = events.count;
    this.timeoutMs = leftOf(options.settings.maxAgeMs, options.clock.now() - events.since);
  }

  unpack(): readonly WaitingEvent[] {
    const { since, unpack } = this.#events;
    const options = this.#options;
    return unpack().map(
      ({ encoded, headers, name }) =>
        new WaitingEvent({ name, encoded, headers, isTold: true, since }, options),
    );
  }

  fail(): void {
    // As of a single one.
  }

  expire(): void {
    this.#options.onDropped(this.messages, this.bytes, "too-old");
  }
}

/** Milliseconds that are left of those in which something may wait; 0: as long as it takes. */
function leftOf(mostMs: number, waitedMs: number): number {
  return mostMs === 0 ? 0 : Math.max(1, Math.ceil(mostMs - waitedMs));
}

function packedSize({ bytes, count }: MovedEvents): number {
  return bytes + count * waitingBytes;
}

function waitingSize(encoded: Encoded | undefined, headers: Buffer | undefined): number {
  return waitingBytes + encodedLength(encoded) + (headers?.length ?? 0);
}

function notConnected(): MyelinError {
  return new MyelinError("ERR_NOT_CONNECTED", "there is no connection to the server", {
    ran: "no",
  });
}
