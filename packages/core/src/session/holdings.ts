/** What one session has in its buffers, both ways, and what is done when that is too much. */
import { MyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Account, Holder, MemoryBudget } from "./memory-budget.ts";
import type { Inbox } from "./receiving/inbox.ts";
import type { Intake } from "./receiving/intake.ts";
import type { Outbox } from "./sending/outbox.ts";
import type { InboundItems } from "./streams/inbound-items.ts";
import { frameCost, promiseCost } from "./wire.ts";

export interface HoldingsOptions {
  readonly budget: MemoryBudget;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly intake: Intake;
  readonly items: InboundItems;
  readonly calling: { readonly pending: number };
  readonly serving: { readonly handedBytes: number };
  readonly maxQueuedBytes: number;
  /** The same while there is no connection. */
  readonly maxDetachedBytes: number;
  readonly isConnected: () => boolean;
  /** It is to be ended: the peer does not read, or there is no memory left for what it sends. */
  readonly onTooMuch: (error: MyelinError) => void;
  /** What was withheld may be given: the event window. */
  readonly onEased: () => void;
  /** It holds so much now. */
  readonly onChange: (bytes: number) => void;
}

/** The budget hears of changes from here on: no sooner, so that telling costs nothing per message. */
export const stepBytes: number = 4 * 1024;

/** So much of what a session may take is for what is remembered of its calls, at most. */
const callsShare = 3 / 4;

export class Holdings implements Holder {
  readonly #options: HoldingsOptions;
  readonly #account: Account;
  #isHeldBack = false;
  #isClosed = false;
  /** At most so much waits of what was accepted for the sessions before this one. */
  #carried = 0;
  /** Bytes of the largest message that was accepted since nothing waited: it may be kept until all of it has arrived. */
  #largestAccepted = 0;

  constructor(options: HoldingsOptions) {
    this.#options = options;
    this.#account = options.budget.open(this);
  }

  get ownBytes(): number {
    return this.#outgoing + this.#incoming + this.pendingBytes;
  }

