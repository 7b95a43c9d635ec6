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

export class PeerFlushes {
  readonly #options: PeerFlushesOptions;
  /** Those who wait for another session. */
  readonly #waiting = new Set<() => void>();

  constructor(options: PeerFlushesOptions) {
    this.#options = options;
  }

  /** Those who wait for another session. */
  get waiting(): number {
    return this.#waiting.size;
  }

  add(): PeerFlush {
    let goOn: (() => void) | undefined;
    const change = (): Promise<void> =>
      new Promise((resolve) => {
        goOn = resolve;
        this.#waiting.add(resolve);
      });
    const giveUp = (): void => {
      // Whatever waits for this is let go of with it.
      if (goOn !== undefined) this.#waiting.delete(goOn);
    };
    return { done: this.#flush(change), giveUp };
  }

  /** A session began or ended, or nothing waits for one any more. */
  changed(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const goOn of waiting) goOn();
  }

  async #flush(change: () => Promise<void>): Promise<void> {
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
      const isDone = await current.flush();
      if (isDone && isAll) return;
      flushed = current;
    }
  }
}
