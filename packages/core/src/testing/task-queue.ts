/** What a virtual clock still has to run: a heap by due time, and by order of insertion within it. */

/** One task of a {@link TaskQueue}, which alone changes it. */
export interface Task {
  readonly dueAt: number;
  readonly run: () => void;
  readonly order: number;
  isWaiting: boolean;
  /** A process would wait for it. */
  isRef: boolean;
}

export class TaskQueue {
  readonly #heap: Task[] = [];
  #added = 0;
  #waiting = 0;
  #waitingRef = 0;

  get size(): number {
    return this.#waiting;
  }

  get hasRef(): boolean {
    return this.#waitingRef > 0;
  }

  add(dueAt: number, run: () => void, isRef: boolean): Task {
    const task = { dueAt, run, order: this.#added++, isWaiting: true, isRef };
    this.#waiting++;
    if (isRef) this.#waitingRef++;
    this.#siftUp(task);
    return task;
  }

  /** Its place in the heap stays until its time comes: finding it would cost more. */
  remove(task: Task): void {
    if (!task.isWaiting) return;
    task.isWaiting = false;
    this.#waiting--;
    if (task.isRef) this.#waitingRef--;
  }

  setRef(task: Task, isRef: boolean): void {
    if (task.isWaiting && task.isRef !== isRef) this.#waitingRef += isRef ? 1 : -1;
    task.isRef = isRef;
  }

  /** Takes out the next task, unless it is due later than `end`. */
  takeUntil(end: number): Task | undefined {
    for (let next = this.#heap[0]; next !== undefined; next = this.#heap[0]) {
      if (next.isWaiting && next.dueAt > end) return undefined;
      this.#removeFirst();
      if (!next.isWaiting) continue;
      this.remove(next);
      return next;
    }
    return undefined;
  }

  #siftUp(task: Task): void {
    let index = this.#heap.length;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.#heap[parent] as Task;
      if (isBefore(above, task)) break;
      this.#heap[index] = above;
      index = parent;
    }
    this.#heap[index] = task;
  }

  #removeFirst(): void {
    const last = this.#heap.pop() as Task;
    const count = this.#heap.length;
    if (count === 0) return;
    let index = 0;
    for (let child = 1; child < count; child = 2 * index + 1) {
      const [left, right] = [this.#heap[child] as Task, this.#heap[child + 1]];
      const isRight = right !== undefined && isBefore(right, left);
      const below = isRight ? right : left;
      if (isBefore(last, below)) break;
      this.#heap[index] = below;
      index = isRight ? child + 1 : child;
    }
    this.#heap[index] = last;
  }
}

function isBefore(one: Task, other: Task): boolean {
  return one.dueAt === other.dueAt ? one.order < other.order : one.dueAt < other.dueAt;
}
