/**
 * Counts what was accepted and has not left whole. Messages overtake one another, so that the oldest
 * of those that wait says nothing about the others: whoever waits for all that was accepted up to a
 * moment has that counted from there on.
 */
import { Fifo } from "../../fifo.ts";

/** A moment, and how much of what was accepted before has not left. */
export interface Mark {
  /** The number of what was accepted last. */
  readonly serial: number;
  /** How much has not left of what was accepted since the mark before this one. */
  unsent: number;
}

export class Departures {
  readonly #marks = new Fifo<Mark>();
  #serial = 0;
  #unsent = 0;
  /** How much of that was accepted before the last mark. */
  #marked = 0;

  /** The number of what was accepted last. */
  get serial(): number {
    return this.#serial;
  }

  /** Something was accepted. @returns its number */
  readonly accept = (): number => {
    this.#unsent += 1;
    this.#serial += 1;
    return this.#serial;
  };

  /** The one of this number has left, or never will. */
  leave(serial: number): void {
    this.#unsent -= 1;
    const { last } = this.#marks;
    if (last === undefined || serial > last.serial) return;
    const mark = this.#firstFrom(serial);
    mark.unsent -= 1;
    this.#marked -= 1;
    while (this.#marks.first?.unsent === 0) this.#marks.shift();
  }

  /** Marks this moment. What was accepted before it has left when none of its marks has any unsent. */
  mark(): Mark {
    const mark = { serial: this.#serial, unsent: this.#unsent - this.#marked };
    if (this.#unsent === 0) return mark;
    this.#marks.push(mark);
    this.#marked = this.#unsent;
    return mark;
  }

  /** The mark that counts the one of this number; the last one is not before it. */
  #firstFrom(serial: number): Mark {
    let from = 0;
    let to = this.#marks.size - 1;
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#marks.at(middle) as Mark).serial < serial) from = middle + 1;
      else to = middle;
    }
    return this.#marks.at(from) as Mark;
  }
}
