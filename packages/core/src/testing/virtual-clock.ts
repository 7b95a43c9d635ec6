/**
 * A clock that stands still until a test moves it on. Everything that was put on it runs in one
 * order, by due time and then as it was put there; its chance follows from a seed. So the same test
 * does the same each time.
 */
// Not the global one, which fake timers of a test runner may replace.
import { setImmediate } from "node:timers";
import type { Clock, Timer } from "../clock.ts";
import { MyelinError } from "../errors.ts";
import { checkAll, checkObject, type OptionRule, shown } from "../options.ts";
import { SeededRandom } from "./seeded-random.ts";
import { type Task, TaskQueue } from "./task-queue.ts";

/** Options of {@link VirtualClock}. */
export interface VirtualClockOptions {
  /** What `random` and `randomBytes` follow from. @defaultValue 1 */
  seed?: number;
  /** What `now()` says at first. @defaultValue 0 */
  startMs?: number;
  /**
   * A run that comes to no rest within so many tasks fails: something waits for nothing, again and
   * again. @defaultValue 100,000
   */
  maxTasks?: number;
}

const rules: Readonly<Record<keyof VirtualClockOptions, OptionRule>> = {
  seed: { what: "a whole number", is: Number.isInteger },
  startMs: { what: "a number", is: Number.isFinite },
  maxTasks: { min: 1, max: Number.POSITIVE_INFINITY },
};

class VirtualTimer implements Timer {
  readonly task: Task;
  readonly #tasks: TaskQueue;

  constructor(tasks: TaskQueue, task: Task) {
    this.task = task;
    this.#tasks = tasks;
  }

  ref(): void {
    this.#tasks.setRef(this.task, true);
  }

  unref(): void {
    this.#tasks.setRef(this.task, false);
  }
}

/**
 * Time for tests. What a task throws is thrown by the call that ran it; the tasks after it stay.
 *
 * The plain methods run task after task and nothing between. Code that awaits needs the ones that
 * return a promise: they let all promises settle after each task, as the event loop would.
 */
export class VirtualClock implements Clock {
  readonly #random: SeededRandom;
  readonly #maxTasks: number;
  readonly #tasks = new TaskQueue();
  #now: number;

  /** @throws {MyelinError} `ERR_CONFIG` for an option that nobody knows, and when a number is none. */
  constructor(options: VirtualClockOptions = {}) {
    checkObject("VirtualClock", options);
    checkAll("VirtualClock", "", options, rules);
    const { maxTasks = 100_000, seed = 1, startMs = 0 } = options;
    this.#random = new SeededRandom(seed);
    this.#maxTasks = maxTasks;
    this.#now = startMs;
  }

  get seed(): number {
    return this.#random.seed;
  }

  /** How many timers and immediates wait. */
  get pending(): number {
    return this.#tasks.size;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(run: () => void, ms: number): Timer {
    // As Node: what is below a millisecond, or no number, is one millisecond.
    const wait = ms >= 1 ? ms : 1;
    return new VirtualTimer(this.#tasks, this.#tasks.add(this.#now + wait, run, false));
  }

  clearTimeout(timer: Timer | undefined): void {
    if (timer instanceof VirtualTimer) this.#tasks.remove(timer.task);
  }

  setImmediate(run: () => void): void {
    this.#tasks.add(this.#now, run, true);
  }

  random(): number {
    return this.#random.next();
  }

  randomBytes(count: number): Uint8Array {
    return this.#random.bytes(count);
  }

  /** Runs the one task that is next, if it is due now. @returns whether there was one. */
  step(): boolean {
    return this.#runNext(this.#now);
  }

  /** Runs everything that falls due within the next `ms`, each at its time; then it is that later. @throws {MyelinError} `ERR_CONFIG` */
  advance(ms: number): void {
    checkTime(ms);
    const end = this.#now + ms;
    this.#run(() => true, end);
    this.#now = end;
  }

  /** As {@link advance}, and all promises settle after each task. */
  async advanceAsync(ms: number): Promise<void> {
    checkTime(ms);
    const end = this.#now + ms;
    await this.#runAsync(() => true, end);
    this.#now = end;
  }

  /**
   * Runs, and moves time on, until a process would end here: nothing waits but unref'd timers, such
   * as heartbeats and deadlines, which are left waiting.
   * @throws {MyelinError} `ERR_TIMEOUT` when it comes to no rest.
   */
  runUntilIdle(): void {
    this.#run(() => this.#tasks.hasRef, Number.POSITIVE_INFINITY);
  }

  /** As {@link runUntilIdle}, and all promises settle after each task. */
  runUntilIdleAsync(): Promise<void> {
    return this.#runAsync(() => this.#tasks.hasRef, Number.POSITIVE_INFINITY);
  }

  /**
   * Runs, and moves time on, until a promise settles, and gives what it gives.
   * @throws {MyelinError} `ERR_TIMEOUT` when nothing is left that could settle it; `ERR_CONFIG` when
   * it is no promise
   */
  async until<Value>(promise: PromiseLike<Value>): Promise<Value> {
    if (!isPromiseLike(promise)) throw wrong("until(): takes a promise", promise);
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await this.#runAsync(() => !isSettled, Number.POSITIVE_INFINITY);
    if (!isSettled) throw this.#failure("nothing is left that could settle the promise");
    return await promise;
  }

  #run(isWanted: () => boolean, end: number): void {
    for (let count = 0; isWanted() && this.#runNext(end); count++) this.#checkRest(count);
  }

  async #runAsync(isWanted: () => boolean, end: number): Promise<void> {
    await promisesSettled();
    for (let count = 0; isWanted() && this.#runNext(end); count++) {
      this.#checkRest(count);
      await promisesSettled();
    }
  }

  #runNext(end: number): boolean {
    const task = this.#tasks.takeUntil(end);
    if (task === undefined) return false;
    this.#now = Math.max(this.#now, task.dueAt);
    task.run();
    return true;
  }

  #checkRest(count: number): void {
    if (count >= this.#maxTasks) throw this.#failure(`no rest after ${this.#maxTasks} tasks`);
  }

  #failure(what: string): MyelinError {
    return new MyelinError("ERR_TIMEOUT", `${what} (seed ${this.seed}, ${this.#now} ms)`);
  }
}

/** Time that has become no number never becomes one again. */
function checkTime(ms: number): void {
  if (Number.isFinite(ms) && ms >= 0) return;
  throw wrong("advance(): ms must be a number from 0", ms);
}

function isPromiseLike(given: unknown): boolean {
  return typeof (given as Partial<PromiseLike<unknown>> | undefined | null)?.then === "function";
}

function wrong(rule: string, value: unknown): MyelinError {
  return new MyelinError("ERR_CONFIG", `${rule}, not ${shown(value)}`);
}

// All promises and ticks run before the event loop takes its next turn.
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
