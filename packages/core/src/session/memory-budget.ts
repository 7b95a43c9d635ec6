/**
 * One number of bytes for all that an endpoint buffers, whoever its peers are. Limits of each
 * connection do not stop a hundred of them at once; this does, in three steps:
 *
 * - Below three quarters of it nobody notices.
 * - Above, whoever holds more than an equal share gets no more: no window, no credit, no events.
 * - When it is spent, whoever holds most is ended, and the next, until it is not.
 *
 * What handlers are at work on is theirs, and bounded by windows. It counts for the first step, so that
 * windows are not renewed then; and for the second when it is as much again.
 *
 * What handlers are still at work on whose sessions are over is orphaned. Nobody who stands can do
 * anything about it, so nobody is ended for it; but as long as it is more than the budget nobody comes
 * in, or one client that sends a window full, leaves and comes back would have all of the memory.
 *
 * Holders tell what they hold when it has changed by some kilobytes: counting costs nothing with each
 * message. What they told may be long gone, so all of them are asked before anything is done to anybody.
 * One message may overdraw it, or a large one could never pass.
 *
 * What one endpoint accepts for a peer that reads never has that peer ended. All that waits in its
 * session, with what is remembered of calls, takes three quarters and one message at most; what was
 * carried into it from the sessions before is excused like one message; and what belongs to no session,
 * such as posts that wait, has the last quarter: posts are refused beyond it, and what is more of it (a
 * session may give back all it had) ends nobody.
 * What is remembered of carried calls is not excused: in a small budget, thousands of them can be too much.
 */

import { copiedBytes } from "./messages/data-codecs.ts";

/** Somebody whose buffers are counted. */
export interface Holder {
  /** Bytes of its buffers at this moment, without bodies that are not copied. */
  readonly ownBytes: number;
  /** Bytes of the largest single message that it holds, and of what was carried into it. */
  readonly largestBytes: number;
  /** Tells its account what it holds at this moment, however little has changed. */
  refresh(): void;
  /** It holds more than everybody else, and the budget is spent: it gives up all of it, now. */
  evict(): void;
  /** What was withheld from it may be given. */
  eased(): void;
}

/**
 * Large bodies, which are not copied: a hundred peers that are sent the same one hold it together, in
 * as many parts as they like, and it counts once.
 */
export interface SharedBodies {
  /** A body, or a part of one that is there already, is held once more. */
  borrow(body: Uint8Array): void;
  giveBack(body: Uint8Array): void;
}

/** Whether the memory of a body, or of a part of one, is worth to be counted for itself. */
export function isShared({ buffer }: Uint8Array): boolean {
  return buffer.byteLength > copiedBytes;
}

/** What is told where no session begins because of what is orphaned. */
export const outlivedText: string =
  "handlers of sessions that are over are at work on more than maxBufferedBytes";
/** From this share of the budget on those who hold the most get no more. */
const tightShare = 3 / 4;
/** Who told what is asked again when little seems to be left, but not before so much of it was told. */
const newsShare = 1 / 64;
/** While one message overdraws the budget, it is looked at again after so much more of it. */
const overdraftShare = 1 / 64;
/** So much of the budget is for what belongs to no session: what is more ends nobody. */
const looseShare = 1 / 4;

/** What one holder has told. */
export class Account {
  readonly #budget: MemoryBudget;
  readonly holder: Holder | undefined;
  /** Its buffers. */
  bytes = 0;
  /** Bodies that wait for it, and perhaps for others. */
  borrowedBytes = 0;
  /** What its handlers are at work on. */
  handedBytes = 0;
  /** The same, since it is closed. */
  orphanedBytes = 0;

  constructor(budget: MemoryBudget, holder: Holder | undefined) {
    this.#budget = budget;
    this.holder = holder;
  }

  /** Everything that is there because of it. */
  get weight(): number {
    return this.bytes + this.borrowedBytes + this.handedBytes;
  }

  /** It has more than its share, and there is little left for the others. */
  get isOverShare(): boolean {
    const budget = this.#budget;
    return budget.isTight && this.weight > budget.share;
  }

  /** How much it may hold, of the `most` that it might; less when there is little left. */
  atMost(most: number): number {
    const budget = this.#budget;
    return budget.isTight ? Math.min(most, budget.share) : most;
  }

  /** Those who bound themselves have their part of the budget: what can be refused is to be refused. */
  get isCrowded(): boolean {
    return this.#budget.isCrowded;
  }

  /** It holds so much now. */
  tell(bytes: number, borrowedBytes: number = 0, handedBytes: number = 0): void {
    const change = bytes - this.bytes;
    const handed = handedBytes - this.handedBytes;
    this.bytes = bytes;
    this.borrowedBytes = borrowedBytes;
    this.handedBytes = handedBytes;
    this.#budget.changed(this, change, handed);
  }

  /** Its holder is told (`eased`) as soon as it holds no more than its share. */
  awaitEase(): void {
    this.#budget.awaitEase(this);
  }

  /**
   * It holds nothing, and will not, but what its handlers are still at work on. To be called again when
   * that is less.
   */
  close(orphanedBytes: number = 0): void {
    const change = orphanedBytes - this.orphanedBytes;
    this.orphanedBytes = orphanedBytes;
    this.#budget.close(this, change);
  }
}

