/**
 * The end of a tick, when what was collected in it leaves. While received bytes are being
 * dispatched, the tick is that dispatch; otherwise it is the turn of the event loop.
 *
 * One list and one timer serve all writers, so that an idle connection costs nothing and a broadcast
 * to a hundred connections schedules once.
 */

/** What collects during a tick. */
export interface Collector {
  /** The tick is over: hand over what was collected. */
  endTick(): void;
}

export class Tick {
  readonly #schedule: (run: () => void) => unknown;
  #waiting: Collector[] = [];
  /** A list that is not in use: one waits while another is worked through. */
  #spare: Collector[] | undefined;
  /** Those that are being worked through, one amid the other. */
  readonly #ending: Collector[][] = [];
  #scheduled = false;
  #dispatches = 0;
  #isExiting = false;
  #members = 0;

  /** @param schedule runs something after the events that are due now */
  constructor(schedule: (run: () => void) => unknown) {
    this.#schedule = schedule;
  }

  /** The process is ending: there is no later moment to wait for. */
  get isExiting(): boolean {
    return this.#isExiting;
  }

  /** Calls `endTick` once, when this tick is over. To be called once per tick and collector. */
  await(collector: Collector): void {
    this.#waiting.push(collector);
    if (this.#dispatches > 0 || this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(this.#onTime);
  }

  /**
   * Lets `reader` work through received bytes, as one tick: what it writes meanwhile leaves when it
   * is done. Calls nest.
   */
  read<Bytes>(reader: { read(bytes: Bytes): void }, bytes: Bytes): void {
    this.#dispatches += 1;
    try {
      reader.read(bytes);
    } finally {
      this.#dispatches -= 1;
      if (this.#dispatches === 0 && this.#waiting.length > 0) this.#end();
    }
  }

  /**
   * Somebody collects from now on, until {@link leave}. process.exit() in the middle of a tick must
   * not lose what that tick has accepted: Node tries a write synchronously, so most of it still gets
   * out.
   */
  join(): void {
    this.#members += 1;
    if (this.#members === 1) exits.add(this.#onExit);
  }

  leave(): void {
    this.#members -= 1;
    if (this.#members === 0) exits.delete(this.#onExit);
  }

  readonly #onTime = (): void => {
    this.#scheduled = false;
    this.#end();
  };

  readonly #onExit = (): void => {
    this.#isExiting = true;
    // Whoever ends the process may be called amid the end of a tick, which nobody goes on with then.
    for (const collectors of this.#ending) workThrough(collectors);
    this.#end();
  };

  #end(): void {
    const collectors = this.#waiting;
    // What is handed over may be read at once, within this process: such a tick ends amid this one.
    this.#waiting = this.#spare ?? [];
    this.#spare = undefined;
    this.#ending.push(collectors);
    workThrough(collectors);
    this.#ending.pop();
    collectors.length = 0;
    this.#spare = collectors;
  }
}

const done: Collector = { endTick() {} };

function workThrough(collectors: Collector[]): void {
  for (let next = 0; next < collectors.length; next += 1) {
    const collector = collectors[next];
    collectors[next] = done;
    try {
      collector?.endTick();
    } catch (error) {
      // A target that throws is its owner's mistake; the other connections still get their turn.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

/** What is to be done before the process ends. One listener serves all of it: Node warns of more than ten. */
class Exits {
  readonly #runs = new Set<() => void>();

  add(run: () => void): void {
    this.#runs.add(run);
    if (this.#runs.size === 1) process.on("exit", this.#onExit);
  }

  delete(run: () => void): void {
    this.#runs.delete(run);
    if (this.#runs.size === 0) process.off("exit", this.#onExit);
  }

  readonly #onExit = (): void => {
    for (const run of this.#runs) run();
  };
}

const exits = new Exits();
const systemTick = new Tick((run) => setImmediate(run));
const ticks = new WeakMap<object, Tick>();

/** The tick of whoever keeps time: everything that shares a clock shares it, and the system has one. */
export function tickOf(clock?: { setImmediate(run: () => void): unknown }): Tick {
  if (clock === undefined) return systemTick;
  let tick = ticks.get(clock);
  if (tick === undefined) {
    tick = new Tick((run) => clock.setImmediate(run));
    ticks.set(clock, tick);
  }
  return tick;
}

/** {@link Tick.read} on the system's tick. */
export function readAsOneTick<Bytes>(reader: { read(bytes: Bytes): void }, bytes: Bytes): void {
  systemTick.read(reader, bytes);
}
