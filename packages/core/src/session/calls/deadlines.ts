/**
 * Many deadlines, few timers. Most calls of a program wait equally long, so those of one duration are
 * a list in the order of their ends: adding and removing cost a few pointers, and each list has one
 * timer. When that fires later than the list is long, everything in the list gets as long once more.
 */
import type { Clock, Timer } from "../../clock.ts";

/** Something that must be over by a certain time. It is in one list at most. */
export interface Deadline {
  /** The time is over. */
  expire(): void;
  /** Managed by {@link Deadlines}: undefined at first. */
  dueAt: number;
  previous: Deadline | undefined;
  next: Deadline | undefined;
  list: DeadlineList | undefined;
}

interface DeadlineList {
  readonly ms: number;
  first: Deadline | undefined;
  last: Deadline | undefined;
  timer: Timer | undefined;
}

/**
 * A list that is empty keeps its timer, for the next call will most likely wait as long. But a peer
 * chooses how long its calls may take: with a duration of its own for each it would fill the memory.
 */
const maxIdleLists = 64;

export class Deadlines {
  readonly #clock: Clock;
  readonly #lists = new Map<number, DeadlineList>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `expire` in `ms` from now, unless it is removed before. */
  add(deadline: Deadline, ms: number): void {
    let list = this.#lists.get(ms);
    if (list === undefined) {
      list = { ms, first: undefined, last: undefined, timer: undefined };
      this.#lists.set(ms, list);
    }
    deadline.dueAt = this.#clock.now() + ms;
    deadline.list = list;
    deadline.previous = list.last;
    deadline.next = undefined;
    if (list.last === undefined) list.first = deadline;
    else list.last.next = deadline;
    list.last = deadline;
    if (list.timer === undefined) this.#wait(list, ms);
  }

  remove(deadline: Deadline): void {
    const { list, previous, next } = deadline;
    if (list === undefined) return;
    if (previous === undefined) list.first = next;
    else previous.next = next;
    if (next === undefined) list.last = previous;
    else next.previous = previous;
    deadline.list = undefined;
    deadline.previous = undefined;
    deadline.next = undefined;
    if (list.first === undefined && this.#lists.size > maxIdleLists) this.#forget(list);
  }

  /** Forgets all of them. */
  clear(): void {
    for (const list of this.#lists.values()) this.#clock.clearTimeout(list.timer);
    this.#lists.clear();
  }

  #forget(list: DeadlineList): void {
    if (this.#lists.get(list.ms) !== list) return;
    this.#clock.clearTimeout(list.timer);
    this.#lists.delete(list.ms);
  }

  #wait(list: DeadlineList, ms: number, isGranted = false): void {
    const clock = this.#clock;
    const dueAt = clock.now() + ms;
    list.timer = clock.setTimeout(() => {
      // A process that slept or was busy has to read first what came meanwhile, and that takes more
      // than one turn. Once only: one that is never in time must have an end of its calls all the same.
      if (!isGranted && clock.now() - dueAt > list.ms) this.#wait(list, list.ms, true);
      // Timers run before arrivals do: an answer that is in the socket already must win.
      else clock.setImmediate(() => this.#run(list));
    }, ms);
  }

  #run(list: DeadlineList): void {
    list.timer = undefined;
    const now = this.#clock.now();
    for (let due = list.first; due !== undefined && due.dueAt <= now; due = list.first) {
      this.remove(due);
      due.expire();
    }
    if (this.#lists.get(list.ms) !== list || list.timer !== undefined) return;
    if (list.first === undefined) this.#lists.delete(list.ms);
    else this.#wait(list, list.first.dueAt - now);
  }
}
