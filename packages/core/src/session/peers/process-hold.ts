/**
 * Whether the process waits for an endpoint: from the start, until `unref()`; and after that as long
 * as somebody waits for an answer, a stream, a flush or a close.
 */
export class ProcessHold {
  readonly #apply: (isHeld: boolean) => void;
  #isUnref = false;
  #waiting = 0;

  /** @param apply called whenever it changes */
  constructor(apply: (isHeld: boolean) => void) {
    this.#apply = apply;
  }

  get isHeld(): boolean {
    return !this.#isUnref || this.#waiting > 0;
  }

  ref(): void {
    this.#isUnref = false;
    this.#apply(true);
  }

  unref(): void {
    this.#isUnref = true;
    this.#apply(this.isHeld);
  }

  /** Somebody waits. */
  add(): void {
    this.#waiting += 1;
    if (this.#isUnref && this.#waiting === 1) this.#apply(true);
  }

  remove(): void {
    this.#waiting -= 1;
    if (this.#isUnref && this.#waiting === 0) this.#apply(false);
  }

  /** The process waits for this. */
  async during(waiting: Promise<void>): Promise<void> {
    this.add();
    try {
      await waiting;
    } finally {
      this.remove();
    }
  }
}
