/**
 * Brings events to a connection in few writes, and knows of each what became of it: a connection that is
 * ending takes no more, and says so only to who tries.
 */
import { ByteWriter, type WriteTarget } from "../../bytes/byte-writer.ts";
import type { Tick } from "../../bytes/tick.ts";
import type { Connection } from "../../transport/transport.ts";
import { EventsQueue, type QueuedEvent } from "../sending/events-queue.ts";

export class EventWriter implements WriteTarget {
  readonly #connection: Connection;
  readonly #onSending: () => void;
  readonly #writer: ByteWriter;
  /** What waits for the connection to take more. */
  readonly #queue = new EventsQueue();
  /** What leaves together, when the tick is over. */
  #collected: QueuedEvent[] = [];
  /** What is being given to the writer. */
  #current: QueuedEvent | undefined;
  #underWay = 0;
  /** The connection takes no more. */
  #isRefused = false;

  /** @param onSending less waits here than before */
  constructor(connection: Connection, tick: Tick, onSending: () => void) {
    this.#connection = connection;
    this.#onSending = onSending;
    this.#writer = new ByteWriter(this, tick);
  }

  /** Events that the connection was not given yet. */
  get waiting(): number {
    return this.#queue.size + this.#collected.length;
  }

  /** Events that the connection was given since the system was last known to have taken all. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Of those that the connection was not given. */
  get bytes(): number {
    return this.#queue.bytes + this.#writer.collected;
  }

  get writable(): boolean {
    return !this.#isRefused && this.#connection.writable;
  }

  add(event: QueuedEvent): void {
    if (this.#queue.size === 0 && this.writable) this.#write(event);
    else this.#queue.add(event);
  }

  /** The connection may take more. */
  pump(): void {
    while (this.writable && this.#writeNext());
  }

  /** Hands everything over, now, though the connection has enough. */
  flush(): void {
    while (!this.#isRefused && this.#writeNext());
    this.#writer.flush();
  }

  /** Hands over what was collected. */
  endTick(): void {
    this.#writer.flush();
  }

  /** Drops the oldest of those that wait until so many bytes are free. */
  drop(bytes: number): { events: number; bytes: number } {
    return this.#queue.drop(bytes);
  }

  /** Looks whether the system has taken what the connection was given. */
  checkTaken(): void {
    if (this.#connection.pendingBytes === 0) this.#underWay = 0;
  }

  /** The connection has ended in order: the system has taken what it was given. */
  allTaken(): void {
    this.#underWay = 0;
  }

  /** Writes no more. @returns what the connection was never given, in order */
  end(): readonly QueuedEvent[] {
    this.#isRefused = true;
    this.#queue.putBack(this.#collected);
    this.#collected = [];
    this.#writer.close();
    return this.#queue.takeAll();
  }

  /** For the writer only: hands text or bytes to the connection. */
  send(data: string | Uint8Array): boolean {
    if (this.#isRefused) return false;
    this.#onSending();
    try {
      const hasRoom = this.#connection.send(data);
      this.#underWay += this.#collected.length;
      this.#collected = [];
      return hasRoom;
    } catch {
      // It is closing, and its end is about to be told.
      this.#isRefused = true;
      const current = this.#current === undefined ? [] : [this.#current];
      this.#queue.putBack([...this.#collected, ...current]);
      this.#collected = [];
      this.#current = undefined;
      return false;
    }
  }

  #writeNext(): boolean {
    const next = this.#queue.shift();
    if (next === undefined) return false;
    this.#write(next);
    return true;
  }

  #write(event: QueuedEvent): void {
    const { frame } = event;
    this.#current = event;
    if (typeof frame === "string") this.#writer.write(frame);
    else this.#writer.writeBytes(frame);
    // Otherwise it is in the queue again.
    if (this.#current === undefined) return;
    this.#current = undefined;
    if (this.#writer.collected > 0) this.#collected.push(event);
    else this.#underWay += 1;
    this.checkTaken();
  }
}
