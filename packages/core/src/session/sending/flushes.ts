/** Waits until what was accepted before has been acknowledged. */
import type { MyelinError } from "../../errors.ts";
import { Fifo } from "../../fifo.ts";
import type { Mark } from "./departures.ts";
import type { Outbox } from "./outbox.ts";

class Flush {
  /** What was accepted before. */
  readonly mark: Mark;
  /** The counted frames in which it left, once all of it has. */
  frames: number | undefined;
  readonly done: Promise<boolean>;
  resolve: (isDone: boolean) => void = () => {};
  reject: (error: MyelinError) => void = () => {};

  constructor(mark: Mark) {
    this.mark = mark;
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

export class Flushes {
  readonly #outbox: Outbox;
  readonly #waiting = new Fifo<Flush>();
  #end: { readonly error: MyelinError | undefined; readonly isMoved: boolean } | undefined;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /**
   * Resolves to false when the session ended before, nothing of it was lost, and what had not left goes
   * into another one. Those between whom nothing was accepted get the same promise.
   */
  add(): Promise<boolean> {
    this.#outbox.flush();
    const { last } = this.#waiting;
    if (last?.mark.serial === this.#outbox.serial) return last.done;
    const flush = new Flush(this.#outbox.mark());
    this.#waiting.push(flush);
    // Sending that may have been too much for the session.
    if (this.#end === undefined) this.check();
    else this.end(this.#end.error, this.#end.isMoved);
    return flush.done;
  }

  /** Something left, or was acknowledged. */
  check(): void {
    if (this.#waiting.size === 0) return;
    const { sent } = this.#outbox;
    let asks = false;
    // They were added in order, so they are done in order.
    for (let { first } = this.#waiting; first !== undefined; first = this.#waiting.first) {
      if (first.frames === undefined) {
        if (first.mark.unsent > 0) break;
        first.frames = sent.sent;
        asks = true;
      }
      if (sent.acknowledged < first.frames) break;
      this.#waiting.shift();
      first.resolve(true);
    }
    if (asks && this.#waiting.size > 0) this.#outbox.askForAcknowledgement();
  }

  /**
   * The session is over.
   * @param error something did not arrive, or may not have
   * @param isMoved something goes into another session
   */
  end(error: MyelinError | undefined, isMoved: boolean): void {
    this.#end = { error, isMoved };
    for (const each of this.#waiting.takeAll()) {
      if (error === undefined) each.resolve(!isMoved);
      else each.reject(error);
    }
  }
}
