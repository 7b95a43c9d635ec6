/**
 * Where the opening of a call was put, for as long as it may have to be taken back. A cancel overtakes
 * whatever waits to be sent: for a call that waits itself it would come before there is anything to
 * cancel, so such a call is marked instead, and the peer does not start it.
 */
import { frameHeaderBytes } from "../../framing/length-prefix.ts";
import type { EntryWriter } from "../messages/entry-writer.ts";
import type { Batch } from "../sending/batch.ts";
import type { SingleFrame } from "../sending/message-frames.ts";
import { tagBits } from "../wire.ts";

export interface CallPlace {
  /**
   * The peer is not to start the call.
   * @param cancel tells it so: called as soon as it has the call, unless the mark is in time.
   * @returns whether the mark is in time, so that the call certainly does not run.
   */
  abandon(cancel: () => void): boolean;
  /** Calls back when all of it has left. */
  whenLeft(run: () => void): void;
  /** The counted frame with which all of it has left; 0 until then. */
  readonly frameNumber: number;
}

/** In a batch, among others. */
export class BatchPlace implements CallPlace {
  readonly #batch: Batch;
  readonly #at: number;

  constructor(batch: Batch, at: number) {
    this.#batch = batch;
    this.#at = at;
  }

  get frameNumber(): number {
    return this.#batch.number;
  }

  abandon(cancel: () => void): boolean {
    this.#batch.abandon(this.#at);
    if (!this.#batch.hasLeft) return true;
    cancel();
    return false;
  }

  whenLeft(run: () => void): void {
    this.#batch.whenLeft(run);
  }
}

/** With data of its own, in one frame or in several. */
export class MessagePlace implements CallPlace {
  readonly #entry: EntryWriter;
  #single: SingleFrame | undefined;
  #last: SingleFrame | undefined;
  /** It waits, and nobody needs its data any more. */
  onAbandoned: (() => void) | undefined;
  #isBegun = false;
  #isWhole = false;
  readonly #whenLeft: (() => void)[] = [];

  constructor(entry: EntryWriter) {
    this.#entry = entry;
  }

  get frameNumber(): number {
    return this.#last?.number ?? 0;
  }

  abandon(cancel: () => void): boolean {
    const frame = this.#single?.frame;
    this.#entry.abandon(0);
    if (frame !== undefined && frame.length > 0) {
      frame[frameHeaderBytes] = (frame[frameHeaderBytes] as number) | tagBits.abandoned;
    }
    if (!this.#isBegun) {
      if (frame === undefined) this.onAbandoned?.();
      return true;
    }
    this.whenLeft(cancel);
    return false;
  }

  whenLeft(run: () => void): void {
    if (this.#isWhole) run();
    else this.#whenLeft.push(run);
  }

  /** It was put into this frame, which has not left. */
  framed(single: SingleFrame): void {
    this.#single = single;
    this.#last = single;
    single.onLeft = () => this.leaves(true);
  }

  /** Its last part is in this frame, which is about to leave. */
  endsIn(last: SingleFrame): void {
    this.#last = last;
  }

  /** A part of it leaves. */
  leaves(isLast: boolean): void {
    this.#isBegun = true;
    // It knows the data.
    this.onAbandoned = undefined;
    if (!isLast) return;
    this.#isWhole = true;
    for (const run of this.#whenLeft.splice(0)) queueMicrotask(run);
  }
}
