/** Large bodies that wait for one peer and were not copied: others may be sending them, too. */
import { isShared, type SharedBodies } from "../held-bodies.ts";
import type { Waiting } from "./all-unsent.ts";
import type { AcceptedMessage } from "./message-frames.ts";

export class BorrowedBodies {
  readonly #bodies: SharedBodies;
  #bytes = 0;

  /** @param bodies told of each */
  constructor(bodies: SharedBodies) {
    this.#bodies = bodies;
  }

  /** Bytes of them that have not left. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @returns whether it is one of those whose memory is worth to be counted for itself */
  borrow(body: Uint8Array): boolean {
    if (!isShared(body)) return false;
    this.#bytes += body.length;
    this.#bodies.borrow(body);
    return true;
  }

  /** So many bytes of one have left. */
  left(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** It is held no more: all of it has left, or none will. */
  release(message: AcceptedMessage): void {
    if (!message.isBorrowed) return;
    message.isBorrowed = false;
    this.#bodies.giveBack(message.body);
  }

  /** Nothing of it has left, and none will. */
  withdraw(message: AcceptedMessage): void {
    if (message.isBorrowed) this.#bytes -= message.bytes;
    this.release(message);
  }

  /** These are all of those that have not left whole, and nothing more of any will. */
  clear(messages: readonly Waiting[]): void {
    for (const each of messages) if ("entry" in each) this.release(each);
    this.#bytes = 0;
  }
}
