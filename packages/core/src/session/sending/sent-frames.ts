/**
 * Frames that have left and that the peer has not acknowledged. With resume they are kept whole, to
 * be sent again; without it only what they counted for, to say what may be lost.
 */
import { MyelinError } from "../../errors.ts";
import { Fifo } from "../../fifo.ts";
import type { SharedBodies } from "../held-bodies.ts";
import { acknowledgedFrames, frameCost } from "../wire.ts";
import type { Outgoing } from "./outgoing.ts";

/** What was sent without being acknowledged. */
export interface Unacknowledged {
  readonly events: number;
  readonly calls: number;
}

export class SentFrames {
  readonly #keepsFrames: boolean;
  readonly #bodies: SharedBodies;
  readonly #frames = new Fifo<Outgoing>();
  #sent = 0;
  #acknowledged = 0;
  #proven = 0;
  #keptBytes = 0;
  #streamBytes = 0;
  #borrowedBytes = 0;
  /** Bytes of all counted frames since the session began. */
  bytes = 0;

  /** @param bodies told of large bodies that are held to be sent again */
  constructor(keepsFrames: boolean, bodies: SharedBodies) {
    this.#keepsFrames = keepsFrames;
    this.#bodies = bodies;
  }

  /** Counted frames that have left since the session began. */
  get sent(): number {
    return this.#sent;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Bytes that are held to be sent again. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Those of them that are of streams. */
  get streamBytes(): number {
    return this.#streamBytes;
  }

  /** Those of `keptBytes` in bodies that are not copied: `bodies` was told of these. */
  get borrowedBytes(): number {
    return this.#borrowedBytes;
  }

  /** What is remembered of them beside those: a peer may read for ever and acknowledge nothing. */
  get rememberedBytes(): number {
    return (this.#sent - this.#acknowledged) * frameCost;
  }

  /** Bytes of the largest message of which a part is held to be sent again. Looks at each of them. */
  get largestBytes(): number {
    let largest = 0;
    for (const { whole } of this.#frames) largest = Math.max(largest, whole?.length ?? 0);
    return largest;
  }

  /** What is remembered of them without what a peer that reads need not have acknowledged yet. */
  get overdueBytes(): number {
    return Math.max(0, this.rememberedBytes - acknowledgedFrames * frameCost);
  }

  add(outgoing: Outgoing): void {
    this.#sent += 1;
    outgoing.number = this.#sent;
    this.bytes += outgoing.length;
    this.#frames.push(outgoing);
    if (this.#keepsFrames) this.#keep(outgoing);
    else outgoing.forgetFrame();
  }

  /**
   * The peer has so many of them.
   * @throws {MyelinError} `ERR_PROTOCOL` when it cannot have.
   */
  acknowledge(count: number): void {
    if (count > this.#sent || count < this.#acknowledged) {
      throw new MyelinError(
        "ERR_PROTOCOL",
        `the peer acknowledged ${count} frames of ${this.#sent}`,
      );
    }
    for (; this.#acknowledged < count; this.#acknowledged += 1) {
      const outgoing = this.#frames.shift() as Outgoing;
      if (this.#keepsFrames) this.#giveUp(outgoing);
    }
  }

  /**
   * The peer has answered what was in the frame of this number: it has that one, and all before it. No
   * acknowledgement, which may be smaller and still come; but nobody need fear for them.
   */
  prove(number: number): void {
    if (number > this.#proven) this.#proven = number;
  }

  /** Those that are not acknowledged, oldest first. */
  unacknowledged(): readonly Outgoing[] {
    return this.#frames.toArray();
  }

  /** None of them will be sent again. */
  clear(): void {
    if (this.#keepsFrames) for (const each of this.#frames) this.#giveUp(each);
    this.#frames.clear();
  }

  /** What may not have arrived. */
  count(): Unacknowledged {
    let events = 0;
    let calls = 0;
    for (const outgoing of this.#frames) {
      if (outgoing.number <= this.#proven) continue;
      events += outgoing.events;
      calls += outgoing.calls;
    }
    return { events, calls };
  }

  #keep({ body, borrowedBytes = 0, isOfStream, length }: Outgoing): void {
    this.#keptBytes += length;
    if (isOfStream === true) this.#streamBytes += length;
    if (body === undefined || borrowedBytes === 0) return;
    this.#borrowedBytes += borrowedBytes;
    this.#bodies.borrow(body);
  }

  #giveUp(outgoing: Outgoing): void {
    const { body, borrowedBytes = 0, isOfStream, length } = outgoing;
    this.#keptBytes -= length;
    if (isOfStream === true) this.#streamBytes -= length;
    // Calls know where they were put until they are answered.
    outgoing.forgetFrame();
    if (body === undefined || borrowedBytes === 0) return;
    this.#borrowedBytes -= borrowedBytes;
    this.#bodies.giveBack(body);
  }
}
