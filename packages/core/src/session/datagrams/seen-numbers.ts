/**
 * Which numbered datagrams have been taken: a network may bring one twice, much later, and an event is
 * at most once. What is older than all that is remembered counts as taken.
 */

/** Datagrams may overtake each other by less than this. */
const remembered = 1_024;

export class SeenNumbers {
  /** One bit for each of the last numbers, in a ring. */
  readonly #bits = new Uint32Array(remembered / 32);
  #highest = 0;

  /** @returns whether it is the first of its number. */
  take(number: number): boolean {
    if (number > this.#highest) this.#advance(number);
    else if (number <= this.#highest - remembered) return false;
    const slot = number % remembered;
    const word = slot >>> 5;
    const bit = 1 << (slot & 31);
    const before = this.#bits[word] as number;
    if ((before & bit) !== 0) return false;
    this.#bits[word] = before | bit;
    return true;
  }

  /** The numbers in between have not been seen. */
  #advance(number: number): void {
    if (number - this.#highest >= remembered) {
      this.#bits.fill(0);
    } else {
      for (let next = this.#highest + 1; next <= number; next += 1) {
        const slot = next % remembered;
        (this.#bits[slot >>> 5] as number) &= ~(1 << (slot & 31));
      }
    }
    this.#highest = number;
  }
}
