/**
 * Waits until everything that a peer accepted before is acknowledged, over as many sessions as that
 * takes. What waits for a connection is not flushed before there is one.
 */
import type { Conversation } from "../conversation.ts";
import { closedError } from "../session-end.ts";

export interface PeerFlushesOptions {
  /** The session that stands, or waits for its connection. */
  readonly session: () => Conversation | undefined;
  /** Something was accepted that goes into a later session than this one. */
  readonly waitsForAnother: () => boolean;
  readonly isClosed: () => boolean;
}

/** One that waits. */
export interface PeerFlush {
  /** @throws {MyelinError} `ERR_UNDELIVERED`, `ERR_CLOSED` */
  readonly done: Promise<void>;
  /** Nobody waits for it any more. */
  readonly giveUp: () => void;
}

interface Waiter {
  readonly resolve: (isDone: boolean) => void;
  readonly reject: (reason: unknown) => void;
}

export class PeerFlushes {
  readonly #options: PeerFlushesOptions;
  /** Those who wait for another session. */
  readonly #waiting = new Set<() => void>();
  /** Those who wait for the flush of a session: who gives up is forgotten, however long that takes. */
  readonly #joined = new WeakMap<Promise<boolean>, Set<Waiter>>();

  constructor(options: PeerFlushesOptions) {
    this.#options = options;
  }

  /** Those who wait for another session. */
  get waiting(): number {
    return this.#waiting.size;
  }

  add(): PeerFlush {
    // Whatever waits for this is let go of with it.
    let giveUp = (): void => {};
    const change = (): Promise<void> =>
      new Promise((resolve) => {
        this.#waiting.add(resolve);
        giveUp = () => void this.#waiting.delete(resolve);
      });
    const join = (flush: Promise<boolean>): Promise<boolean> =>
      new Promise((resolve, reject) => {
        const waiters = this.#waitersOf(flush);
        const waiter = { resolve, reject };
        waiters.add(waiter);
        giveUp = () => void waiters.delete(waiter);
      });
    return { done: this.#flush(change, join), giveUp: () => giveUp() };
  }

  /** A session began or ended, or nothing waits for one any more. */
  changed(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const goOn of waiting) goOn();
  }

  #waitersOf(flush: Promise<boolean>): Set<Waiter> {
    const known = this.#joined.get(flush);
    if (known !== undefined) return known;
    const waiters = new Set<Waiter>();
    this.#joined.set(flush, waiters);
    flush.then(
      (isDone) => {
        for (const { resolve } of waiters) resolve(isDone);
      },
      (reason: unknown) => {
        for (const { reject } of waiters) reject(reason);
      },
    );
    return waiters;
  }

  async #flush(
    change: () => Promise<void>,
    join: (flush: Promise<boolean>) => Promise<boolean>,
  ): Promise<void> {
    const { isClosed, session, waitsForAnother } = this.#options;
    let flushed: Conversation | undefined;
    for (;;) {
      const current = session();
      if (current === undefined || current === flushed) {
        if (isClosed()) throw closedError();
        // Everything accepted before is acknowledged, or was told to be lost.
        if (current === undefined && !waitsForAnother()) return;
        await change();
        continue;
      }
      const isAll = !waitsForAnother();
      // A session that ends may have sent nothing of it: all of it goes into the next one then.
      const isDone = await join(current.flush());
      if (isDone && isAll) return;
      // What waited may have gone into this very session, whose flush was asked for amid that.
      flushed = isDone && !waitsForAnother() ? undefined : current;
    }
  }
}
