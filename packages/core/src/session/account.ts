/** What one of those who share the memory budget of an endpoint has told of what it holds. */
import { OwnBodies } from "./held-bodies.ts";
import type { MemoryBudget } from "./memory-budget.ts";

/** Somebody whose buffers are counted. */
export interface Holder {
  /** Bytes of its buffers at this moment, without bodies that are not copied. */
  readonly ownBytes: number;
  /**
   * Bytes that have arrived and wait for this end: what was not handed on, and messages that handlers are at
   * work on. Without messages that have not arrived whole, which may wait for the very window, and what
   * handlers take beside their messages, which may wait for the very credit.
   */
  readonly unsettledBytes: number;
  /** Bytes of the largest single message that it holds. Asked for when it is to be ended. */
  readonly largestBytes: number;
  /**
   * What is to be laid at its door of all that is there because of it, but for what handlers are at work on.
   * Asked for when somebody is to be ended.
   */
  readonly faultBytes: number;
  /** Tells its account what it holds at this moment, however little has changed. */
  refresh(): void;
  /** It holds more than everybody else, and the budget is spent: it gives up all of it, now. */
  evict(): void;
  /** What was withheld from it may be given. */
  eased(): void;
}

/** Each queue may hold so many times what is left of it; with answers, for which events leave room, more. */
const queueFactor = 2;
const answersFactor = 8;

/** What one holder has told. */
export class Account {
  readonly #budget: MemoryBudget;
  readonly holder: Holder | undefined;
  /** Large bodies, which others may hold, too. */
  readonly bodies: OwnBodies;
  /** Its buffers. */
  bytes = 0;
  /** What this end has accepted of them. */
  acceptedBytes = 0;
  /** Bodies that wait for it, and perhaps for others. */
  borrowedBytes = 0;
  /** What its handlers are at work on. */
  handedBytes = 0;
  /** The same, since it is closed. */
  orphanedBytes = 0;

  constructor(budget: MemoryBudget, holder: Holder | undefined) {
    this.#budget = budget;
    this.holder = holder;
    this.bodies = new OwnBodies(
      (body, isFirst) => budget.borrow(body, isFirst),
      (buffer) => budget.giveBack(buffer),
    );
  }

  /** Everything that is there because of it. */
  get weight(): number {
    return this.bytes + this.borrowedBytes + this.handedBytes;
  }

  /** More than its share has arrived from it, and there is little left for the others. */
  get isOverShare(): boolean {
    const budget = this.#budget;
    return budget.isTight && (this.holder?.unsettledBytes ?? 0) > budget.share;
  }

  /** What a queue of it may hold of what this end accepts. */
  get queueBytes(): number {
    return this.#budget.mayHold(queueFactor);
  }

  /** Others leave it all of the room, or almost. */
  get isAlone(): boolean {
    return this.#budget.isAlone(this);
  }

  /** Something is left of it: one message may be more than that. */
  get hasLeft(): boolean {
    return this.#budget.left > 0;
  }

  /** The same with answers. */
  get answersBytes(): number {
    return this.#budget.mayHold(answersFactor);
  }

  /** It holds so much now, and this end has accepted so much of it. */
  tell(
    bytes: number,
    acceptedBytes: number,
    borrowedBytes: number = 0,
    handedBytes: number = 0,
  ): void {
    const change = bytes - this.bytes;
    const accepted = acceptedBytes - this.acceptedBytes;
    const handed = handedBytes - this.handedBytes;
    this.bytes = bytes;
    this.acceptedBytes = acceptedBytes;
    this.borrowedBytes = borrowedBytes;
    this.handedBytes = handedBytes;
    this.#budget.changed(this, change, accepted, handed);
  }

  /** Its holder is told (`eased`) as soon as no more than its share is there. */
  awaitEase(): void {
    this.#budget.awaitEase(this);
  }

  /** `run` is called, once, when others leave more room for what this end accepts. */
  awaitRoom(run: () => void): void {
    this.#budget.awaitRoom(this, run);
  }

  /** Less may be there of what has arrived from it. */
  ease(): void {
    this.#budget.ease(this);
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
