/** Messages that have arrived and wait until handlers have finished others, in order. */
import { entryCost } from "./wire.ts";

export class HeldFrames {
  #frames: string[] = [];
  /** Those in front of it have gone: they are let go together. */
  #next = 0;
  #bytes = 0;

  /** With what each costs beside its text. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#frames.length - this.#next;
  }

  add(frame: string): void {
    this.#frames.push(frame);
    this.#bytes += frame.length + entryCost;
  }

  /** The oldest, which is held no more. */
  shift(): string | undefined {
    const frame = this.#frames[this.#next];
    if (frame === undefined) return undefined;
    this.#next += 1;
    this.#bytes -= frame.length + entryCost;
    if (this.#next === this.#frames.length) this.clear();
    return frame;
  }

  clear(): void {
    this.#frames = [];
    this.#next = 0;
    this.#bytes = 0;
  }
}
