/**
 * The window that this side grants: events and calls whose handlers have not settled. What settles is
 * returned to the sender with the next acknowledgement.
 */
import { MyelinError } from "../../errors.ts";
import type { WindowSize } from "../sending/send-window.ts";

export class ReceiveWindow {
  readonly #size: WindowSize;
  /** What a sender may be wrong by: it learns the exact size of a batch when it is complete. */
  readonly #tolerance: number;
  #messages = 0;
  #bytes = 0;
  settledMessages = 0;
  settledBytes = 0;

  constructor(size: WindowSize, tolerance: number) {
    this.#size = size;
    this.#tolerance = tolerance;
  }

  /**
   * A frame with so many events and calls arrived, which are handed to handlers.
   * @throws {MyelinError} `ERR_PROTOCOL` when there was no room for them.
   */
  receive(messages: number, bytes: number): void {
    const atWork = this.#messages - this.settledMessages;
    if (
      atWork + messages > this.#size.messages ||
      this.unsettledBytes > this.#size.bytes + this.#tolerance
    ) {
      throw new MyelinError("ERR_PROTOCOL", "the peer sent more than its window admits");
    }
    // What was refused is no handler's, and would count as one's for ever.
    this.#messages += messages;
    this.#bytes += bytes;
  }

  /** Since the session began. */
  get receivedMessages(): number {
    return this.#messages;
  }

  get receivedBytes(): number {
    return this.#bytes;
  }

  /** Bytes of what has arrived and has not settled. */
  get unsettledBytes(): number {
    return this.#bytes - this.settledBytes;
  }

  settle(messages: number, bytes: number): void {
    this.settledMessages += messages;
    this.settledBytes += bytes;
  }
}

/** What one frame took of the window, until all of its handlers have settled. */
export class Receipt {
  readonly #window: ReceiveWindow;
  readonly #bytes: number;
  readonly #owner: { onSettled(): void };
  #open: number;

  constructor(
    window: ReceiveWindow,
    messages: number,
    bytes: number,
    owner: { onSettled(): void },
  ) {
    this.#window = window;
    this.#open = messages;
    this.#bytes = bytes;
    this.#owner = owner;
  }

  /** The handler of one of its messages is done. To be called once for each. */
  settle(): void {
    this.#open -= 1;
    this.#window.settle(1, this.#open === 0 ? this.#bytes : 0);
    this.#owner.onSettled();
  }
}