  get largestBytes(): number {
    const { inbox, outbox } = this.#options;
    // What is carried over has its place already, and the next session would be ended as soon.
    if (this.#carried === Number.POSITIVE_INFINITY) return this.#carried;
    const waiting = Math.max(outbox.largestWaitingBytes, inbox.assemblies.largestBytes);
    const largest = Math.max(
      waiting,
      Math.min(this.#largestAccepted, this.#outgoing + this.#heldApart),
    );
    return largest + Math.min(this.#carried, this.#waiting);
  }

  /** What may wait for the peer: no more than leaves room for what is remembered of calls, and a part of it always. */
  get maxQueuedBytes(): number {
    const { budget, isConnected, maxDetachedBytes, maxQueuedBytes } = this.#options;
    const most = this.#account.atMost(isConnected() ? maxQueuedBytes : maxDetachedBytes);
    const { forSessions } = budget;
    return Math.min(
      most,
      Math.max(forSessions - this.pendingBytes, forSessions * (1 - callsShare)),
    );
  }

  /** What is remembered of calls leaves no room for more of them. */
  get isFullOfCalls(): boolean {
    return this.pendingBytes >= this.#options.budget.forSessions * callsShare;
  }

  /**
   * Whether it holds more than its share of a budget of which little is left: it gets no window and no
   * credit then, and is told when it may (`eased`).
   */
  isHeldBack(): boolean {
    // What waits for the peer may wait for the very window and credit.
    if (!this.#holdsOfPeer) return false;
    // What was told last may be long gone.
    if (this.#account.isOverShare) this.check();
    this.#isHeldBack = this.#account.isOverShare;
    if (this.#isHeldBack) this.#account.awaitEase();
    return this.#isHeldBack;
  }

  /** It holds less: a handler has settled, or an item was asked for. */
  freed(): void {
    if (this.#isClosed) this.close();
    else if (this.#isHeldBack && !this.#holdsOfPeer) this.eased();
    else if (this.#isHeldBack || this.#options.budget.isTight) this.check();
  }

  /** Runs what sends messages that were accepted before: they are no reason to end the session. */
  carry(run: () => void): void {
    this.#carried = Number.POSITIVE_INFINITY;
    try {
      run();
    } finally {
      this.#carried = this.#waiting;
    }
  }

  /** A message so large is about to wait for the peer. */
  accepted(bytes: number): void {
    // A part of it may be all that still waits. No more of it is excused than the budget can spare.
    const { forSessions, maxBytes } = this.#options.budget;
    const most = Math.min(bytes, maxBytes - forSessions);
    if (most > this.#largestAccepted) this.#largestAccepted = most;
  }

  /** Something may have changed. */
  check(): void {
    const { maxQueuedBytes, onChange, onTooMuch, outbox } = this.#options;
    const account = this.#account;
    if (this.#isClosed) return;
    const weight = this.ownBytes + this.#heldApart + this.#handed;
    if (weight < stepBytes) this.#largestAccepted = 0;
    if (Math.abs(weight - account.weight) < stepBytes) return;
    // Answers cannot be dropped: who calls without reading them would have all of our memory. One of
    // them may be as large as messages may be, and what the connection has of it is not counted either.
    // What was accepted for a session before this one does not end it, or the next would end as soon.
    const waiting = this.#waiting;
    if (this.#carried < Number.POSITIVE_INFINITY) this.#carried = Math.min(this.#carried, waiting);
    const most = 2 * maxQueuedBytes + limits.connectionBytes + this.#carried;
    if (waiting > most && waiting - outbox.largestWaitingBytes > most) {
      onTooMuch(tooSlow(`more than ${most} bytes wait for it`));
      return;
    }
    this.refresh();
    onChange(this.ownBytes + outbox.borrowedBytes);
  }

  /** The connection is gone, and what it had: what was told last is of before. */
  detached(): void {
    if (this.#isClosed) return;
    this.refresh();
    this.#options.onChange(this.ownBytes + this.#options.outbox.borrowedBytes);
  }

  refresh(): void {
    if (this.#isClosed) return;
    this.#account.tell(this.ownBytes, this.#heldApart, this.#handed);
  }

  evict(): void {
    const { budget, onTooMuch } = this.#options;
    const sent = this.#outgoing + this.#heldApart;
    const isSlow = sent >= this.#incoming + this.#handed;
    const why = `of the ${budget.maxBytes} bytes for all peers it has most`;
    if (isSlow) onTooMuch(tooSlow(why));
    else onTooMuch(new MyelinError("ERR_BUSY", `the peer sends more than is kept: ${why}`));
  }

  eased(): void {
    this.#isHeldBack = false;
    this.#options.items.release();
    this.#options.onEased();
  }

  /** The session is over. What its handlers are at work on is still there. */
  close(): void {
    this.#isClosed = true;
    this.#account.close(this.#handed);
  }

  /** What waits for the peer, or for its acknowledgement, without bodies that are not copied. */
  get #outgoing(): number {
    const { outbox } = this.#options;
    const { rememberedBytes } = outbox.sent;
    return outbox.waitingBytes + outbox.itemBytes + rememberedBytes - outbox.borrowedBytes;
  }

  /** The same with them. */
  get #waiting(): number {
    return this.#outgoing + this.#options.outbox.borrowedBytes;
  }

  /** Bodies that are not copied. */
  get #heldApart(): number {
    const { outbox } = this.#options;
    return Math.max(outbox.borrowedBytes, outbox.pinnedBytes);
  }

  /** What has arrived and was not handed to anybody. */
  get #incoming(): number {
    const { inbox, intake, items } = this.#options;
    return inbox.assemblies.heldBytes + intake.heldBytes + items.bytes;
  }

  /** Whether anything is here that came from the peer. */
  get #holdsOfPeer(): boolean {
    return this.#incoming + this.#handed > 0;
  }

  /** What is remembered of calls that wait for answers. */
  get pendingBytes(): number {
    return this.#options.calling.pending * (frameCost + promiseCost);
  }

  /** What handlers are at work on. */
  get #handed(): number {
    const { inbox, serving } = this.#options;
    return inbox.window.unsettledBytes + serving.handedBytes;
  }
}

function tooSlow(why: string): MyelinError {
  return new MyelinError("ERR_SLOW_PEER", `the peer does not read: ${why}`);
}
