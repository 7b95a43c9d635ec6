/** A queue whose front goes at once, however long it is: shifting an array moves all that is behind. */
export class Fifo<Item> {
  #items: (Item | undefined)[] = [];
  /** Those in front of it have gone: they are cut off together. */
  #next = 0;

  get size(): number {
    return this.#items.length - this.#next;
  }

  get first(): Item | undefined {
    return this.#items[this.#next];
  }

  get last(): Item | undefined {
    return this.#next < this.#items.length ? this.#items[this.#items.length - 1] : undefined;
  }

  /** The one so far behind the first, which is at 0. */
  at(index: number): Item | undefined {
    return this.#items[this.#next + index];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** Puts them in front of all others, where they were before they were taken out. */
  unshift(items: readonly Item[]): void {
    if (items.length > this.#next) {
      this.#items = [...items, ...this.toArray()];
      this.#next = 0;
      return;
    }
    this.#next -= items.length;
    for (const [index, item] of items.entries()) this.#items[this.#next + index] = item;
  }

  /** The first, which is in the queue no more. */
  shift(): Item | undefined {
    const { length } = this.#items;
    if (this.#next === length) return undefined;
    // Most queues never have more than one: it goes, and the room for it stays.
    if (length === 1) return this.#items.pop();
    const item = this.#items[this.#next];
    // It may be large, and whoever has it now is done with it sooner than this is cut off.
    this.#items[this.#next] = undefined;
    this.#next += 1;
    // Cutting off costs the length of the rest: so it is done when there is more to cut than to keep.
    if (this.#next * 2 >= this.#items.length) {
      this.#items = this.#next === this.#items.length ? [] : this.#items.slice(this.#next);
      this.#next = 0;
    }
    return item;
  }

  /** Takes out those of which it is true, asked from the front to the back. */
  remove(isGone: (item: Item) => boolean): void {
    this.#items = this.toArray().filter((item) => !isGone(item));
    this.#next = 0;
  }

  toArray(): Item[] {
    return this.#items.slice(this.#next) as Item[];
  }

  /** All of them; it is empty then. */
  takeAll(): Item[] {
    const items = this.toArray();
    this.clear();
    return items;
  }

  clear(): void {
    this.#items = [];
    this.#next = 0;
  }

  *[Symbol.iterator](): IterableIterator<Item> {
    for (let index = this.#next; index < this.#items.length; index += 1) {
      yield this.#items[index] as Item;
    }
  }
}
