/** What one session has in its buffers, both ways, and what is done when that is too much. */
import type { Clock } from "../clock.ts";
import { MyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Account, Holder } from "./account.ts";
import type { SharedBodies } from "./held-bodies.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { Inbox } from "./receiving/inbox.ts";
import type { Intake } from "./receiving/intake.ts";
import type { Outbox } from "./sending/outbox.ts";
import { TakingWatch } from "./sending/taking-watch.ts";
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
  /** There may be room for what waits for it. */
  readonly onRoom: () => void;
  /** It holds so much now. */
  readonly onChange: (bytes: number) => void;
}

/** Small answers have so much of the room for all of them: who asks for little is answered beside who asks for much. */
const smallAnswersShare = 9 / 8;

/** The budget hears of changes from here on: no sooner, so that telling costs nothing per message. */
export const stepBytes: number = 4 * 1024;

export class Holdings implements Holder {
  readonly #options: HoldingsOptions;
  readonly #account: Account;
  #isHeldBack = false;
  #isClosed = false;
  readonly #watch: TakingWatch;
  /** At most so much waits of what was accepted for the sessions before this one, or with a connection. */
  #carried = 0;
  /** An answer was refused while something was under way to the peer, which has taken nothing since. */
  #hasRefused = false;

  constructor(options: HoldingsOptions) {
    this.#options = options;
    this.#account = options.budget.open(this);
    const { budget, clock, isConnected, outbox } = options;
    this.#watch = new TakingWatch({
      clock,
      isWaiting: () => isConnected() && outbox.isUnderWay,
      matters: () => this.#hasRefused || budget.isTight || outbox.items.keptBytes > 0,
      acknowledged: () => outbox.sent.acknowledged,
      onTaken: () => {
        this.#hasRefused = false;
      },
      onStuck: () => {
        if (this.#hasRefused) return this.#endStuck();
        // From here on it is to blame for what is kept.
        this.refresh();
        budget.review();
      },
    });
  }

  /** Bodies that are not copied, which others may hold, too. */
  get bodies(): SharedBodies {
    return this.#account.bodies;
  }

  get ownBytes(): number {
    const { outbox } = this.#options;
    return this.#outgoing - outbox.borrowedBytes + this.#kept + this.#incoming;
  }

  get unsettledBytes(): number {
    const { inbox, intake, items } = this.#options;
    return intake.heldBytes + items.bytes + inbox.window.unsettledBytes;
  }

  /** What may wait for the peer of what this end accepts. */
  get maxQueuedBytes(): number {
    return Math.min(this.#maxQueuedBytes, this.#account.queueBytes);
  }

  /** The same with answers: they cannot wait elsewhere, and have room where events and calls have none. */
  maxAnswersBytes(areSmall: boolean): number {
    const most = Math.min(2 * this.#maxQueuedBytes, this.#account.answersBytes);
    return areSmall ? most * smallAnswersShare : most;
  }

  /** With so many bytes more waits for it than may for any peer, or as good as nothing for others; or it takes nothing. */
  isToBlame(waitingBytes: number): boolean {
    const isStuck = this.#options.isConnected() && !this.#watch.isTaking();
    return waitingBytes >= this.#maxQueuedBytes || isStuck || this.#account.isAlone;
  }

  /** `onRoom` is called when others leave more room. */
  awaitRoom(): void {
    this.#account.awaitRoom(this.#options.onRoom);
  }

  /** What is remembered of calls leaves no room for more of them. */
  get isFullOfCalls(): boolean {
    return this.pendingBytes >= this.#account.queueBytes;
  }

  /**
   * Whether more than its share has arrived from the peer and has not settled, and little is left of the
   * budget: it gets no window and no credit then, and is told when it may (`eased`).
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

  /** Runs what sends messages that were accepted before: they are no reason to end the session. */
  carry(run: () => void): void {
    this.#carried = Number.POSITIVE_INFINITY;
    try {
      run();
    } finally {
      this.#carried = this.#waiting;
    }
  }

  /** There was no room for an answer: a peer that takes nothing meanwhile does not read them. */
  refusedAnswer(): void {
    if (!this.#watch.isTaking()) this.#endStuck();
    else this.#hasRefused = this.#waitsForPeer;
  }

  /** Something may have changed. */
  check(): void {
    if (this.#isClosed) return;
    if (this.#hasRefused) {
      // What was sent with it may leave now only.
      this.#hasRefused = this.#waitsForPeer;
      this.#watch.isTaking();
    }
    const weight = this.ownBytes + this.#heldApart + this.#handed;
    if (Math.abs(weight - this.#account.weight) < stepBytes || this.#endIfDeaf()) return;
    this.refresh();
    // Who reads is known before the budget is spent.
    if (this.#options.budget.isTight) this.#watch.isTaking();
    this.#options.onChange(this.ownBytes + this.#options.outbox.borrowedBytes);
  }

  /** The connection is gone, and what it had: what was told last is of before. */
  detached(): void {
    if (this.#isClosed) return;
    this.#watch.forget();
    // It was accepted when more was allowed.
    this.#carried = Math.max(this.#carried, this.#waiting);
    this.refresh();
    this.#options.onChange(this.ownBytes + this.#options.outbox.borrowedBytes);
  }

  refresh(): void {
    if (this.#isClosed) return;
    const acceptedBytes = this.#outgoing - this.#options.outbox.borrowedBytes;
    this.#account.tell(this.ownBytes, acceptedBytes, this.#heldApart, this.#handed);
  }

  get largestBytes(): number {
    const { inbox, outbox } = this.#options;
    return Math.max(outbox.largestHeldBytes, inbox.assemblies.largestBytes);
  }

  /** What this end has accepted for a peer that takes what it gets is no fault of that peer's. */
  get faultBytes(): number {
    return this.#isTaking ? this.#incoming : this.ownBytes + this.#heldApart;
  }

  evict(): void {
    const { budget, onTooMuch } = this.#options;
    const why = `of the ${budget.maxBytes} bytes for all peers it has most`;
    if (this.#waiting < this.#incoming + this.#handed) {
      onTooMuch(new MyelinError("ERR_BUSY", `the peer sends more than is kept: ${why}`));
    } else if (this.#isTaking) {
      onTooMuch(new MyelinError("ERR_BUSY", `more waits for the peer than is kept: ${why}`));
    } else onTooMuch(tooSlow(why));
  }

  eased(): void {
    this.#isHeldBack = false;
    this.#options.items.release();
    this.#options.onEased();
  }

  /** The session is over. What its handlers are at work on is still there. */
  close(): void {
    this.#isClosed = true;
    this.#options.items.close();
    this.#watch.stop();
    this.#account.close(this.#handed);
  }

  /** What waits for the peer, or for its acknowledgement or answer, with bodies that are not copied. */
  get #outgoing(): number {
    const { outbox } = this.#options;
    return outbox.heldBytes + outbox.sent.rememberedBytes + this.pendingBytes;
  }

  /** The same without what waits for answers. */
  get #waiting(): number {
    return this.#outgoing - this.pendingBytes;
  }

  /**
   * What cannot be refused is little, and comes to an end: who calls and reads nothing, or acknowledges
   * nothing, would have all of our memory. @returns whether it is over
   */
  #endIfDeaf(): boolean {
    const { outbox } = this.#options;
    if (this.#carried < Number.POSITIVE_INFINITY)
      this.#carried = Math.min(this.#carried, this.#waiting);
    // Answers, and items of streams.
    const most =
      (2 * smallAnswersShare + 1) * this.#maxQueuedBytes +
      limits.connectionBytes +
      outbox.items.plentyBytes +
      this.#carried;
    if (this.#waiting <= most || this.#waiting - outbox.largestHeldBytes <= most) return false;
    this.#options.onTooMuch(tooSlow(`more than ${most} bytes wait for it`));
    return true;
  }

  #endStuck(): void {
    this.#options.onTooMuch(
      tooSlow("it has asked for more than may wait for it, and takes nothing"),
    );
  }

  /** Something is under way to it, or is about to be. */
  get #waitsForPeer(): boolean {
    const { outbox } = this.#options;
    return outbox.isUnderWay || !outbox.hasNoMessages;
  }

  get #isTaking(): boolean {
    return this.#options.isConnected() && this.#watch.isTaking();
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

  /**
   * What sources have given without room for it, an item of each stream at most. The budget has a place of
   * its own for all of that; who is connected and takes nothing is to blame for its part.
   */
  get #kept(): number {
    const { isConnected, outbox } = this.#options;
    const { keptBytes } = outbox.items;
    return keptBytes > 0 && isConnected() && !this.#watch.isTaking() ? keptBytes : 0;
  }
}

function tooSlow(why: string): MyelinError {
  return new MyelinError("ERR_SLOW_PEER", `the peer does not read: ${why}`);
}
