/** Events that were accepted and wait for a peer that does not take them, in order. */

import { Fifo } from "../../fifo.ts";
import type { Encoded } from "../messages/data-codecs.ts";
import { entryCost } from "../wire.ts";

export interface QueuedEvent {
  readonly name: string;
  readonly encoded: Encoded;
  /** As it goes over the wire. */
  readonly frame: string | Uint8Array;
}

export class EventsQueue {
  readonly #events = new Fifo<QueuedEvent>();
  #bytes = 0;

  /** With what each costs beside its bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#events.size;
  }

  add(event: QueuedEvent): void {
    this.#events.push(event);
    this.#bytes += costOf(event.frame);
  }

  /** Events that were in it before come back: in front of all others. */
  putBack(events: readonly QueuedEvent[]): void {
    if (events.length === 0) return;
    this.#events.unshift(events);
    for (const event of events) this.#bytes += costOf(event.frame);
  }

  /** The oldest, which is in the queue no more. */
  shift(): QueuedEvent | undefined {
    const event = this.#events.shift();
    if (event !== undefined) this.#bytes -= costOf(event.frame);
    return event;
  }

  /** Drops the oldest until so many bytes are free. */
  drop(bytes: number): { events: number; bytes: number } {
    const before = { events: this.size, bytes: this.#bytes };
    while (before.bytes - this.#bytes < bytes && this.shift() !== undefined);
    return { events: before.events - this.size, bytes: before.bytes - this.#bytes };
  }

  /** All of them; the queue is empty afterwards. */
  takeAll(): readonly QueuedEvent[] {
    const all = this.#events.toArray();
    this.#events.clear();
    this.#bytes = 0;
    return all;
  }
}

/** Bytes of an event that waits, with what it costs beside them. */
export function costOf(frame: QueuedEvent["frame"]): number {
  return frame.length + entryCost;
}
