/**
 * How much of all streams of a session may wait for its connection, or be kept to be sent again. Whoever
 * pulls has credit: what it gives leaves as fast as the peer reads, and those who wait for room go on
 * then, in their order.
 */
import type { Clock } from "../../clock.ts";
import type { SharedBodies } from "../held-bodies.ts";
import { stepBytes } from "../holdings.ts";
import { type KeptItem, KeptItems } from "../streams/kept-items.ts";
import type { Fragments } from "./message-frames.ts";
import type { Puller } from "./turn-share.ts";

export interface ItemRoomOptions {
  readonly clock: Pick<Clock, "setImmediate">;
  /** Told of large bodies that wait, which are not copied. */
  readonly bodies: SharedBodies;
  /** What the sources of all sessions have given without room for it, and how much that may be. */
  readonly allKept: KeptItems;
  readonly maxKeptBytes: number;
  /** Of less than so many bytes any stream may have several items that wait. */
  readonly plentyBytes: number;
  /** Bytes that were handed on and that the peer may not have, items or not. */
  readonly underWayBytes: () => number;
  /** With those, items have no more. */
  readonly maxBytes: () => number;
  /** So much more waits, or was given without room for it, that others are to know. */
  readonly onMore: () => void;
}

export class ItemRoom {
  readonly #options: ItemRoomOptions;
  readonly #waiting = new Set<Puller>();
  /** Who waits no more, and goes on at this moment. */
  #next: Puller | undefined;
  readonly #large = new Set<Fragments>();
  #bytes = 0;
  #borrowedBytes = 0;
  readonly #kept = new KeptItems();
  /** What was told of them. */
  #toldBytes = 0;
  #isScheduled = false;
  #isOver = false;

  constructor(options: ItemRoomOptions) {
    this.#options = options;
  }

  /** Bytes of items that wait, of all streams. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Those of them that are in bodies which are not copied. */
  get borrowedBytes(): number {
    return this.#borrowedBytes;
  }

  /** Bytes of items that sources have given without room for them. */
  get keptBytes(): number {
    return this.#kept.bytes;
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

  /** Whether it is to wait: for room, or behind those who do. */
  mustWait(puller: Puller): boolean {
    return this.isFull || (this.#waiting.size > 0 && puller !== this.#next);
  }

  /** Bytes of the largest that is fragmented and has not left whole. Looks at each of them. */
  get largestBytes(): number {
    let largest = 0;
    for (const { message } of this.#large) largest = Math.max(largest, message.body.length);
    return largest;
  }

  /** More waits, or less. */
  hold(bytes: number, borrowedBytes: number = 0): void {
    if (this.#isOver) return;
    this.#bytes += bytes;
    this.#borrowedBytes += borrowedBytes;
    if (this.#bytes < this.#toldBytes) this.#toldBytes = this.#bytes;
  }

  /**
   * Whether one more that has no room is too much. All have room for twice what they may, where each session
   * may have an equal part, and one item: who has more than that leaves others theirs.
   */
  isTooMuch(item: KeptItem): boolean {
    const { allKept, maxKeptBytes } = this.#options;
    const all = allKept.bytesWith(item);
    const own = this.#kept.bytes;
    if (all <= maxKeptBytes || all === allKept.bytes) return false;
    if (own === 0 && item.bytes < stepBytes) return false;
    // One that is larger than that is not refused for its size alone.
    if (all > 2 * maxKeptBytes) return allKept.bytes > 0;
    return own > 0 && this.#kept.bytesWith(item) > maxKeptBytes / allKept.keepers;
  }

  /** One more was given without room for it. The session may be over then. */
  keep(item: KeptItem): void {
    if (item.bytes === 0) return;
    const { allKept, onMore } = this.#options;
    if (this.#kept.bytes === 0) allKept.keepers += 1;
    this.#kept.keep(item);
    allKept.keep(item);
    onMore();
  }

  /** There is room for it, or it is not wanted any more: also when the session is over. */
  letGo(item: KeptItem): void {
    if (item.bytes === 0) return;
    const { allKept } = this.#options;
    this.#kept.letGo(item);
    allKept.letGo(item);
    if (this.#kept.bytes === 0) allKept.keepers -= 1;
  }

  /** An item was added: what all sessions have room for is less. The session may be over then. */
  tell(): void {
    if (this.#bytes - this.#toldBytes < stepBytes) return;
    this.#toldBytes = this.#bytes;
    this.#options.onMore();
  }

  /** One that is fragmented waits, or a part of it. */
  holdLarge(large: Fragments): void {
    if (this.#isOver) return;
    this.#large.add(large);
    if (large.isBorrowed) this.#options.bodies.borrow(large.message.body);
  }

  /** All of it has left, or nothing more will. */
  letGoLarge(large: Fragments): void {
    if (!this.#large.delete(large)) return;
    if (large.isBorrowed) this.#options.bodies.giveBack(large.message.body);
  }

  /** `goOn` is called when there is room, behind those who wait already. To be called when it must. */
  await(puller: Puller): void {
    this.#waiting.add(puller);
    this.check();
  }

  /** It wants nothing more. */
  forget(puller: Puller): void {
    this.#waiting.delete(puller);
  }

  /** Nothing more will leave. */
  clear(): void {
    for (const large of this.#large) this.letGoLarge(large);
    this.#waiting.clear();
    this.#bytes = 0;
    this.#borrowedBytes = 0;
    this.#isOver = true;
  }

  /** Something has left, or has arrived. Whoever waits goes on in a turn of its own: this is amid sending. */
  check(): void {
    if (this.#waiting.size === 0 || this.#isScheduled || this.isFull) return;
    this.#isScheduled = true;
    this.#options.clock.setImmediate(() => {
      this.#isScheduled = false;
      this.#letGoOn();
      // Those who have come to wait meanwhile.
      this.check();
    });
  }

  #letGoOn(): void {
    let left = this.#waiting.size;
    for (const puller of this.#waiting) {
      if (left === 0 || this.isFull) break;
      left -= 1;
      this.#waiting.delete(puller);
      this.#next = puller;
      puller.goOn();
    }
    this.#next = undefined;
  }
}
