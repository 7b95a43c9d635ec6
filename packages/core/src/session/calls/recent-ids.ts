/** Numbers of calls, as many as are worth to be remembered: of more, the oldest are forgotten, half at a time. */
export class RecentIds {
  readonly #most: number;
  #recent = new Set<number>();
  #older = new Set<number>();

  /** @param most at least so many are remembered, and no more than twice as many */
  constructor(most: number) {
    this.#most = most;
  }

  add(id: number): void {
    this.#recent.add(id);
    if (this.#recent.size < this.#most) return;
    // One by one would look for the oldest among all those that have gone.
    this.#older = this.#recent;
    this.#recent = new Set();
  }

  /** @returns whether it was remembered */
  delete(id: number): boolean {
    return this.#recent.delete(id) || this.#older.delete(id);
  }
}
