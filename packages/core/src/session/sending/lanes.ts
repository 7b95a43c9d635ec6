/** The queues that take turns in an outbox, streams apart. */

import { Fifo } from "../../fifo.ts";
import { frameCost } from "../wire.ts";
import type { Lane } from "./fair-turns.ts";
import { type AcceptedMessage, Fragments } from "./message-frames.ts";
import type { Outgoing } from "./outgoing.ts";

/**
 * Batches and single messages, in the order in which they were accepted. Each counts with what it
 * takes beside its bytes: a peer that does not read may make a million small answers wait.
 */
export class OrderedLane implements Lane {
  readonly #send: (outgoing: Outgoing) => void;
  readonly #queue = new Fifo<Outgoing>();
  #bytes = 0;
  /** Frames that hold nothing but events. */
  #droppable = 0;
  /** Waits for the frame it stands behind, in the order of these. */
  readonly #behind = new Fifo<{ last: Outgoing | undefined; readonly run: () => void }>();

  constructor(send: (outgoing: Outgoing) => void) {
    this.#send = send;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get nextBytes(): number {
    return this.#queue.first?.length ?? 0;
  }

  /** Whether any of it may be dropped. */
  get hasEvents(): boolean {
    return this.#droppable > 0;
  }

  add(outgoing: Outgoing): void {
    this.#queue.push(outgoing);
    if (outgoing.isEvents) this.#droppable += 1;
    this.#bytes += outgoing.length + frameCost;
  }

  sendNext(): void {
    const outgoing = this.#queue.shift() as Outgoing;
    this.#bytes -= outgoing.length + frameCost;
    if (outgoing.isEvents) this.#droppable -= 1;
    this.#send(outgoing);
    while (this.#behind.first?.last === outgoing) this.#behind.shift()?.run();
  }

  /** Calls back when everything that is in it now has left: at once when nothing is. */
  whenSent(run: () => void): void {
    const last = this.#queue.last;
    if (last === undefined) run();
    else this.#behind.push({ last, run });
  }

  /**
   * Drops what holds nothing but events, the oldest first, until so many bytes are free.
   * @param onDrop hears of each before it is gone
   */
  dropEvents(bytes: number, onDrop: (outgoing: Outgoing) => void): Dropped {
    const dropped = { events: 0, bytes: 0 };
    if (!this.hasEvents) return dropped;
    let before: Outgoing | undefined;
    this.#queue.remove((each) => {
      if (dropped.bytes >= bytes || !each.isEvents) {
        before = each;
        return false;
      }
      onDrop(each);
      this.#moveBehind(each, before);
      dropped.events += each.events;
      dropped.bytes += each.length + frameCost;
      this.#droppable -= 1;
      return true;
    });
    this.#bytes -= dropped.bytes;
    while (this.#behind.first !== undefined && this.#behind.first.last === undefined) {
      this.#behind.shift()?.run();
    }
    return dropped;
  }

  /** What stood behind the one stands behind the other; undefined: behind none. */
  #moveBehind(from: Outgoing, to: Outgoing | undefined): void {
    for (const each of this.#behind) if (each.last === from) each.last = to;
  }

  /** What has not left; it stays. */
  unsent(): readonly Outgoing[] {
    return this.#queue.toArray();
  }

  clear(): void {
    this.#queue.clear();
    this.#bytes = 0;
    this.#droppable = 0;
    this.#behind.clear();
  }
}

/** What was dropped of a queue. */
export interface Dropped {
  readonly events: number;
  readonly bytes: number;
}

/** Who has a large message to send. */
export interface LargeLaneOwner {
  /** A part of it leaves: so many bytes of its body. */
  sendPart(lane: LargeLane, outgoing: Outgoing, bytes: number): void;
  /** Only the last part is left, of an event or a call: it stays until {@link LargeLane.goOn}. */
  onLast(lane: LargeLane): void;
  /** All of it has left. */
  finished(lane: LargeLane): void;
}

/** One message in fragments. */
export class LargeLane implements Lane {
  readonly message: AcceptedMessage;
  readonly #fragments: Fragments;
  readonly #owner: LargeLaneOwner;
  #isHeld = false;
  #isPaused = false;

  /** @param size bytes of the body in each frame */
  constructor(message: AcceptedMessage, slot: number, size: number, owner: LargeLaneOwner) {
    this.message = message;
    this.#fragments = new Fragments(message, slot, size, message.bytes);
    this.#owner = owner;
  }

  get slot(): number {
    return this.#fragments.slot;
  }

  /** Bytes that have not left. */
  get bytes(): number {
    return this.#fragments.remaining;
  }

  get nextBytes(): number {
    return this.#isHeld || this.#isPaused ? 0 : this.#fragments.nextBytes;
  }

  sendNext(): void {
    const bytes = this.#fragments.nextBytes;
    const outgoing = this.#fragments.next();
    const { isDone, isNearlyDone } = this.#fragments;
    // The last part of an event or a call stays until it may leave.
    this.#isHeld = this.message.kind !== "other" && isNearlyDone;
    this.#owner.sendPart(this, outgoing, bytes);
    if (isDone) this.#owner.finished(this);
    else if (this.#isHeld) this.#owner.onLast(this);
  }

  /** None of it will leave, and none has. */
  abandon(): void {
    this.#isHeld = true;
  }

  /** There is no turn for it until {@link resume}. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  /** The last part may leave. */
  goOn(): void {
    this.#isHeld = false;
  }
}

/** The lowest slot that none of them has. */
export function freeSlot(lanes: ReadonlySet<LargeLane>): number {
  const slots = [...lanes].map((lane) => lane.slot);
  let slot = 0;
  while (slots.includes(slot)) slot += 1;
  return slot;
}
