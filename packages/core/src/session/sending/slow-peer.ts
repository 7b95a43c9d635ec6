/** What becomes of events for a peer that does not read. */
import { MyelinError } from "../../errors.ts";
import type { SlowPeerPolicy } from "../../peer/endpoint-options.ts";

/** What waits for the peer. */
export interface SlowQueue {
  /** Bytes that wait of the largest message. Looks at each that is not small. */
  readonly largestBytes: number;
  /** Drops events that have not left, the oldest first, until so many bytes are free. */
  dropEvents(bytes: number): { readonly events: number; readonly bytes: number };
}

export interface SlowHoldings {
  /** How much may wait; it may change. */
  readonly maxQueuedBytes: number;
  /** Whether it is this peer that has too much with so many bytes, and not others who leave it less. */
  isToBlame(waitingBytes: number): boolean;
}

export interface SlowPeerOptions {
  readonly policy: SlowPeerPolicy;
  readonly holdings: SlowHoldings;
  /** From here on senders are told to wait. */
  readonly highWaterMarkBytes: number;
  readonly queue: SlowQueue;
  /** Bytes that were accepted and wait. */
  readonly waitingBytes: () => number;
  /** Events were dropped. */
  readonly onDropped: (events: number, bytes: number) => void;
  /** The peer is to be cut. */
  readonly onTooSlow: (error: MyelinError) => void;
}

/** So much is dropped at once: one by one would go through the queue for every event. */
const droppedShare = 1 / 16;

export class SlowPeer {
  readonly #options: SlowPeerOptions;
  #isCatchingUp = false;

  constructor(options: SlowPeerOptions) {
    this.#options = options;
  }

  /** What is sent at this moment was accepted before. */
  get isCatchingUp(): boolean {
    return this.#isCatchingUp;
  }

  /** Runs what sends messages that were accepted before: none of them is too much. */
  catchUp(run: () => void): void {
    this.#isCatchingUp = true;
    try {
      run();
    } finally {
      this.#isCatchingUp = false;
    }
  }

  /**
   * From here on senders are told to wait: before anything is refused or dropped, however little may
   * wait, or `post` would be refused where it says that it waits.
   */
  highWaterMark(most: number = this.#options.holdings.maxQueuedBytes): number {
    return Math.min(this.#options.highWaterMarkBytes, most / 2);
  }

  /** Bytes that were accepted and wait, as it reckons them. */
  get waitingBytes(): number {
    return this.#options.waitingBytes();
  }

  /**
   * @param bytes of what is to be added, where that may be much
   * @param most that may wait
   */
  isFull(bytes: number = 0, most: number = this.#options.holdings.maxQueuedBytes): boolean {
    if (this.#isCatchingUp) return false;
    const { queue } = this.#options;
    const all = this.waitingBytes + bytes;
    if (all < most) return false;
    // One message may be larger than all of this: it lets the others past, but not another such.
    const largest = queue.largestBytes;
    return all - (2 * bytes > most ? Math.max(largest, bytes) : largest) >= most;
  }

  /** What waits beside the largest message, which may always be there. */
  get #apart(): number {
    return this.waitingBytes - this.#options.queue.largestBytes;
  }

  /**
   * There is too much already.
   * @param added bytes of the event, where that may be much
   * @param all bytes of the event, for whoever is told that it was dropped
   * @param isForMany as `EventPast`
   * @returns whether one more event may be added; false: it was dropped
   * @throws {MyelinError} `ERR_QUEUE_FULL`, `ERR_SLOW_PEER`
   */
  admitsEvent(added: number, all: number, isForMany: boolean = false): boolean {
    const { holdings, onDropped, policy, queue } = this.#options;
    switch (policy) {
      case "drop-newest":
        onDropped(1, all);
        return false;
      case "drop-oldest": {
        const share = holdings.maxQueuedBytes * droppedShare;
        const { bytes, events } = queue.dropEvents(Math.max(share, added));
        // All that waits may be on its way already, or may be no events.
        const hasRoom = events > 0 && (added === 0 || !this.isFull(added));
        if (hasRoom) onDropped(events, bytes);
        else onDropped(events + 1, bytes + all);
        return hasRoom;
      }
      case "disconnect":
      case "wait": {
        const isToBlame = holdings.isToBlame(this.#apart + added);
        if (isToBlame && (isForMany || policy === "disconnect")) throw this.#tooSlow();
        if (!isForMany) throw this.full(added);
        onDropped(1, all);
        return false;
      }
    }
  }

  /** @param added as for `admitsEvent` */
  full(added: number = 0): MyelinError {
    const { holdings } = this.#options;
    const { maxQueuedBytes } = holdings;
    const message = holdings.isToBlame(this.#apart + added)
      ? `more than ${maxQueuedBytes} bytes wait for the peer`
      : `no more than ${maxQueuedBytes} bytes may wait for the peer: others have the rest of maxBufferedBytes`;
    return new MyelinError("ERR_QUEUE_FULL", message);
  }

  tooManyCalls(): MyelinError {
    return new MyelinError("ERR_QUEUE_FULL", "too many calls wait for the peer's answers");
  }

  /** Has it cut. */
  #tooSlow(): MyelinError {
    const { holdings, onTooSlow } = this.#options;
    const message = `the peer does not read: more than ${holdings.maxQueuedBytes} bytes wait for it`;
    const error = new MyelinError("ERR_SLOW_PEER", message);
    onTooSlow(error);
    return error;
  }
}
