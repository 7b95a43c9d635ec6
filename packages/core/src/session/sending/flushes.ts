/** Waits until what was accepted before has been acknowledged. */
import type { MyelinError } from "../../errors.ts";
import type { Outbox } from "./outbox.ts";

interface Flush {
  /** Everything accepted up to this serial number. */
  readonly serial: number;
  /** The counted frames in which it left, once all of it has. */
  frames: number | undefined;
  readonly resolve: (isDone: boolean) => void;
  readonly reject: (error: MyelinError) => void;
}

export class Flushes {
  readonly #outbox: Outbox;
  readonly #waiting: Flush[] = [];

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** Resolves to false when the session ended before, and nothing of it was lost. */
  add(): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#outbox.flush();
      this.#waiting.push({ serial: this.#outbox.serial, frames: undefined, resolve, reject });
      this.check();
    });
  }

  /** Something left, or was acknowledged. */
  check(): void {
    if (this.#waiting.length === 0) return;
    const { oldestUnsent, sent } = this.#outbox;
    let asks = false;
    // They were added in order, so they are done in order.
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (first.frames === undefined) {
        if (oldestUnsent <= first.serial) break;
        first.frames = sent.sent;
        asks = true;
      }
      if (sent.acknowledged < first.frames) break;
      this.#waiting.shift();
      first.resolve(true);
    }
    if (asks && this.#waiting.length > 0) this.#outbox.askForAcknowledgement();
  }

  /** The session is over. `error`: something did not arrive, or may not have. */
  end(error: MyelinError | undefined): void {
    for (const each of this.#waiting.splice(0)) {
      if (error === undefined) each.resolve(false);
      else each.reject(error);
    }
  }
}
