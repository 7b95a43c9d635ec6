/**
 * One number of bytes for all that an endpoint buffers, whoever its peers are. Limits of each
 * connection do not stop a hundred of them at once; this does.
 *
 * **What this end accepts** (events and calls that wait, what is remembered of calls, what may be sent
 * again, posts that wait for room, what waits for a connection) has three quarters of it. Each queue may
 * hold twice as much as is left beside it: half of the budget if it is the only one, less the more others
 * hold (dynamic thresholds: Choudhury and Hahne, "Dynamic Queue Length Thresholds for Shared-Memory Packet
 * Switches", 1998), and a little always; the first message of a queue may be larger than that. What is more
 * is refused, dropped or waits, and nobody is ended for it. What moves from one queue into another, when a
 * session begins or ends, was accepted already. Answers and items of streams count among it; items that
 * sources gave when there was no room for them only if their peer takes nothing: it has them kept. All of
 * those may come to as much again as the budget, and of many peers to twice as much; a stream of which one
 * more is too much fails.
 *
 * **What peers cause**, by what they send and by what they do not read, cannot be refused:
 *
 * - From three quarters of the budget on, a peer of which more than an equal share has arrived and has not
 *   settled gets no window and no credit.
 * - When it is spent, the one who is to be blamed for most is ended, and the next, until it is not: for
 *   what has arrived from it, and, unless it takes what it gets, for what waits. One message, whoever has
 *   it, may overdraw it, or a large one could never pass; and what nobody is to be blamed for may, by an
 *   eighth, and then the one is ended who holds most for itself.
 *
 * What handlers are at work on is theirs, and bounded by windows. It counts when the window is asked
 * for, so that windows are not renewed then; and when somebody is to be ended if it is as much again.
 *
 * What handlers are still at work on whose sessions are over is orphaned. Nobody who stands can do
 * anything about it, so nobody is ended for it; but as long as it is more than the budget nobody comes
 * in, or one client that sends a window full, leaves and comes back would have all of the memory.
 *
 * Holders tell what they hold when it has changed by some kilobytes: counting costs nothing with each
 * message. What they told may be long gone, so all of them are asked before anything is done to anybody.
 */

import { type Clock, systemClock } from "../clock.ts";
import { Account, type Holder } from "./account.ts";
import { HeldBodies } from "./held-bodies.ts";
import { KeptItems } from "./streams/kept-items.ts";
import { ParsedItems } from "./streams/parsed-items.ts";

/** What is told where no session begins because of what is orphaned. */
export const outlivedText: string =
  "handlers of sessions that are over are at work on more than maxBufferedBytes";
/** From this share of the budget on those who hold the most get no more. */
const tightShare = 3 / 4;
/** Who told what is asked again when little seems to be left, but not before so much of it was told. */
const newsShare = 1 / 64;
/** While one message overdraws the budget, it is looked at again after so much more of it. */
const overdraftShare = 1 / 64;
/** What nobody is to be blamed for may overdraw it by so much of it, for a while. */
const excusedShare = 1 / 8;
/** So much of the budget is for what this end accepts. */
const acceptedShare = 3 / 4;
/** So much of it may wait as parsed items. */
const parsedShare = 1 / 16;
/** And an equal part of so much of the budget always. */
const leastShare = 1 / 16;

export class MemoryBudget {
  readonly maxBytes: number;
  /** Items that wait as objects, which are more than what they had on the wire. */
  readonly parsed: ParsedItems;
  /** Items for which there is no room, of all sessions. They may come to as much again. */
  readonly kept: KeptItems = new KeptItems();
  /** Little is left of it. */
  isTight = false;
  readonly #clock: Pick<Clock, "setImmediate">;
  /** Those who wait for room in their queues. */
  readonly #crowded = new Map<Account, () => void>();
  #tellsRoom = false;
  #reviews = false;
  #bytes = 0;
  #handedBytes = 0;
  #orphanedBytes = 0;
  readonly #accounts = new Set<Account>();
  /** What this end has accepted, shared bodies apart. */
  #acceptedBytes = 0;
  /** Of those whom nobody can end. */
  #looseBytes = 0;
  readonly #withheld = new Set<Account>();
  readonly #bodies = new HeldBodies();
  /** So many bytes beyond it are one message: not looked at again before there are more. */
  #overdraft = 0;
  #isEvicting = false;
  #isAsking = false;
  /** Bytes that came or went since everybody was asked. */
  #news = 0;

