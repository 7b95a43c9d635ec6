/** What all streams that this side of a session consumes have in common: windows, and their sum. */
import type { Clock } from "../../clock.ts";
import type { SessionTerms } from "../session-options.ts";
import type { ParsedItems } from "./parsed-items.ts";

/** One of those streams. */
export interface Credited {
  /** Gives its producer the credit that is due. */
  giveCredit(): void;
}

export interface InboundItemsOptions {
  readonly ours: Pick<SessionTerms, "streamWindowBytes" | "maxFrameBytes">;
  readonly maxStreamWindowBytes: number;
  /** What may arrive from this peer when there is little memory left. */
  readonly shareBytes: () => number;
  /** Whether more is held for this peer than there is memory for; `release` is called when it is not. */
  readonly isHeldBack: () => boolean;
  /** What of all peers waits as objects. */
  readonly parsed: ParsedItems;
  /** Items were asked for, or are not wanted. */
  readonly onFreed: () => void;
  /** The measured round trip, in milliseconds; undefined when nobody has measured it. */
  readonly roundTripMs: () => number | undefined;
  readonly clock: Clock;
}

export class InboundItems {
  /** Bytes of items that have arrived and were not asked for. */
  bytes = 0;
  /** What a producer may send at first. */
  readonly windowBytes: number;
  /** What a producer may be wrong by: it learns the exact size of a frame when that is complete. */
  readonly toleranceBytes: number;
  readonly #options: InboundItemsOptions;
  readonly #withheld = new Set<Credited>();
  /** Streams that are not over. */
  #open = 0;
  /** Those of them whose windows have grown, and by how much. */
  #grown = 0;
  #grownBytes = 0;
  #parsedBytes = 0;
  #isClosed = false;

  constructor(options: InboundItemsOptions) {
    const { maxFrameBytes, streamWindowBytes } = options.ours;
    this.#options = options;
    this.windowBytes = streamWindowBytes;
    this.toleranceBytes = 4 * maxFrameBytes;
  }

  /**
   * What the producer of one more may send at first: a window, or one item where the windows of those that
   * are open come to half of what may arrive from this peer. Nobody may be reading them.
   */
  get firstCredit(): number {
    const isMuch = 2 * this.#open * this.windowBytes >= this.#options.shareBytes();
    return isMuch ? 1 : this.windowBytes;
  }

  /**
   * The window of a stream is to be so large instead. All of them together grow to half of what may arrive
   * from this peer, or it would be ended for what it was given credit for: beside a first window of each
   * there is an equal part for all that have grown. One that nobody reads keeps what it had before others
   * grew: with those, all come to no more than may arrive.
   * @returns how large it is then: never less than it began with
   */
  resize(window: number, wanted: number): number {
    const { windowBytes } = this;
    if (wanted <= windowBytes) return window;
    const { maxStreamWindowBytes, shareBytes } = this.#options;
    if (window <= windowBytes) this.#grown += 1;
    const firsts = this.#open * windowBytes;
    const rest = Math.max(0, shareBytes() / 2 - firsts);
    const part = windowBytes + Math.floor(rest / this.#grown);
    const left = Math.floor(shareBytes()) - firsts - this.#grownBytes + window;
    const size = Math.max(windowBytes, Math.min(wanted, maxStreamWindowBytes, part, left));
    if (size <= windowBytes) this.#grown -= 1;
    this.#grownBytes += size - window;
    return size;
  }

  /** A stream begins: `forget` is called when it is over. */
  begin(): void {
    this.#open += 1;
  }

  /** Whether so many bytes of items are to be kept as they had come. */
  keeps(bytes: number): boolean {
    return this.#options.parsed.isMuchWith(bytes);
  }

  /** So many bytes of items have arrived. */
  add(bytes: number, areKept: boolean): void {
    this.bytes += bytes;
    if (!areKept) this.parsed(bytes);
  }

  /** So many bytes of items are there as objects, or are not any more. */
  parsed(bytes: number): void {
    if (this.#isClosed) return;
    this.#parsedBytes += bytes;
    this.#options.parsed.bytes += bytes;
  }

  /** The session is over. Whoever has a stream of it may read the rest, or has forgotten it: nobody is told. */
  close(): void {
    this.parsed(-this.#parsedBytes);
    this.#isClosed = true;
  }

  /** So many bytes of items were asked for, or are not wanted. */
  free(bytes: number, areKept: boolean): void {
    this.bytes -= bytes;
    if (!areKept) this.parsed(-bytes);
    this.#options.onFreed();
  }

  /** Milliseconds, by which a stream measures how fast it is read. */
  now(): number {
    return this.#options.clock.now();
  }

  /**
   * Whether a stream of which a whole window was consumed in so many milliseconds waits for the way:
   * with a window of what is on the way within a round trip its producer has none left when news of
   * more is still on its way to it, and with twice as much it has.
   */
  isHeldUp(windowMs: number): boolean {
    const roundTripMs = this.#options.roundTripMs();
    return roundTripMs !== undefined && windowMs < 2 * roundTripMs;
  }

  /** Whether a stream may have credit now; if not, it is asked again when it may. */
  admits(stream: Credited): boolean {
    if (!this.#options.isHeldBack()) return true;
    this.#withheld.add(stream);
    return false;
  }

  /** There is memory again. */
  release(): void {
    const withheld = [...this.#withheld];
    this.#withheld.clear();
    for (const each of withheld) each.giveCredit();
  }

  /** A stream is over, and its window was so large. */
  forget(stream: Credited, window: number): void {
    this.#open -= 1;
    if (window > this.windowBytes) this.#grown -= 1;
    this.#grownBytes -= window - this.windowBytes;
    this.#withheld.delete(stream);
  }
}
