/** What one session has in its buffers, both ways, and what is done when that is too much. */
import type { Clock, Timer } from "../clock.ts";
import { MyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Account, Holder, MemoryBudget } from "./memory-budget.ts";
import type { Inbox } from "./receiving/inbox.ts";
import type { Intake } from "./receiving/intake.ts";
import type { Outbox } from "./sending/outbox.ts";
import type { InboundItems } from "./streams/inbound-items.ts";
import { frameCost, promiseCost } from "./wire.ts";

export interface HoldingsOptions {
  readonly clock: Clock;
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

/** A peer that has taken nothing for so long, though something waits for it, does not read. */
const unreadMs = 1_000;

export class Holdings implements Holder {
  readonly #options: HoldingsOptions;
  readonly #account: Account;
  #isHeldBack = false;
  #isClosed = false;
  /** No more than this is accepted of what is {@link #outgoing}: items of streams and refusals are the rest. */
  #acceptedBytes = 0;
  /** Frames that the peer had acknowledged when it had taken nothing for long. */
  #stuckAt: number | undefined;
  #unreadTimer: Timer | undefined;
  /** An answer was refused since the peer took something. */
  #hasRefused = false;

  constructor(options: HoldingsOptions) {
    this.#options = options;
    this.#account = options.budget.open(this);
  }

  get ownBytes(): number {
    return this.#outgoing - this.#options.outbox.borrowedBytes + this.#incoming;
  }

  get arrivedBytes(): number {
    return this.#incoming + this.#handed;
  }

  /** What may wait for the peer of what this end accepts. */
  get maxQueuedBytes(): number {
    return Math.min(this.#maxQueuedBytes, this.#account.queueBytes);
  }

  /** The same with answers: they cannot wait elsewhere, and have room where events and calls have none. */
  get maxAnswersBytes(): number {
    return Math.min(2 * this.#maxQueuedBytes, this.#account.answersBytes);
  }

  /** What is remembered of calls leaves no room for more of them. */
  get isFullOfCalls(): boolean {
    return this.pendingBytes >= this.#account.queueBytes;
  }

  /**
   * Whether more than its share has arrived from the peer, and little is left of the budget: it gets no
   * window and no credit then, and is told when it may (`eased`).
   */
  isHeldBack(): boolean {
    // What was told last may be long gone.
    if (this.#account.isOverShare) this.check();
    this.#isHeldBack = this.#account.isOverShare;
    if (this.#isHeldBack) this.#account.awaitEase();
    return this.#isHeldBack;
  }

  /** It holds less: a handler has settled, or an item was asked for. */
  freed(): void {
    if (this.#isClosed) this.close();
    else if (this.#isHeldBack || this.#options.budget.isTight) {
      this.check();
      this.#account.ease();
    }
  }

  /** Something was accepted for the peer, and so much is outgoing since. */
  accepted(outgoing: number): void {
    this.#acceptedBytes = outgoing;
  }

  /** There was no room for an answer: a peer that takes nothing meanwhile does not read them. */
  refusedAnswer(): void {
    this.#hasRefused = true;
    if (!this.#isTaking()) this.#endStuck();
  }

  /** Something may have changed. */
  check(): void {
    if (this.#isClosed) return;
    const weight = this.ownBytes + this.#heldApart + this.#handed;
    if (Math.abs(weight - this.#account.weight) < stepBytes || this.#endIfDeaf()) return;
    this.refresh();
    this.#options.onChange(this.ownBytes + this.#options.outbox.borrowedBytes);
  }

  /** The connection is gone, and what it had: what was told last is of before. */
  detached(): void {
    if (this.#isClosed) return;
    this.refresh();
    this.#options.onChange(this.ownBytes + this.#options.outbox.borrowedBytes);
  }

  refresh(): void {
    if (this.#isClosed) return;
    const { borrowedBytes } = this.#options.outbox;
    this.#acceptedBytes = this.#accepted;
    const acceptedBytes = Math.max(0, this.#acceptedBytes - borrowedBytes);
    this.#account.tell(this.ownBytes, acceptedBytes, this.#heldApart, this.#handed);
  }

  /**
   * One message, of which a part may be all that still waits; and what this end has accepted, as long
   * as the peer takes what it gets.
   */
  excusedBytes(): number {
    const { inbox, outbox } = this.#options;
    const largest = Math.max(outbox.largestHeldBytes, inbox.assemblies.largestBytes);
    return largest + (this.#isTaking() ? this.#accepted : 0);
  }

  evict(): void {
    const { budget, onTooMuch } = this.#options;
    const isSlow = this.#outgoing - this.pendingBytes >= this.arrivedBytes;
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
    this.#options.clock.clearTimeout(this.#unreadTimer);
    this.#account.close(this.#handed);
  }

  /** What waits for the peer, or for its acknowledgement or answer, with bodies that are not copied. */
  get #outgoing(): number {
    const { outbox } = this.#options;
    return outbox.waitingBytes + outbox.itemBytes + outbox.sent.rememberedBytes + this.pendingBytes;
  }

  get #accepted(): number {
    return Math.min(this.#acceptedBytes, this.#outgoing);
  }

  /**
   * What cannot be refused is little, and comes to an end: who calls and reads nothing, or acknowledges
   * nothing, would have all of our memory. @returns whether it is over
   */
  #endIfDeaf(): boolean {
    const outgoing = this.#outgoing - this.pendingBytes;
    const most = Math.max(this.#accepted, 2 * this.#maxQueuedBytes) + limits.connectionBytes;
    if (outgoing <= most || outgoing - this.#options.outbox.largestHeldBytes <= most) return false;
    this.#options.onTooMuch(tooSlow(`more than ${most} bytes wait for it`));
    return true;
  }

  /** Whether the peer has taken something of late, as far as is known. That is looked at again soon. */
  #isTaking(): boolean {
    const { budget, clock, outbox } = this.#options;
    const { acknowledged } = outbox.sent;
    if (acknowledged === this.#stuckAt) return false;
    this.#unreadTimer ??= clock.setTimeout(() => {
      this.#unreadTimer = undefined;
      const isStuck = this.#outgoing > 0 && outbox.sent.acknowledged === acknowledged;
      if (isStuck) this.#stuckAt = acknowledged;
      if (isStuck && this.#hasRefused) this.#endStuck();
      else if (isStuck) budget.review();
      else this.#hasRefused = false;
    }, unreadMs);
    return true;
  }

  #endStuck(): void {
    this.#options.onTooMuch(
      tooSlow("it has asked for more than may wait for it, and takes nothing"),
    );
  }

  /** Limits of its own. */
  get #maxQueuedBytes(): number {
    const { isConnected, maxDetachedBytes, maxQueuedBytes } = this.#options;
    return isConnected() ? maxQueuedBytes : maxDetachedBytes;
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
