/** Events that leave together, in one datagram as large as it may be. */
import type { Collector, Tick } from "../../bytes/tick.ts";
import type { QueuedEvent } from "../sending/events-queue.ts";

export interface DatagramBatchOptions {
  readonly tick: Tick;
  /** Bytes of entries that fit into one datagram. */
  readonly maxBytes: number;
  readonly send: (events: readonly QueuedEvent[], bytes: number) => void;
}

export class DatagramBatch implements Collector {
  readonly #options: DatagramBatchOptions;
  #events: QueuedEvent[] = [];
  #bytes = 0;
  #waits = false;
  #isClosed = false;

  constructor(options: DatagramBatchOptions) {
    this.#options = options;
    options.tick.join();
  }

  /** Events that have not left. */
  get size(): number {
    return this.#events.length;
  }

  /** Bytes that have not left. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes an event, which fits into a datagram of its own at least. */
  add(event: QueuedEvent): void {
    const { maxBytes, tick } = this.#options;
    if (this.#bytes + event.frame.length > maxBytes) this.flush();
    this.#events.push(event);
    this.#bytes += event.frame.length;
    if (tick.isExiting) {
      this.flush();
    } else if (!this.#waits) {
      this.#waits = true;
      tick.await(this);
    }
  }

  /** Sends what was collected, now. */
  flush(): void {
    if (this.#events.length === 0) return;
    const bytes = this.#bytes;
    this.#options.send(this.#take(), bytes);
  }

  endTick(): void {
    this.#waits = false;
    this.flush();
  }

  /** Ends it. @returns what has not left */
  close(): readonly QueuedEvent[] {
    if (!this.#isClosed) this.#options.tick.leave();
    this.#isClosed = true;
    return this.#take();
  }

  #take(): readonly QueuedEvent[] {
    const events = this.#events;
    this.#events = [];
    this.#bytes = 0;
    return events;
  }
}
