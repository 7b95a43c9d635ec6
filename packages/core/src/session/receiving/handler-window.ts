/**
 * Bounds what handlers have not finished on a wire that grants its sender no window: reading pauses
 * while too much is at work. That cannot make two peers wait for each other, as it would where there
 * are calls: no handler waits for anything that this wire brings.
 */

import type { WindowSize } from "../sending/send-window.ts";
import { entryCost } from "../wire.ts";
import type { Settled } from "./dispatch.ts";

export interface HandlerWindowOptions {
  readonly size: WindowSize;
  /** Stops reading, and goes on. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** The handlers of a message have finished. */
  readonly onSettled: () => void;
}

export class HandlerWindow {
  readonly #options: HandlerWindowOptions;
  #messages = 0;
  #bytes = 0;
  #isPaused = false;

  constructor(options: HandlerWindowOptions) {
    this.#options = options;
  }

  /** Messages whose handlers have not finished. */
  get messages(): number {
    return this.#messages;
  }

  /** What they cost. */
  get bytes(): number {
    return this.#bytes;
  }

  /** No more is to be handed on for now. */
  get isFull(): boolean {
    const { size } = this.#options;
    return this.#messages >= size.messages || this.#bytes >= size.bytes;
  }

  /** A message of so many bytes is handed on: settles when its handlers have finished. */
  take(bytes: number): Settled {
    const cost = bytes + entryCost;
    this.#messages += 1;
    this.#bytes += cost;
    return new Receipt(this, cost);
  }

  /** The piece has been read: there is more to come, or not for now. */
  check(): void {
    if (!this.isFull) return;
    this.#isPaused = true;
    // Each time: whoever closes the connection has it read on, to see the end of the other side.
    this.#options.pause();
  }

  /** @internal */
  settle(cost: number): void {
    this.#messages -= 1;
    this.#bytes -= cost;
    const { onSettled, resume, size } = this.#options;
    onSettled();
    if (!this.#isPaused) return;
    if (this.#messages * 2 > size.messages || this.#bytes * 2 > size.bytes) return;
    this.#isPaused = false;
    resume();
  }
}

/** What one message took. */
class Receipt implements Settled {
  readonly #window: HandlerWindow;
  readonly #cost: number;

  constructor(window: HandlerWindow, cost: number) {
    this.#window = window;
    this.#cost = cost;
  }

  settle(): void {
    this.#window.settle(this.#cost);
  }
}