  constructor(maxBytes: number, clock: Pick<Clock, "setImmediate"> = systemClock) {
    this.maxBytes = maxBytes;
    this.parsed = new ParsedItems(maxBytes * parsedShare);
    this.#clock = clock;
  }

  /** What is held at this moment. */
  measure(): number {
    let bytes = this.#bodies.bytes + this.#looseBytes;
    for (const { holder } of this.#accounts) bytes += holder?.ownBytes ?? 0;
    return bytes;
  }

  /** Handlers whose sessions are over are at work on more than all of it: no session is to begin. */
  get isOutlived(): boolean {
    return this.#orphanedBytes > this.maxBytes;
  }

  /** What a queue may hold of what this end accepts: so many times what is left, and a little always. */
  mayHold(factor: number): number {
    const least = (this.maxBytes * leastShare) / Math.max(1, this.#accounts.size);
    return Math.floor(Math.max(factor * this.left, least));
  }

  /** What is left for this end to accept; it may be less than nothing. */
  get left(): number {
    return this.maxBytes * acceptedShare - this.#acceptedBytes - this.#bodies.bytes;
  }

  /** Whether this end has accepted little for anybody else. */
  isAlone({ acceptedBytes, borrowedBytes }: Account): boolean {
    const others = this.#acceptedBytes + this.#bodies.bytes - acceptedBytes - borrowedBytes;
    return others < this.maxBytes * leastShare;
  }

  /** How many there are, of those that can be ended. */
  get holders(): number {
    return this.#accounts.size;
  }

  /** Bytes that may arrive from each of them when there is little left. */
  get share(): number {
    return (this.maxBytes * tightShare) / Math.max(1, this.#accounts.size);
  }

  /** @param holder absent: all of it was accepted by this end, and nobody is ended for it */
  open(holder?: Holder): Account {
    const account = new Account(this, holder);
    if (holder !== undefined) this.#accounts.add(account);
    return account;
  }

  /** From an {@link Account}: it holds this body, too, or one more part of it. */
  borrow(body: Uint8Array, isFirst: boolean): void {
    this.#bytes += isFirst ? this.#bodies.add(body) : this.#bodies.grow(body);
  }

  /** From an {@link Account}: it does not any more. */
  giveBack(buffer: ArrayBufferLike): void {
    const freed = this.#bodies.remove(buffer);
    this.#bytes -= freed;
    if (freed > 0) this.#tellRoom();
  }

  /** From an {@link Account}. */
  changed(account: Account, change: number, accepted: number, handed: number): void {
    this.#bytes += change;
    this.#acceptedBytes += accepted;
    this.#handedBytes += handed;
    if (account.holder === undefined) this.#looseBytes += change;
    this.#news += Math.abs(change) + Math.abs(handed);
    if (accepted < 0) this.#tellRoom();
    if (this.#isAsking) return;
    if (!this.isTight && this.#seemsTight && this.#news > this.maxBytes * newsShare) this.#askAll();
    const over = this.#over;
    if (over <= 0) this.#overdraft = 0;
    else if (over > this.#overdraft) this.#evict();
    this.isTight = this.#seemsTight;
    if (this.#withheld.size === 0) return;
    if (this.isTight) this.ease(account);
    else for (const each of this.#withheld) this.ease(each);
  }

  /** Those who were excused may be so no more. Once a turn: many may be found out together. */
  review(): void {
    if (this.#reviews) return;
    this.#reviews = true;
    this.#clock.setImmediate(() => {
      this.#reviews = false;
      if (this.#over > 0) this.#evict();
      this.isTight = this.#seemsTight;
    });
  }

  /** `run` is called when there is more room for what this end accepts. */
  awaitRoom(account: Account, run: () => void): void {
    this.#crowded.set(account, run);
  }

  // Once a turn: one that ends gives back much, step by step.
  #tellRoom(): void {
    if (this.#crowded.size === 0 || this.#tellsRoom) return;
    this.#tellsRoom = true;
    this.#clock.setImmediate(() => {
      this.#tellsRoom = false;
      const waiting = [...this.#crowded.values()];
      this.#crowded.clear();
      for (const run of waiting) run();
    });
  }

  awaitEase(account: Account): void {
    this.#withheld.add(account);
  }

  /** Its holder is told, if it waits for that, and has no more than its share. */
  ease(account: Account): void {
    if (!this.#withheld.has(account) || account.isOverShare) return;
    this.#withheld.delete(account);
    account.holder?.eased();
  }

  /** From an {@link Account}. */
  close(account: Account, orphaned: number): void {
    this.#accounts.delete(account);
    this.#withheld.delete(account);
    this.#crowded.delete(account);
    this.#orphanedBytes += orphaned;
    account.tell(0, 0);
  }

  /** Ends those who hold most. Each of them closes its account. */
  #evict(): void {
    if (this.#isEvicting) return;
    this.#isEvicting = true;
    try {
      this.#askAll();
      this.#evictUntilEnough();
    } finally {
      this.#isEvicting = false;
    }
  }

  #evictUntilEnough(): void {
    const faults = this.#ranked((each) => (each.holder?.faultBytes ?? 0) + this.#handedBy(each));
    let caused = faults.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { account, bytes } of faults) {
      if (caused <= this.maxBytes * (1 - acceptedShare)) break;
      if (this.#isOverdraft()) return;
      this.#end(account);
      caused -= bytes;
    }
    // What this end has accepted for peers that take it is more by a few messages at most, and soon less:
    // nobody is to be blamed, and the fewest are ended.
    for (const { account, bytes } of this.#ranked((each) => this.#freedBy(each))) {
      if (this.#isOverdraft(this.maxBytes * excusedShare) || bytes === 0) return;
      this.#end(account);
    }
  }

  /** Whether it is not spent, or only by the largest message that anybody holds, or by so much. */
  #isOverdraft(excused: number = 0): boolean {
    const over = this.#over;
    if (over <= 0) return true;
    let largest = excused;
    for (const { holder } of this.#accounts) {
      if (over <= largest) break;
      largest = Math.max(largest, holder?.largestBytes ?? 0);
    }
    if (over > largest) return false;
    this.#overdraft = over + this.maxBytes * overdraftShare;
    return true;
  }

  /** What handlers are at work on is nobody's fault where the rest is too much without it, and frees nothing. */
  #handedBy({ handedBytes }: Account): number {
    return this.#handedBytes > this.#bytes ? handedBytes : 0;
  }

  /** What it frees to end whose account this is: bodies that others hold, too, are shared out. */
  #freedBy(account: Account): number {
    let freed = account.bytes + this.#handedBy(account);
    for (const buffer of account.bodies) freed += this.#bodies.partOf(buffer);
    return freed;
  }

  #end(account: Account): void {
    this.#accounts.delete(account);
    account.holder?.evict();
  }

  /** All of them, whose bytes are the most first. */
  #ranked(
    bytesOf: (account: Account) => number,
  ): { readonly account: Account; readonly bytes: number }[] {
    const accounts = [...this.#accounts];
    const ranked = accounts.map((account) => ({ account, bytes: bytesOf(account) }));
    return ranked.sort((one, other) => other.bytes - one.bytes);
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
    const bytes = this.#bytes - Math.max(0, this.#looseBytes - this.maxBytes * acceptedShare);
    return Math.max(bytes, (bytes + this.#handedBytes) / 2) - this.maxBytes;
  }
}
