/**
 * Whose turn it is to send: deficit round robin, so that each of several queues gets the same share
 * of bytes, however large its frames are (Shreedhar and Varghese, 1995).
 */
import { Fifo } from "../../fifo.ts";

export interface Lane {
  /** Bytes of the frame that would leave next; 0 when there is none, and the lane leaves the round. */
  readonly nextBytes: number;
  /** Sends the frame. */
  sendNext(): void;
}

/** Bytes that a lane gains with each round. */
const quantum = 64 * 1024;

interface Turn {
  readonly lane: Lane;
  /** Bytes that it may send before the others have their turn. */
  allowance: number;
}

export class FairTurns {
  readonly #round = new Fifo<Turn>();
  readonly #members = new Set<Lane>();

  get isEmpty(): boolean {
    return this.#round.size === 0;
  }

  /** A lane has something to send; it may be in the round already. */
  add(lane: Lane): void {
    if (this.#members.has(lane)) return;
    this.#members.add(lane);
    this.#round.push({ lane, allowance: quantum });
  }

  /** Lets the lane whose turn it is send one frame. @returns false when no lane has any. */
  sendOne(): boolean {
    for (let turn = this.#round.first; turn !== undefined; turn = this.#round.first) {
      const bytes = turn.lane.nextBytes;
      if (bytes === 0) {
        this.#round.shift();
        this.#members.delete(turn.lane);
      } else if (bytes > turn.allowance) {
        turn.allowance += quantum;
        this.#round.shift();
        this.#round.push(turn);
      } else {
        turn.allowance -= bytes;
        turn.lane.sendNext();
        return true;
      }
    }
    return false;
  }

  clear(): void {
    this.#round.clear();
    this.#members.clear();
  }
}
