/** What a conversation of events only has in its buffers, both ways, for the budget of its endpoint. */
import { MyelinError } from "../errors.ts";
import type { Account, Holder } from "./account.ts";
import { stepBytes } from "./holdings.ts";
import type { MemoryBudget } from "./memory-budget.ts";

export interface EventHoldingsOptions {
  readonly budget: MemoryBudget;
  readonly maxQueuedBytes: number;
  /** Bytes that wait for the peer. */
  readonly outgoing: () => number;
  /** Bytes that have arrived and are no whole message yet. */
  readonly incoming: () => number;
  /** Bytes that handlers are at work on. */
  readonly handed: () => number;
  /** It is to be ended: of all peers it holds most, and the budget is spent. */
  readonly onTooMuch: (error: MyelinError) => void;
}

export class EventHoldings implements Holder {
  readonly #options: EventHoldingsOptions;
  readonly #account: Account;
  #isClosed = false;

  constructor(options: EventHoldingsOptions) {
    this.#options = options;
    this.#account = options.budget.open(this);
  }

  get ownBytes(): number {
    return this.#options.outgoing() + this.#options.incoming();
  }

  get unsettledBytes(): number {
    return this.#options.incoming() + this.#options.handed();
  }

  /** What may wait for the peer. */
  get maxQueuedBytes(): number {
    return Math.min(this.#options.maxQueuedBytes, this.#account.queueBytes);
  }

  /** `run` is called, once, when others leave more room. */
  awaitRoom(run: () => void): void {
    if (!this.#isClosed) this.#account.awaitRoom(run);
  }

  /** Of no message a part waits. */
  get largestBytes(): number {
    return 0;
  }

  /** Nothing tells whether it reads. */
  get faultBytes(): number {
    return this.ownBytes;
  }

  /** With so many bytes more waits for it than for any peer. */
  isToBlame(waitingBytes: number): boolean {
    return waitingBytes >= this.#options.maxQueuedBytes;
  }

  /** Something may have changed. */
  check(): void {
    if (Math.abs(this.#change) >= stepBytes) this.refresh();
  }

  /** It holds less: a handler has finished, or something has left. Nobody is ended because of that. */
  freed(): void {
    if (this.#isClosed) this.close();
    else if (-this.#change >= stepBytes) this.refresh();
  }

  refresh(): void {
    const { handed, outgoing } = this.#options;
    if (!this.#isClosed) this.#account.tell(this.ownBytes, outgoing(), 0, handed());
  }

  evict(): void {
    const { onTooMuch, outgoing } = this.#options;
    const code = outgoing() >= this.unsettledBytes ? "ERR_SLOW_PEER" : "ERR_BUSY";
    onTooMuch(new MyelinError(code, "of the memory for all peers this one takes most"));
  }

  /** Nothing is withheld on a wire without windows. */
  eased(): void {}

  /** What has come since the budget was told; below 0: what has gone. */
  get #change(): number {
    return this.ownBytes + this.#options.handed() - this.#account.weight;
  }

  /** It is over. What its handlers are at work on is still there. */
  close(): void {
    this.#isClosed = true;
    this.#account.close(this.#options.handed());
  }
}
