/** What a test does to connections while they stand, and what chance does to new ones. */
import { systemClock } from "../clock.ts";
import { MyelinError } from "../errors.ts";
import { checkOption } from "../options.ts";
import { oneOf } from "../session/shapes.ts";
import type { Connection } from "../transport/transport.ts";
import { checkFaultOptions, type Direction, type FaultOptions } from "./fault-options.ts";
import { FaultyConnection, type NoticedBy } from "./faulty-connection.ts";
import { SeededRandom } from "./seeded-random.ts";

const sides = oneOf(["both", "dialler", "listener"] satisfies NoticedBy[]);
const directions = oneOf(["both", "up", "down"] satisfies (Direction | "both")[]);

/** The faults of one network: all the connections that were dialled through it. */
export class Faults {
  readonly #options: FaultOptions;
  readonly #random: SeededRandom;
  readonly #connections = new Set<FaultyConnection>();
  readonly #stalled = new Set<Direction>();
  #isRefusing = false;
  #dials = 0;
  #waiting: (() => void)[] = [];

  /** @throws {MyelinError} `ERR_CONFIG` */
  constructor(options: FaultOptions = {}) {
    checkFaultOptions("faulty", options);
    this.#options = options;
    this.#random = new SeededRandom(options.seed ?? 1);
  }

  /** What all chance follows from. */
  get seed(): number {
    return this.#random.seed;
  }

  /** How many connections stand, or are still on their way to their end. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Breaks all connections that stand. A side that does not notice it hears nothing until
   * {@link heal}; what the dialler had sent arrives then, late, if it was the listener who did not.
   * @throws {MyelinError} `ERR_CONFIG`
   */
  cutAll(noticedBy: NoticedBy = "both"): void {
    checkOption("cutAll", "noticedBy", noticedBy, sides);
    for (const connection of [...this.#connections]) connection.cut(noticedBy);
  }

  /**
   * Nothing passes any more, in one direction (half open) or in both, on connections that stand and
   * on new ones, until {@link heal}. Nobody is told; dialling takes until then.
   * @throws {MyelinError} `ERR_CONFIG`
   */
  stall(direction: Direction | "both" = "both"): void {
    checkOption("stall", "direction", direction, directions);
    for (const each of directionsOf(direction)) {
      this.#stalled.add(each);
      for (const connection of this.#connections) connection.stall(each);
    }
  }

  /** From now on dialling is refused, until {@link heal}. */
  refuse(): void {
    this.#isRefusing = true;
  }

  /** Ends what {@link stall}, {@link refuse} and {@link cutAll} began, and all halts by chance. */
  heal(): void {
    this.#isRefusing = false;
    this.#stalled.clear();
    for (const connection of [...this.#connections]) connection.heal();
    for (const goOn of this.#waiting.splice(0)) goOn();
  }

  /**
   * Waits while dialling is halted.
   * @internal
   * @returns what makes a connection of this dial a faulty one.
   * @throws {MyelinError} `ERR_CONNECTION_REFUSED`, by chance or because the test says so.
   */
  async admit(address: string, signal?: AbortSignal): Promise<(inner: Connection) => Connection> {
    const { clock = systemClock, refuse = 0 } = this.#options;
    const wrap = this.prepare();
    const isRefused = this.#random.chance(refuse);
    const number = this.#dials;
    await this.#passable(signal);
    if ((isRefused || this.#isRefusing) && signal?.aborted !== true) {
      this.#options.onFault?.({ kind: "refused", atMs: clock.now(), connection: number });
      await new Promise<void>((resolve) => clock.setImmediate(resolve));
      throw new MyelinError("ERR_CONNECTION_REFUSED", `${address}: refused, on purpose`, {
        address,
      });
    }
    return wrap;
  }

  /**
   * Draws what will happen to the next connection, whenever it comes.
   * @internal
   */
  prepare(): (inner: Connection) => Connection {
    const number = ++this.#dials;
    const random = new SeededRandom(this.#random.integer(0, 2 ** 32 - 1));
    return (inner) => {
      const onGone = (): void => void this.#connections.delete(connection);
      const options = { ...this.#options, number, random, onGone };
      const connection: FaultyConnection = new FaultyConnection(inner, options);
      this.#connections.add(connection);
      for (const direction of this.#stalled) connection.stall(direction);
      return connection;
    };
  }

  async #passable(signal: AbortSignal | undefined): Promise<void> {
    const isHalted = (): boolean => this.#stalled.size > 0 && signal?.aborted !== true;
    while (isHalted()) {
      await new Promise<void>((resolve) => {
        const goOn = (): void => {
          signal?.removeEventListener("abort", goOn);
          resolve();
        };
        signal?.addEventListener("abort", goOn, { once: true });
        this.#waiting.push(goOn);
      });
    }
  }
}

function directionsOf(direction: Direction | "both"): readonly Direction[] {
  return direction === "both" ? ["up", "down"] : [direction];
}
