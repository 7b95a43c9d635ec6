/** The queues that take turns in an outbox, streams apart. */
import type { Lane } from "./fair-turns.ts";
import type { Fragments } from "./message-frames.ts";
import type { Outgoing } from "./outgoing.ts";

/** Batches and single messages, in the order in which they were accepted. */
export class OrderedLane implements Lane {
  readonly #send: (outgoing: Outgoing) => void;
  #queue: Outgoing[] = [];
  #next = 0;
  #bytes = 0;
  /** Waits for the frame it stands behind, in the order of these. */
  readonly #behind: { readonly last: Outgoing; readonly run: () => void }[] = [];

  constructor(send: (outgoing: Outgoing) => void) {
    this.#send = send;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get nextBytes(): number {
    return this.#queue[this.#next]?.length ?? 0;
  }

  /** The serial number of the oldest; Infinity when there is none. */
  get oldest(): number {
    return this.#queue[this.#next]?.serial ?? Number.POSITIVE_INFINITY;
  }

  add(outgoing: Outgoing): void {
    this.#queue.push(outgoing);
    this.#bytes += outgoing.length;
  }

  sendNext(): void {
    const outgoing = this.#queue[this.#next] as Outgoing;
    this.#next += 1;
    this.#bytes -= outgoing.length;
    if (this.#next === this.#queue.length) {
      this.#queue = [];
      this.#next = 0;
    }
    this.#send(outgoing);
    while (this.#behind[0]?.last === outgoing) this.#behind.shift()?.run();
  }

  /** Calls back when everything that is in it now has left: at once when nothing is. */
  whenSent(run: () => void): void {
    const last = this.#queue.at(-1);
    if (last === undefined) run();
    else this.#behind.push({ last, run });
  }

  /** What has not left; it stays. */
  unsent(): readonly Outgoing[] {
    return this.#queue.slice(this.#next);
  }
}

export interface LargeLaneOptions {
  readonly send: (outgoing: Outgoing) => void;
  /** Only the last part is left, which stays until {@link LargeLane.goOn}; absent: nothing holds it. */
  readonly onLast: ((lane: LargeLane) => void) | undefined;
  readonly onDone: (lane: LargeLane) => void;
}

/** One message in fragments. */
export class LargeLane implements Lane {
  readonly #fragments: Fragments;
  readonly #options: LargeLaneOptions;
  #isHeld = false;

  constructor(fragments: Fragments, options: LargeLaneOptions) {
    this.#fragments = fragments;
    this.#options = options;
  }

  get bytes(): number {
    return this.#fragments.remaining;
  }

  get oldest(): number {
    return this.#fragments.message.serial ?? Number.POSITIVE_INFINITY;
  }

  get nextBytes(): number {
    return this.#isHeld ? 0 : this.#fragments.nextBytes;
  }

  sendNext(): void {
    const { onDone, onLast, send } = this.#options;
    const outgoing = this.#fragments.next();
    const { isDone, isNearlyDone } = this.#fragments;
    this.#isHeld = onLast !== undefined && isNearlyDone;
    send(outgoing);
    if (isDone) onDone(this);
    else if (this.#isHeld) onLast?.(this);
  }

  /** The last part may leave. */
  goOn(): void {
    this.#isHeld = false;
  }
}