export class MemoryBudget implements SharedBodies {
  readonly maxBytes: number;
  /** Little is left of it. */
  isTight = false;
  #bytes = 0;
  #handedBytes = 0;
  #orphanedBytes = 0;
  readonly #accounts = new Set<Account>();
  #bodyBytes = 0;
  /** Of those who bound themselves. */
  #looseBytes = 0;
  readonly #withheld = new Set<Account>();
  readonly #bodies = new Map<ArrayBufferLike, { readonly bytes: number; uses: number }>();
  /** So many bytes beyond it are one message: not looked at again before there are more. */
  #overdraft = 0;
  #isEvicting = false;
  #isAsking = false;
  /** Bytes that came or went since everybody was asked. */
  #news = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** What is held at this moment. */
  measure(): number {
    let bytes = this.#bodyBytes + this.#looseBytes;
    for (const { holder } of this.#accounts) bytes += holder?.ownBytes ?? 0;
    return bytes;
  }

  /** Handlers whose sessions are over are at work on more than all of it: no session is to begin. */
  get isOutlived(): boolean {
    return this.#orphanedBytes > this.maxBytes;
  }

  /** What all that one session has accepted may take, so that a last small message is not too much. */
  get forSessions(): number {
    return this.maxBytes * (1 - looseShare - overdraftShare);
  }

  /** Those who bound themselves hold all that is for them. */
  get isCrowded(): boolean {
    return this.#looseBytes >= this.maxBytes * looseShare;
  }

  /** Bytes that each of them gets when there is little left. */
  get share(): number {
    return (this.maxBytes * tightShare) / Math.max(1, this.#accounts.size);
  }

  /** @param holder absent: it bounds itself, and is never ended */
  open(holder?: Holder): Account {
    const account = new Account(this, holder);
    if (holder !== undefined) this.#accounts.add(account);
    return account;
  }

  borrow({ buffer, length }: Uint8Array): void {
    const known = this.#bodies.get(buffer);
    if (known !== undefined) {
      known.uses += 1;
      return;
    }
    this.#bodies.set(buffer, { bytes: length, uses: 1 });
    this.#bodyBytes += length;
    this.#bytes += length;
  }

  giveBack({ buffer }: Uint8Array): void {
    const known = this.#bodies.get(buffer);
    if (known === undefined) return;
    known.uses -= 1;
    if (known.uses > 0) return;
    this.#bodies.delete(buffer);
    this.#bodyBytes -= known.bytes;
    this.#bytes -= known.bytes;
  }

  /** From an {@link Account}. */
  changed(account: Account, change: number, handed: number): void {
    this.#bytes += change;
    this.#handedBytes += handed;
    if (account.holder === undefined) this.#looseBytes += change;
    this.#news += Math.abs(change) + Math.abs(handed);
    if (this.#isAsking) return;
    if (!this.isTight && this.#seemsTight && this.#news > this.maxBytes * newsShare) this.#askAll();
    const over = this.#over;
    if (over <= 0) this.#overdraft = 0;
    else if (over > this.#overdraft) this.#evict();
    this.isTight = this.#seemsTight;
    if (this.#withheld.size === 0) return;
    if (this.isTight) this.#ease(account);
    else for (const each of this.#withheld) this.#ease(each);
  }

  awaitEase(account: Account): void {
    this.#withheld.add(account);
  }

  /** From an {@link Account}. */
  close(account: Account, orphaned: number): void {
    this.#accounts.delete(account);
    this.#withheld.delete(account);
    this.#orphanedBytes += orphaned;
    account.tell(0);
  }

  #ease(account: Account): void {
    if (account.isOverShare || !this.#withheld.delete(account)) return;
    account.holder?.eased();
  }

  /** Ends those who hold most. Each of them closes its account. */
  #evict(): void {
    if (this.#isEvicting) return;
    this.#isEvicting = true;
    try {
      this.#askAll();
      for (let over = this.#over; over > 0; over = this.#over) {
        const largest = this.#largest();
        if (largest?.holder === undefined) return;
        if (over <= largest.holder.largestBytes) {
          this.#overdraft = over + this.maxBytes * overdraftShare;
          return;
        }
        this.#accounts.delete(largest);
        largest.holder.evict();
      }
    } finally {
      this.#isEvicting = false;
    }
  }

  #askAll(): void {
    this.#isAsking = true;
    for (const { holder } of this.#accounts) holder?.refresh();
    this.#isAsking = false;
    this.#news = 0;
  }

  get #seemsTight(): boolean {
    const bytes = this.#bytes + this.#handedBytes + this.#orphanedBytes;
    return bytes > this.maxBytes * tightShare;
  }

  /** Bytes beyond the budget, as far as ending somebody helps. */
  get #over(): number {
    const bytes = this.#bytes - Math.max(0, this.#looseBytes - this.maxBytes * looseShare);
    return Math.max(bytes, (bytes + this.#handedBytes) / 2) - this.maxBytes;
  }

  #largest(): Account | undefined {
    let largest: Account | undefined;
    for (const each of this.#accounts) {
      if (largest === undefined || each.weight > largest.weight) largest = each;
    }
    return largest;
  }
}
