/**
 * Items that were parsed and that nobody has asked for yet, of all streams of an endpoint. They count as
 * what they had on the wire, and JSON may take fifteen times as much in memory (`[[],[],…]`): of more than
 * a part of the budget the text is kept instead, and parsed again when it is asked for.
 */
export class ParsedItems {
  readonly #mostBytes: number;
  /** What they had on the wire. */
  bytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Whether so many more bytes are too much. */
  isMuchWith(bytes: number): boolean {
    return this.bytes + bytes > this.#mostBytes;
  }
}

/** Where items came from. */
export class ItemsSource {
  readonly #body: Buffer;
  readonly #isOwn: boolean;
  readonly #parse: (body: Buffer) => readonly unknown[];

  /** @param isOwn nobody changes these bytes; otherwise they are there as long as the items are handed on */
  constructor(body: Buffer, isOwn: boolean, parse: (body: Buffer) => readonly unknown[]) {
    this.#body = body;
    this.#isOwn = isOwn;
    this.#parse = parse;
  }

  /** @returns what parses them again; until then it takes what they had on the wire */
  keep(): () => readonly unknown[] {
    const body = this.#isOwn ? this.#body : Buffer.from(this.#body);
    const parse = this.#parse;
    return () => parse(body);
  }
}
