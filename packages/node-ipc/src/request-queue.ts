/**
 * The queue of sync mode: one request at a time, the next after an answer. It has the methods of the
 * queue that node-ipc 9 to 14 put on `client.queue`, which programs reach for.
 */
type Task = () => void;

export class RequestQueue {
  /** Start by itself when the first task is added. */
  autoRun = true;
  /** Hold the next task back. */
  stop = false;
  #tasks: Task[] = [];
  #running = false;

  add(...tasks: Task[]): this {
    this.#tasks.push(...tasks);
    if (!this.#running && !this.stop && this.autoRun) this.next();
    return this;
  }

  /** Runs the next task, if there is one. */
  next(): void {
    const task = this.stop ? undefined : this.#tasks.shift();
    this.#running = task !== undefined;
    if (task === undefined) return;
    try {
      task.call(this);
    } catch (error) {
      this.#running = false;
      throw error;
    }
  }

  clear(): Task[] {
    this.#tasks = [];
    return this.#tasks;
  }

  get contents(): Task[] {
    return this.#tasks;
  }

  set contents(tasks: Task[]) {
    this.#tasks = tasks;
  }

  get running(): boolean {
    return this.#running;
  }

  get size(): number {
    return this.#tasks.length;
  }
}
