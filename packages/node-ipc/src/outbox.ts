/**
 * What a client has accepted and not yet handed to a connection: messages that wait for the server,
 * and, in sync mode, requests that wait for their turn. Bounded, in order, and counted when lost.
 */
import type { Defaults } from "./defaults.ts";
import { type Frame, OfflineQueue, QueueBound, sizeOf } from "./offline-queue.ts";
import { RequestQueue } from "./request-queue.ts";
import type { Wire } from "./wire.ts";

export class Outbox {
  /** Requests of sync mode, as programs reach them by `client.queue`. */
  readonly requests: RequestQueue = new RequestQueue();
  readonly #config: Defaults;
  readonly #tellError: (error: Error) => void;
  readonly #messages = new OfflineQueue();
  readonly #requestBound = new QueueBound();
  /** The frame of each request, for an outbox that takes this one's place. */
  readonly #frameOf = new WeakMap<() => void, Frame>();
  #requestBytes = 0;
  #wire: Wire | undefined;
  #lost = 0;
  #waiters: (() => void)[] = [];

  constructor(config: Defaults, tellError: (error: Error) => void) {
    this.#config = config;
    this.#tellError = tellError;
  }

  /** Everything that was accepted has been handed to a connection. */
  get isEmpty(): boolean {
    return this.#messages.size === 0 && this.requests.size === 0;
  }

  /** Messages lost so far, because the client ended. */
  get lost(): number {
    return this.#lost;
  }

  /** Keeps a message for the next connection. False when there is no room. */
  keep(frame: Frame): boolean {
    return this.#admitted(this.#messages.add(frame, this.#config));
  }

  /** Sync mode: the message leaves when the answer to the one before is there. */
  request(frame: Frame): boolean {
    const { requests } = this;
    if (requests.size === 0) {
      this.#requestBytes = 0;
      this.#requestBound.reset();
    }
    const held = { messages: requests.size, bytes: this.#requestBytes };
    if (!this.#admitted(this.#requestBound.refusal(frame, held, this.#config))) return false;
    this.#requestBytes += sizeOf(frame);
    const send = (): void => {
      this.#requestBytes -= sizeOf(frame);
      this.#wire?.write(frame);
    };
    this.#frameOf.set(send, frame);
    if (this.#wire === undefined) requests.stop = true;
    requests.add(send);
    return true;
  }

  /** A connection stands: what waits goes out. */
  sendTo(wire: Wire): void {
    this.#wire = wire;
    for (const frame of this.#messages.takeAll()) wire.write(frame);
    this.requests.stop = false;
    if (!this.requests.running) this.requests.next();
    this.#tellWaiters();
  }

  /** An answer came: the next request may go. */
  answered(): void {
    this.requests.next();
    if (this.requests.size === 0) this.#tellWaiters();
  }

  /** The connection is gone. The request that was not answered is given up; the rest waits. */
  suspend(): void {
    this.#wire = undefined;
    this.requests.stop = true;
    if (this.requests.running) this.requests.next();
  }

  /** Drops what waits for a connection, as of old. */
  drop(): void {
    this.#messages.takeAll();
  }

  /** The client ended. @returns how many messages are lost with it. */
  abandon(): number {
    const lost = this.#messages.takeAll().length + this.requests.size;
    this.requests.clear();
    this.#lost += lost;
    this.#tellWaiters();
    return lost;
  }

  /** Takes over what another client left, and those who wait for it. */
  adopt(other: Outbox): void {
    this.#messages.adopt(other.#messages);
    for (const task of other.requests.contents.splice(0)) {
      const frame = other.#frameOf.get(task);
      if (frame !== undefined) this.request(frame);
    }
    other.#tellWaiters();
  }

  /** Resolves when something has changed that may have emptied the outbox. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  #admitted(refusal: { error: Error | undefined } | undefined): boolean {
    if (refusal?.error !== undefined) this.#tellError(refusal.error);
    return refusal === undefined;
  }

  #tellWaiters(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
