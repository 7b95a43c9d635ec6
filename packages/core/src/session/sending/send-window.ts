/**
 * How many events and calls may be under way: those whose handlers have not settled at the peer. The
 * peer grants the window in its welcome and gives it back with its acknowledgements, so that slow
 * handlers there slow the sender here, while results and control frames pass.
 */
import { MyelinError } from "../../errors.ts";

export interface WindowSize {
  readonly messages: number;
  readonly bytes: number;
}

export class SendWindow {
  readonly #size: WindowSize;
  #messages = 0;
  #bytes = 0;
  #settledMessages = 0;
  #settledBytes = 0;

  constructor(size: WindowSize) {
    this.#size = size;
  }

  /** So few wait together that there is a place for all of them soon. */
  get maxAtOnce(): number {
    return Math.max(1, this.#size.messages >> 5);
  }

  /** Messages for which there is room. */
  get places(): number {
    return this.#size.messages - this.#messages + this.#settledMessages;
  }

  /**
   * Whether another message may go, when so much more than was taken is about to.
   * A single one may overdraw the bytes, or a large one never could.
   */
  isOpen(messages: number, bytes: number): boolean {
    return (
      this.#messages + messages - this.#settledMessages < this.#size.messages &&
      this.#bytes + bytes - this.#settledBytes < this.#size.bytes
    );
  }

  take(messages: number, bytes: number): void {
    this.#messages += messages;
    this.#bytes += bytes;
  }

  /** Of what was taken so much will not be sent. */
  giveBack(messages: number, bytes: number): void {
    this.#messages -= messages;
    this.#bytes -= bytes;
  }

  /**
   * The peer says how much of it has settled since the session began.
   * @throws {MyelinError} `ERR_PROTOCOL` when that is more than was sent, or less than it said before.
   */
  settle(messages: number, bytes: number): void {
    if (
      messages > this.#messages ||
      bytes > this.#bytes ||
      messages < this.#settledMessages ||
      bytes < this.#settledBytes
    ) {
      throw new MyelinError("ERR_PROTOCOL", "the peer settled what it was not sent");
    }
    this.#settledMessages = messages;
    this.#settledBytes = bytes;
  }
}
