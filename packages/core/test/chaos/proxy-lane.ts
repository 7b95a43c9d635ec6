/** One direction through the proxy: passes bytes on, in other pieces, late, up to the byte that is the last. */
import type { Socket } from "node:net";
import type { SeededRandom } from "../../src/testing/seeded-random.ts";

const chanceOfDelay = 0.02;
const maxDelayMs = 3;
const chanceOfSplit = 0.3;

export class ProxyLane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #random: SeededRandom;
  readonly #waiting: Buffer[] = [];
  #untilStop = Number.POSITIVE_INFINITY;
  #onStop: () => void = () => {};
  #isStopped = false;
  #isDelayed = false;
  #isEnding = false;

  constructor(from: Socket, to: Socket, random: SeededRandom) {
    this.#from = from;
    this.#to = to;
    this.#random = random;
    from.on("data", (chunk) => {
      this.#waiting.push(chunk);
      this.#pass();
    });
    from.on("end", () => {
      this.#isEnding = true;
      this.#pass();
    });
    to.on("drain", () => this.#pass());
  }

  /** Passes so many bytes more, then nothing. */
  stopAfter(bytes: number, onStop: () => void): void {
    this.#untilStop = bytes;
    this.#onStop = onStop;
  }

  /** Nothing passes any more, not even an end. */
  stop(): void {
    this.#isStopped = true;
    this.#from.pause();
  }

  /** It was not meant so: the rest passes, too. */
  goOn(): void {
    this.#untilStop = Number.POSITIVE_INFINITY;
    this.#isStopped = false;
  }

  /** There is no more to come from where it reads. */
  end(): void {
    this.#isEnding = true;
    this.#pass();
  }

  #pass(): void {
    while (!this.#isStopped && !this.#isDelayed) {
      if (this.#to.writableNeedDrain) {
        this.#from.pause();
        return;
      }
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#write(next);
      if (this.#random.chance(chanceOfDelay)) this.#delay();
    }
    if (this.#isStopped || this.#isDelayed) return;
    this.#from.resume();
    if (this.#isEnding && this.#to.writable) this.#to.end();
  }

  #write(chunk: Buffer): void {
    const isSplit = this.#random.chance(chanceOfSplit);
    const most = isSplit ? this.#random.integer(1, chunk.length) : chunk.length;
    const part = chunk.subarray(0, Math.min(most, this.#untilStop));
    if (part.length < chunk.length) this.#waiting.unshift(chunk.subarray(part.length));
    this.#untilStop -= part.length;
    if (part.length > 0 && this.#to.writable) this.#to.write(part);
    if (this.#untilStop > 0) return;
    this.#isStopped = true;
    this.#onStop();
  }

  #delay(): void {
    this.#isDelayed = true;
    this.#from.pause();
    setTimeout(
      () => {
        this.#isDelayed = false;
        this.#pass();
      },
      this.#random.integer(1, maxDelayMs),
    );
  }
}
