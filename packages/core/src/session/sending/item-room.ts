/**
 * How much of all streams of a session may wait for its connection, or be kept to be sent again. Whoever
 * pulls has credit: what it gives leaves as fast as the peer reads, and those who wait for room go on
 * then, in their order.
 */
import type { Clock } from "../../clock.ts";
import type { Fragments } from "./message-frames.ts";
import type { Puller } from "./turn-share.ts";

export interface ItemRoomOptions {
  readonly clock: Pick<Clock, "setImmediate">;
  /** Of less than so many bytes any stream may have several items that wait. */
  readonly plentyBytes: number;
  /** Bytes that were handed on and that the peer may not have, items or not. */
  readonly underWayBytes: () => number;
  /** With those, items have no more. */
  readonly maxBytes: () => number;
  /** So much more waits that others are to know. */
  readonly onMore: () => void;
}

/** So much more is told at once. */
const toldBytes = 4 * 1024;

export class ItemRoom {
  readonly #options: ItemRoomOptions;
  readonly #waiting = new Set<Puller>();
  readonly #large = new Set<Fragments>();
  #bytes = 0;
  /** What was told of them. */
  #toldBytes = 0;
  #isScheduled = false;

  constructor(options: ItemRoomOptions) {
    this.#options = options;
  }

  /** Bytes of items that wait, of all streams. */
  get bytes(): number {
    return this.#bytes;
  }

  get plentyBytes(): number {
    return this.#options.plentyBytes;
  }

  get hasPlenty(): boolean {
    return this.#bytes < this.#options.plentyBytes;
  }

  /** Nothing more is pulled for now. */
  get isFull(): boolean {
    const { maxBytes, underWayBytes } = this.#options;
    const used = this.#bytes + underWayBytes();
    return used > 0 && used >= maxBytes();
  }

  /** Bytes of the largest that is fragmented and has not left whole. Looks at each of them. */
  get largestBytes(): number {
    let largest = 0;
    for (const { message } of this.#large) largest = Math.max(largest, message.body.length);
    return largest;
  }

  /** More waits, or less. */
  hold(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < this.#toldBytes) this.#toldBytes = this.#bytes;
  }

  /** An item was added: what all sessions have room for is less. The session may be over then. */
  tell(): void {
    if (this.#bytes - this.#toldBytes < toldBytes) return;
    this.#toldBytes = this.#bytes;
    this.#options.onMore();
  }

  /** One that is fragmented waits, or a part of it. */
  holdLarge(large: Fragments): void {
    this.#large.add(large);
  }

  /** All of it has left, or nothing more will. */
  letGoLarge(large: Fragments): void {
    this.#large.delete(large);
  }

  /** `goOn` is called when there is room. To be called when it is full. */
  await(puller: Puller): void {
    this.#waiting.add(puller);
  }

  /** It wants nothing more. */
  forget(puller: Puller): void {
    this.#waiting.delete(puller);
  }

  /** Something has left, or has arrived. Whoever waits goes on in a turn of its own: this is amid sending. */
  check(): void {
    if (this.#waiting.size === 0 || this.#isScheduled || this.isFull) return;
    this.#isScheduled = true;
    this.#options.clock.setImmediate(() => {
      this.#isScheduled = false;
      for (const puller of this.#waiting) {
        if (this.isFull) return;
        this.#waiting.delete(puller);
        puller.goOn();
      }
    });
  }
}
