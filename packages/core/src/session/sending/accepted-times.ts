/**
 * Since when messages have waited, to within some milliseconds: an event that has waited for too long is
 * old news. One that was accepted without a connection waits from then on, any other from when the
 * connection that had not taken it was gone; connections that come and do not take it either change
 * nothing. Nobody looks at the clock while there is one.
 */

/** What was accepted behind this number was accepted then; Infinity: over a connection. */
interface Stretch {
  readonly behind: number;
  at: number;
}

/** All that is accepted within so many milliseconds is of one age. */
const grainMs = 10;

export class AcceptedTimes {
  #stretches: Stretch[] = [{ behind: 0, at: Number.POSITIVE_INFINITY }];

  /** The connection is gone: what has not left waits from now on. `oldest`: the first of that. */
  detached(oldest: number, now: number): void {
    this.#stretches.splice(0, this.#indexOf(oldest));
    for (const each of this.#stretches) each.at = Math.min(each.at, now);
  }

  /**
   * What is accepted from now on waits since then: since now without a connection, or since earlier in a
   * session before this one; Infinity: not yet.
   * @param serial of what was accepted last
   * @returns whether that is another time than before
   */
  date(serial: number, at: number): boolean {
    const last = this.#stretches.at(-1)?.at ?? 0;
    if (last === at || Math.abs(last - at) < grainMs) return false;
    this.#stretches.push({ behind: serial, at });
    return true;
  }

  /** Since when the one of this number has waited for a connection. */
  of(serial: number, now: number): number {
    return Math.min(this.#stretches[this.#indexOf(serial)]?.at ?? now, now);
  }

  /** Of the stretch that it belongs to: the last that begins before it. */
  #indexOf(serial: number): number {
    let from = 0;
    let to = this.#stretches.length - 1;
    while (from < to) {
      const middle = (from + to + 1) >> 1;
      if ((this.#stretches[middle] as Stretch).behind < serial) from = middle;
      else to = middle - 1;
    }
    return from;
  }
}
