/** Messages that have arrived and wait until handlers have finished others, in order. */
import { Fifo } from "../../fifo.ts";
import { entryCost } from "../wire.ts";

export class HeldFrames {
  readonly #frames = new Fifo<string>();
  #bytes = 0;

  /** With what each costs beside its text. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#frames.size;
  }

  add(frame: string): void {
    this.#frames.push(frame);
    this.#bytes += frame.length + entryCost;
  }

  /** The oldest, which is held no more. */
  shift(): string | undefined {
    const frame = this.#frames.shift();
    if (frame !== undefined) this.#bytes -= frame.length + entryCost;
    return frame;
  }

  clear(): void {
    this.#frames.clear();
    this.#bytes = 0;
  }
}
