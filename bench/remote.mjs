// A process of a measurement, as the harness sees it.
/** Only a safety net: a peer that loses messages is noticed by the traffic long before. */
const deadlineMs = 400_000;

export class Remote {
  #actor;
  #label;
  #calls = new Map();
  #lastCall = 0;
  #failure;
  #ended = false;
  #break;

  /** Rejects when anything goes wrong there; never resolves. */
  broken = new Promise((_resolve, reject) => {
    this.#break = reject;
  });

  /** `ready` settles when it serves, or is connected. */
  constructor(label, actor) {
    this.#label = label;
    this.#actor = actor;
    this.ready = this.#answerTo(0);
    // Whoever awaits one of them is told; nobody has to await both.
    for (const promise of [this.ready, this.broken]) promise.catch(() => {});
    actor.listen({
      onMessage: ({ id, result, failed }) => {
        if (failed !== undefined) this.#fail(failed);
        else this.#calls.get(id)?.resolve(result);
        this.#calls.delete(id);
      },
      onEnd: (reason) => this.#fail(reason),
    });
  }

  /** Asks the process to do something; rejects when anything goes wrong there. */
  call(command, ...args) {
    const id = ++this.#lastCall;
    this.#actor.send({ id, command, args });
    return this.#answerTo(id, command);
  }

  /** Ends the process and waits until it is gone. */
  async end() {
    this.#fail("the measurement was over");
    this.#ended = true;
    await this.#actor.kill();
  }

  async #answerTo(id, command = "start") {
    if (this.#failure !== undefined) throw this.#failure;
    let deadline;
    try {
      return await new Promise((resolve, reject) => {
        this.#calls.set(id, { resolve, reject });
        deadline = setTimeout(
          () => this.#fail(`no answer to "${command}" after ${deadlineMs / 1_000} s`),
          deadlineMs,
        );
      });
    } finally {
      clearTimeout(deadline);
    }
  }

  #fail(reason) {
    if (this.#ended) return;
    this.#failure ??= new Error(`${this.#label}: ${reason}`);
    for (const { reject } of this.#calls.values()) reject(this.#failure);
    this.#calls.clear();
    this.#break(this.#failure);
  }
}
