/** The events that leave over UDP: collected into datagrams, or kept while the system takes no more. */
import type { Tick } from "../../bytes/tick.ts";
import type { Clock } from "../../clock.ts";
import { MyelinError } from "../../errors.ts";
import type { SlowPeerPolicy } from "../../peer/endpoint-options.ts";
import type { Connection } from "../../transport/transport.ts";
import type { EventHoldings } from "../event-holdings.ts";
import { EventRoom } from "../event-room.ts";
import type { DataCodecs, Encoded } from "../messages/data-codecs.ts";
import type { NameTable } from "../messages/name-table.ts";
import { costOf, EventsQueue, type QueuedEvent } from "../sending/events-queue.ts";
import { FlushWaiters } from "../sending/flush-waiters.ts";
import { SlowPeer } from "../sending/slow-peer.ts";
import { DatagramBatch } from "./datagram-batch.ts";
import { eventEntry } from "./datagram-events.ts";
import { eventsDatagram, eventsHeadBytes } from "./datagrams.ts";

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
  readonly holdings: Pick<EventHoldings, "awaitRoom" | "isToBlame" | "maxQueuedBytes">;
  readonly slowPeer: SlowPeerPolicy;
  readonly say: (datagram: Uint8Array) => void;
  readonly onDrain: () => void;
  readonly onDropped: (events: number, bytes: number) => void;
  readonly onTooSlow: (error: MyelinError) => void;
}

export class DatagramOutbox {
  readonly sent = { messages: 0, bytes: 0 };
  readonly #options: DatagramOutboxOptions;
  readonly #batch: DatagramBatch;
  readonly #queue = new EventsQueue();
  readonly #slowPeer: SlowPeer;
  readonly #room: EventRoom;
  readonly #maxEntryBytes: number;
  #number = 0;
  /** Events that were handed to the connection since it was last known to be empty. */
  #underWay = 0;
  readonly #flushes: FlushWaiters;

  constructor(options: DatagramOutboxOptions) {
    const { clock, highWaterMarkBytes, holdings, maxDatagramBytes } = options;
    const { onDrain, onDropped, onTooSlow, slowPeer, tick } = options;
    this.#options = options;
    this.#flushes = new FlushWaiters(clock, () => this.#checkTaken());
    this.#maxEntryBytes = maxDatagramBytes - eventsHeadBytes;
    this.#batch = new DatagramBatch({
      tick,
      maxBytes: this.#maxEntryBytes,
      send: (events, bytes) => this.#send(events, bytes),
    });
    this.#slowPeer = new SlowPeer({
      policy: slowPeer,
      holdings,
      highWaterMarkBytes,
      queue: { largestBytes: 0, dropEvents: (bytes) => this.#queue.drop(bytes) },
      waitingBytes: () => this.queuedBytes,
      onDropped,
      onTooSlow,
    });
    this.#room = new EventRoom({ holdings, onDrain, slowPeer: this.#slowPeer, tick });
  }

  get queuedBytes(): number {
    return this.#queue.bytes + this.#batch.bytes;
  }

  get hasRoom(): boolean {
    return this.#room.isThere;
  }

  awaitRoom(): void {
    this.#room.await();
  }

  /** As `Conversation.catchUp`. */
  catchUp(run: () => void): void {
    this.#slowPeer.catchUp(run);
  }

  /** As `Conversation.encodedEvent`. @throws {MyelinError} */
  event(name: string, encoded: Encoded, isForMany?: boolean): boolean {
    const { codecs, connection, names } = this.#options;
    const frame = eventEntry(names.use(name).bytes, codecs.fit(encoded));
    if (frame.length > this.#maxEntryBytes) throw this.#tooLarge(frame.length);
    if (this.#slowPeer.isFull() && !this.#slowPeer.admitsEvent(0, costOf(frame), isForMany)) {
      this.#room.await();
      return false;
    }
    this.sent.messages += 1;
    this.sent.bytes += frame.length;
    const event = { name, encoded, frame };
    if (this.#queue.size === 0 && connection.writable) this.#batch.add(event);
    else this.#queue.add(event);
    if (this.hasRoom) return true;
    this.#room.await();
    return false;
  }

  /** @returns whether the system has taken everything that was accepted before; false: it ended first */
  flush(): Promise<boolean> {
    this.#batch.flush();
    const taken = this.#flushes.wait(this.sent.messages);
    this.#checkTaken();
    return taken;
  }

  /** Hands everything to the connection, whether the system takes more or not: nothing follows. */
  push(): void {
    this.#room.stop();
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#batch.add(next);
    }
    this.#batch.flush();
  }

  /** The system takes more again. */
  drained(): void {
    // Before more is sent: what was there has been taken.
    this.#checkTaken();
    while (this.#options.connection.writable) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      this.#batch.add(next);
    }
    this.#batch.flush();
    this.#checkTaken();
    this.#room.check();
  }

  /** Ends it. @returns what has not left, in order */
  stop(): readonly QueuedEvent[] {
    this.#room.stop();
    const left = [...this.#batch.close(), ...this.#queue.takeAll()];
    this.#flushes.end();
    return left;
  }

  #send(events: readonly QueuedEvent[], bytes: number): void {
    const { say, token } = this.#options;
    // Here the system has mostly taken what was sent before, however steadily that goes on.
    if (this.#flushes.size > 0) this.#lookWhatIsUnderWay();
    this.#number += 1;
    this.#underWay += events.length;
    say(eventsDatagram(token, this.#number, events, bytes));
    this.#room.leaving();
    if (this.#flushes.size > 0) this.#tellTaken();
  }

  /** Whoever flushes hears when the system has taken everything that was accepted before. */
  #checkTaken(): void {
    this.#lookWhatIsUnderWay();
    if (this.#flushes.size === 0) return;
    this.#tellTaken();
    // No drain follows where the connection holds little.
    if (this.#flushes.size > 0 && this.#options.connection.writable) this.#flushes.lookAgain();
  }

  #lookWhatIsUnderWay(): void {
    if (this.#options.connection.pendingBytes === 0) this.#underWay = 0;
  }

  #tellTaken(): void {
    const held = this.#queue.size + this.#batch.size + this.#underWay;
    this.#flushes.tell(this.sent.messages - held);
  }

  #tooLarge(bytes: number): MyelinError {
    const fits = `an event has ${bytes} bytes, and ${this.#maxEntryBytes} fit into a datagram`;
    return new MyelinError("ERR_TOO_LARGE", `${fits}; split it, or use tcp`);
  }
}
