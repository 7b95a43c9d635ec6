/**
 * Those who want to come in, so many at once. When all places are taken, a stranger who has waited long
 * makes room for the next: else silent ones could keep everybody out. One about whom `authorize` decides
 * keeps its place until that is done, though it may have left: else connecting and leaving would have any
 * number decided about at once.
 */
import { oneWhoHasWaitedLong } from "../transport/long-waiting.ts";
import type { Connection } from "../transport/transport.ts";
import { type AskingOptions, askInTime, type Verdict } from "./asking.ts";

export interface WaitingRoomOptions extends AskingOptions {
  readonly places: number;
  /** It has lost its place to another. */
  readonly onTurnedAway: (connection: Connection) => void;
}

export class WaitingRoom {
  readonly #options: WaitingRoomOptions;
  readonly #waiting = new Set<Connection>();
  /** Of those the ones that have proven nothing yet; who came first is first. */
  readonly #strangers = new Set<Connection>();
  /** What is being asked about those who wait. */
  readonly #questions = new Map<Connection, object>();
  /** What is being asked about those who have left. */
  readonly #leftBehind = new Set<object>();

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
  }

  get connections(): Iterable<Connection> {
    return this.#waiting;
  }

  /** @returns false when there is no place for it, and nobody to make room */
  enter(connection: Connection): boolean {
    if (this.#isFull && !this.#turnOneAway()) return false;
    this.#waiting.add(connection);
    this.#strangers.add(connection);
    return true;
  }

  get #isFull(): boolean {
    return this.#waiting.size + this.#leftBehind.size >= this.#options.places;
  }

  #turnOneAway(): boolean {
    const { clock, onTurnedAway } = this.#options;
    const connection = oneWhoHasWaitedLong(this.#strangers, () => clock.random());
    if (connection === undefined) return false;
    this.leave(connection);
    onTurnedAway(connection);
    return !this.#isFull;
  }

  /** It waits for another decision, wherever it is. @returns false when there is no place for it */
  enterAgain(connection: Connection): boolean {
    if (this.#waiting.has(connection) && !this.#questions.has(connection)) {
      this.#strangers.add(connection);
      return true;
    }
    this.leave(connection);
    return this.enter(connection);
  }

  /** It waits no more. */
  leave(connection: Connection): void {
    if (!this.#waiting.delete(connection)) return;
    this.#strangers.delete(connection);
    const question = this.#questions.get(connection);
    if (question === undefined) return;
    this.#questions.delete(connection);
    this.#leftBehind.add(question);
  }

  /**
   * Asks the program whether one that waits may come in.
   * @param over aborts when nobody waits for the answer any more, and when time is up
   */
  ask(
    connection: Connection,
    over: AbortController,
    ask: (signal: AbortSignal) => unknown,
  ): Promise<Verdict> {
    const question = {};
    this.#questions.set(connection, question);
    this.#strangers.delete(connection);
    return askInTime(this.#options, over, ask, () => {
      this.#leftBehind.delete(question);
      if (this.#questions.get(connection) === question) this.#questions.delete(connection);
    });
  }
}
