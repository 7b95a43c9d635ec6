/**
 * Room for more events, on a wire of events only, for those who wait for it. It comes when events leave:
 * at the end of a tick, or when the connection takes more; and when other peers leave more of the budget.
 */
import type { Collector, Tick } from "../bytes/tick.ts";
import type { EventHoldings } from "./event-holdings.ts";
import type { SlowPeer } from "./sending/slow-peer.ts";

export interface EventRoomOptions {
  readonly tick: Tick;
  readonly holdings: Pick<EventHoldings, "awaitRoom">;
  readonly slowPeer: SlowPeer;
  /** There is room again for those who waited for it. */
  readonly onDrain: () => void;
}

export class EventRoom implements Collector {
  readonly #options: EventRoomOptions;
  #isAwaited = false;
  /** It is looked for at the end of this tick. */
  #waits = false;
  #isStopped = false;

  constructor(options: EventRoomOptions) {
    this.#options = options;
  }

  /** Less waits than the high-water mark allows. */
  get isThere(): boolean {
    const { slowPeer } = this.#options;
    return slowPeer.waitingBytes < slowPeer.highWaterMark();
  }

  /** `onDrain` is called as soon as there is room. */
  await(): void {
    if (this.#isAwaited || this.#isStopped) return;
    this.#isAwaited = true;
    // What was collected leaves then, and a connection that was not full tells of no drain.
    this.#lookLater();
    this.#options.holdings.awaitRoom(this.#roomier);
  }

  /** Events are leaving. Whoever sends them is not done, and hears of room later. */
  leaving(): void {
    if (this.#isAwaited) this.#lookLater();
  }

  /** Events have left. */
  check(): void {
    const { slowPeer } = this.#options;
    if (!this.#isAwaited || slowPeer.waitingBytes * 2 > slowPeer.highWaterMark()) return;
    this.#drained();
  }

  /** The tick is over. */
  endTick(): void {
    this.#waits = false;
    this.check();
  }

  /** Nothing more is accepted. */
  stop(): void {
    this.#isStopped = true;
    this.#isAwaited = false;
  }

  #lookLater(): void {
    if (this.#waits) return;
    this.#waits = true;
    this.#options.tick.await(this);
  }

  /** Others have left more room. */
  readonly #roomier = (): void => {
    if (!this.#isAwaited) return;
    if (this.isThere) this.#drained();
    else this.#options.holdings.awaitRoom(this.#roomier);
  };

  #drained(): void {
    this.#isAwaited = false;
    this.#options.onDrain();
  }
}
