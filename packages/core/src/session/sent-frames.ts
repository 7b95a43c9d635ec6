/**
 * Frames that have left and that the peer has not acknowledged. With resume they are kept whole, to
 * be sent again; without it only what they counted for, to say what may be lost.
 */
import { MyelinError } from "../errors.ts";
import type { Outgoing } from "./outgoing.ts";

/** What was sent without being acknowledged. */
export interface Unacknowledged {
  readonly events: number;
  readonly calls: number;
}

export class SentFrames {
  readonly #keepsFrames: boolean;
  #frames: Outgoing[] = [];
  /** Frames at the front of the list that are acknowledged: they are cut off together. */
  #gone = 0;
  #sent = 0;
  #acknowledged = 0;
  #keptBytes = 0;
  /** Bytes of all counted frames since the session began. */
  bytes = 0;

  constructor(keepsFrames: boolean) {
    this.#keepsFrames = keepsFrames;
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

  add(outgoing: Outgoing): void {
    this.#sent += 1;
    this.bytes += outgoing.length;
    this.#frames.push(outgoing);
    if (this.#keepsFrames) this.#keptBytes += outgoing.length;
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
      const outgoing = this.#frames[this.#gone] as Outgoing;
      if (this.#keepsFrames) this.#keptBytes -= outgoing.length;
      this.#gone += 1;
    }
    // Cutting off costs the length of the rest: so it is done when there is more to cut than to keep.
    if (this.#gone * 2 >= this.#frames.length) {
      this.#frames = this.#frames.slice(this.#gone);
      this.#gone = 0;
    }
  }

  /** Those that are not acknowledged, oldest first. */
  unacknowledged(): readonly Outgoing[] {
    return this.#frames.slice(this.#gone);
  }

  count(): Unacknowledged {
    let events = 0;
    let calls = 0;
    for (const outgoing of this.unacknowledged()) {
      events += outgoing.events;
      calls += outgoing.calls;
    }
    return { events, calls };
  }
}
