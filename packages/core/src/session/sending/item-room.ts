/**
 * How much of all streams of a session may wait for its connection, or be kept to be sent again. Whoever
 * pulls has credit: what it gives leaves as fast as the peer reads, and those who wait for room go on
 * then, in their order.
 */
import type { Clock } from "../../clock.ts";
import { isShared, type SharedBodies } from "../held-bodies.ts";
import { stepBytes } from "../holdings.ts";
import type { Fragments } from "./message-frames.ts";
import type { Puller } from "./turn-share.ts";

export interface ItemRoomOptions {
  readonly clock: Pick<Clock, "setImmediate">;
  /** Told of large bodies that wait, which are not copied. */
  readonly bodies: SharedBodies;
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
  readonly #large = new Set<Fragments>();
  #bytes = 0;
  #borrowedBytes = 0;
  #keptBytes = 0;
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
    return this.#keptBytes;
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
  hold(bytes: number, borrowedBytes: number = 0): void {
    this.#bytes += bytes;
    this.#borrowedBytes += borrowedBytes;
    if (this.#bytes < this.#toldBytes) this.#toldBytes = this.#bytes;
  }

  /** So much more was given without room for it, or less. */
  keep(bytes: number): void {
    this.#keptBytes += bytes;
    if (bytes > 0) this.#options.onMore();
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
    if (isBorrowed(large)) this.#options.bodies.borrow(large.message.body);
  }

  /** All of it has left, or nothing more will. */
  letGoLarge(large: Fragments): void {
    if (!this.#large.delete(large)) return;
    if (isBorrowed(large)) this.#options.bodies.giveBack(large.message.body);
  }

  /** `goOn` is called when there is room. To be called when it is full. */
  await(puller: Puller): void {
    this.#waiting.add(puller);
  }

  /** It wants nothing more. */
  forget(puller: Puller): void {
    this.#waiting.delete(puller);
  }

  /** Nothing more will leave. */
  clear(): void {
    this.#isOver = true;
    for (const large of this.#large) this.letGoLarge(large);
    this.#waiting.clear();
    this.#bytes = 0;
    this.#borrowedBytes = 0;
    this.#keptBytes = 0;
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

/** It is not copied, and counted as a body of which many may have a part. */
export function isBorrowed({ message }: Fragments): boolean {
  return isShared(message.body);
}
