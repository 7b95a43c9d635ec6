/** The events that leave over UDP: collected into datagrams, or kept while the system takes no more. */
import type { Tick } from "../bytes/tick.ts";
import type { Clock } from "../clock.ts";
import { MyelinError } from "../errors.ts";
import type { SlowPeerPolicy } from "../peer/endpoint-options.ts";
import type { Connection } from "../transport/transport.ts";
import type { DataCodecs, Encoded } from "./data-codecs.ts";
import { DatagramBatch } from "./datagram-batch.ts";
import { eventEntry } from "./datagram-events.ts";
import { eventsDatagram, eventsHeadBytes } from "./datagrams.ts";
import { EventsQueue, type QueuedEvent } from "./events-queue.ts";
import type { NameTable } from "./name-table.ts";
import { SlowPeer } from "./slow-peer.ts";

export interface DatagramOutboxOptions {
  readonly clock: Clock;
  readonly names: NameTable;
  readonly codecs: DataCodecs;
  readonly tick: Tick;
  readonly connection: Connection;
  readonly token: Buffer;
  /** The largest datagram that is sent. */
  readonly maxDatagramBytes: number;
  readonly highWaterMarkBytes: number;
  /** How much may wait; it may change. */
  readonly holdings: { readonly maxQueuedBytes: number };
  readonly slowPeer: SlowPeerPolicy;
  readonly say: (datagram: Uint8Array) => void;
  readonly onDrain: () => void;
  readonly onDropped: (events: number, bytes: number) => void;
  readonly onTooSlow: (error: MyelinError) => void;
}

/** How often somebody who flushes looks again. */
const pollMs = 5;

export class DatagramOutbox {
  readonly sent = { messages: 0, bytes: 0 };
  readonly #options: DatagramOutboxOptions;
  readonly #batch: DatagramBatch;
  readonly #queue = new EventsQueue();
  readonly #slowPeer: SlowPeer;
  readonly #maxEntryBytes: number;
  #number = 0;
  #needsDrain = false;
  #isStopped = false;
  #whenEmpty: (() => void)[] = [];

  constructor(options: DatagramOutboxOptions) {
    const { holdings, maxDatagramBytes, onDropped, onTooSlow, slowPeer, tick } = options;
    this.#options = options;
    this.#maxEntryBytes = maxDatagramBytes - eventsHeadBytes;
    this.#batch = new DatagramBatch({
      tick,
      maxBytes: this.#maxEntryBytes,
      send: (events, bytes) => this.#send(events, bytes),
    });
    this.#slowPeer = new SlowPeer({
      policy: slowPeer,
      holdings,
      queue: { largestBytes: 0, dropEvents: (bytes) => this.#queue.drop(bytes) },
      onDropped,
      onTooSlow,
    });
  }

  get queuedBytes(): number {
    return this.#queue.bytes + this.#batch.bytes;
  }

  get hasRoom(): boolean {
    return this.queuedBytes < this.#options.highWaterMarkBytes;
  }

  awaitRoom(): void {
    this.#needsDrain = true;
  }

  /** As `Conversation.catchUp`. */
  catchUp(run: () => void): void {
    this.#slowPeer.catchUp(run);
  }

  /** As `Conversation.encodedEvent`. @throws {MyelinError} */
  event(name: string, encoded: Encoded): boolean {
    const { codecs, connection, names } = this.#options;
    const frame = eventEntry(names.use(name).bytes, codecs.fit(encoded));
    if (frame.length > this.#maxEntryBytes) throw this.#tooLarge(frame.length);
    if (this.#slowPeer.isFull(this.queuedBytes) && !this.#slowPeer.admitsEvent()) {
      this.#needsDrain = true;
      return false;
    }
    this.sent.messages += 1;
    this.sent.bytes += frame.length;
    const event = { name, encoded, frame };
    if (this.#queue.size === 0 && connection.writable) this.#batch.add(event);
    else this.#queue.add(event);
    if (this.hasRoom) return true;
    this.#needsDrain = true;
    return false;
  }

  /** Resolves when the system has taken everything, or when it ended. */
  async flush(): Promise<void> {
    this.#batch.flush();
    await new Promise<void>((resolve) => {
      this.#whenEmpty.push(resolve);
      this.#checkEmpty();
    });
  }

  /** Hands everything to the connection, whether the system takes more or not. */
  push(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#batch.add(next);
    }
    this.#batch.flush();
  }

  /** The system takes more again. */
  drained(): void {
    while (this.#options.connection.writable) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      this.#batch.add(next);
    }
    this.#batch.flush();
    this.#checkEmpty();
    if (!this.#needsDrain || this.queuedBytes * 2 > this.#options.highWaterMarkBytes) return;
    this.#needsDrain = false;
    this.#options.onDrain();
  }

  /** Ends it. @returns what has not left, in order */
  stop(): readonly QueuedEvent[] {
    this.#isStopped = true;
    const left = [...this.#batch.close(), ...this.#queue.takeAll()];
    this.#checkEmpty();
    return left;
  }

  #send(events: readonly QueuedEvent[], bytes: number): void {
    const { say, token } = this.#options;
    this.#number += 1;
    say(eventsDatagram(token, this.#number, events, bytes));
  }

  /** Whoever flushes hears when the system has taken everything. */
  #checkEmpty(): void {
    if (this.#whenEmpty.length === 0) return;
    const { clock, connection } = this.#options;
    const isEmpty = this.queuedBytes === 0 && connection.pendingBytes === 0;
    if (isEmpty || this.#isStopped) {
      for (const tell of this.#whenEmpty.splice(0)) tell();
    } else if (connection.writable) {
      // Nobody tells when the little that it holds has left.
      clock.setTimeout(() => this.#checkEmpty(), pollMs);
    }
  }

  #tooLarge(bytes: number): MyelinError {
    const fits = `an event has ${bytes} bytes, and ${this.#maxEntryBytes} fit into a datagram`;
    return new MyelinError("ERR_TOO_LARGE", `${fits}; split it, or use tcp`);
  }
}
