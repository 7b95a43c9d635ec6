/** What a session accepts to send: how much may wait, and who is told of room. */
import type { CallOpening } from "../calls/call-opening.ts";
import type { Calling } from "../calls/calling.ts";
import type { EventPast } from "../conversation.ts";
import { type Holdings, stepBytes } from "../holdings.ts";
import { type Encoded, encodedLength } from "../messages/data-codecs.ts";
import { EntryWriter } from "../messages/entry-writer.ts";
import type { NameTable } from "../messages/name-table.ts";
import { closedError } from "../session-end.ts";
import { isSendingTapped, tellSent } from "../taps.ts";
import { entryCost, payload } from "../wire.ts";
import type { Outbox } from "./outbox.ts";
import type { SlowPeer } from "./slow-peer.ts";

export interface SendingOptions {
  /** What users hold for the session. */
  readonly peer: unknown;
  readonly names: NameTable;
  readonly outbox: Outbox;
  readonly calling: Calling;
  readonly slowPeer: SlowPeer;
  readonly holdings: Holdings;
  readonly maxPendingCalls: number;
  /** There is room again for those who waited for it. */
  readonly onDrain: () => void;
}

const none: EventPast = Object.freeze({});

export class Sending {
  readonly #options: SendingOptions;
  #needsDrain = false;
  /** Bytes that waited, or are remembered, after the last event: more may have left since, or little have come. */
  #weighed = 0;
  /** Bytes that waited when the holdings were looked at. */
  #checkedAt = 0;
  #isStopped = false;

  constructor(options: SendingOptions) {
    this.#options = options;
  }

  /** Nothing more is accepted. */
  stop(): void {
    this.#isStopped = true;
  }

  /**
   * To be looked at when foreign code has run, which encodes data and hears of what is sent: it may have
   * ended the session, and what is accepted then would be lost without a word.
   * @throws {MyelinError} `ERR_CLOSED`
   */
  checkOpen(): void {
    if (this.#isStopped) throw closedError();
  }

  /** Bytes of events, calls and answers that wait: to be sent, or to be acknowledged when they may be sent again. */
  get queuedBytes(): number {
    return this.#options.outbox.waitingBytes;
  }

  /** Less waits than the high-water mark allows, and with what is remembered less than a half of what may. */
  get hasRoom(): boolean {
    const { holdings, slowPeer } = this.#options;
    const most = holdings.maxQueuedBytes;
    return this.queuedBytes < slowPeer.highWaterMark(most) && slowPeer.waitingBytes * 2 < most;
  }

  /** `onDrain` is called as soon as there is room. */
  awaitRoom(): void {
    if (this.#needsDrain) return;
    this.#needsDrain = true;
    this.#options.holdings.awaitRoom();
  }

  /** Others have left more room. */
  roomier(): void {
    if (!this.#needsDrain || this.#isStopped) return;
    if (this.hasRoom) this.#drained();
    else this.#options.holdings.awaitRoom();
  }

  /** Something left, or was acknowledged. */
  check(): void {
    const { holdings, slowPeer } = this.#options;
    if (!this.#needsDrain || this.queuedBytes * 2 > slowPeer.highWaterMark()) return;
    if (slowPeer.waitingBytes * 4 > holdings.maxQueuedBytes) return;
    this.#drained();
  }

  #drained(): void {
    this.#needsDrain = false;
    this.#options.onDrain();
  }

  /** @returns and throws as `Conversation.event` */
  event(
    name: string,
    encoded: Encoded,
    headers: Buffer | undefined,
    past: EventPast = none,
  ): boolean {
    const { holdings, names, outbox, slowPeer } = this.#options;
    const most = holdings.maxQueuedBytes;
    const bytes = largeBytes(encoded);
    const mayBeFull = this.#weighed + bytes >= most;
    if (mayBeFull && slowPeer.isFull(bytes)) {
      const all = encodedLength(encoded) + (headers?.length ?? 0) + entryCost;
      if (!slowPeer.admitsEvent(bytes, all, past.isForMany)) {
        this.awaitRoom();
        return false;
      }
    }
    if (past.since !== undefined) outbox.date(past.since);
    if (past.isTold !== true && isSendingTapped())
      tellSent(this.#options.peer, "event", name, encoded);
    this.checkOpen();
    const known = names.use(name);
    const fitting = outbox.fitHeaders(headers);
    if (encoded === undefined || typeof encoded === "string") {
      outbox.event(known, encoded, fitting);
    } else {
      const entry = new EntryWriter();
      entry.event(known, payload.coded, fitting);
      outbox.message({ entry, kind: "event", ...encoded });
    }
    if (this.measure() < slowPeer.highWaterMark(most) && this.#weighed * 2 < most) return true;
    this.awaitRoom();
    return false;
  }

  /**
   * A call with this input is about to be opened.
   * @throws {MyelinError} `ERR_QUEUE_FULL`
   */
  admitCall(encoded: Encoded): void {
    const bytes = largeBytes(encoded);
    if (bytes === 0) return;
    const { slowPeer } = this.#options;
    if (slowPeer.isFull(bytes)) throw slowPeer.full(bytes);
  }

  /** @returns whether an answer with this data may wait for the peer */
  admitsAnswer(encoded: Encoded): boolean {
    const { holdings, slowPeer } = this.#options;
    const bytes = largeBytes(encoded);
    const most = holdings.maxAnswersBytes(bytes === 0);
    if (this.#weighed + bytes < most || !slowPeer.isFull(bytes, most)) return true;
    holdings.refusedAnswer();
    return false;
  }

  /** As `Conversation.catchUp`. */
  catchUp(run: () => void): void {
    const { holdings, outbox, slowPeer } = this.#options;
    holdings.carry(() => slowPeer.catchUp(run));
    outbox.date(Number.POSITIVE_INFINITY);
  }

  /** Opens a call; as `Calling.open`. */
  open(opening: CallOpening): void {
    const { calling, holdings, maxPendingCalls, slowPeer } = this.#options;
    if (slowPeer.isFull()) throw slowPeer.full();
    const isFull = calling.pending >= maxPendingCalls || holdings.isFullOfCalls;
    if (isFull && !slowPeer.isCatchingUp) throw slowPeer.tooManyCalls();
    calling.open(opening);
    this.measure();
  }

  /** More may wait, or less. @returns how much */
  measure(): number {
    const { holdings, outbox } = this.#options;
    const queued = this.queuedBytes;
    // What is remembered of what has left grows without anything waiting: a peer may read for ever and
    // acknowledge nothing, and send nothing by which we would be led to look.
    const { rememberedBytes } = outbox.sent;
    this.#weighed = queued + outbox.sent.overdueBytes;
    const outgoing = outbox.heldBytes + rememberedBytes + holdings.pendingBytes;
    if (Math.abs(outgoing - this.#checkedAt) >= stepBytes) {
      this.#checkedAt = outgoing;
      holdings.check();
    }
    return queued;
  }
}

/** Bytes of data that is no part of a batch; the others of a batch are as many as a batch has at most. */
function largeBytes(encoded: Encoded): number {
  return encoded === undefined || typeof encoded === "string" ? 0 : encoded.body.length;
}
