/** Events that were accepted and wait for a peer that does not take them, in order. */
import type { Encoded } from "./data-codecs.ts";
import { entryCost } from "./wire.ts";

export interface QueuedEvent {
  readonly name: string;
  readonly encoded: Encoded;
  /** As it goes over the wire. */
  readonly frame: string | Uint8Array;
}

export class EventsQueue {
  #events: QueuedEvent[] = [];
  /** Those in front of it have left: they are cut off together. */
  #next = 0;
  #bytes = 0;

  /** With what each costs beside its bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#events.length - this.#next;
  }

  add(event: QueuedEvent): void {
    this.#events.push(event);
    this.#bytes += costOf(event);
  }

  /** Events that were in it before come back: in front of all others. */
  putBack(events: readonly QueuedEvent[]): void {
    if (events.length === 0) return;
    this.#events = [...events, ...this.#events.slice(this.#next)];
    this.#next = 0;
    for (const event of events) this.#bytes += costOf(event);
  }

  /** The oldest, which is in the queue no more. */
  shift(): QueuedEvent | undefined {
    const event = this.#events[this.#next];
    if (event === undefined) return undefined;
    this.#next += 1;
    this.#bytes -= costOf(event);
    if (this.#next * 2 >= this.#events.length) {
      this.#events = this.#events.slice(this.#next);
      this.#next = 0;
    }
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
    const all = this.#events.slice(this.#next);
    this.#events = [];
    this.#next = 0;
    this.#bytes = 0;
    return all;
  }
}

function costOf({ frame }: QueuedEvent): number {
  return frame.length + entryCost;
}
