// How a sender sends in every traffic that measures a rate in one direction. It decides what is
// measured, so every implementation gets the same: a burst in each turn of the event loop, as from
// a program that handles a batch of work per turn, and a limit on what the receivers have not yet
// acknowledged. The acknowledgements are events of the same implementation, one for hundreds of
// messages.
// The limit decides much. While messages fit into the kernel's buffers, an implementation that
// writes each of them pays a system call for each. With a long backlog Node joins what waits, so that
// everybody writes in large pieces: that flatters who writes one by one, and is a scenario of its own.
import { losePatience, patienceMs } from "./patience.mjs";

export class PacedSender {
  /** Events sent so far. */
  sent = 0;
  #acknowledged = 0;
  #settings;
  #sendNext;
  #fail;
  #onAcknowledged = () => {};

  /** @param sendNext sends the event of the number that it is given */
  constructor({ settings, sendNext, fail }) {
    this.#settings = settings;
    this.#sendNext = sendNext;
    this.#fail = fail;
  }

  /** So many events have been received by everybody. */
  acknowledged(count) {
    if (!(count <= this.sent)) this.#fail(`${count} of ${this.sent} events acknowledged`);
    this.#acknowledged = count;
    this.#onAcknowledged();
  }

  /** Sends for so long; resolves when all of it has been acknowledged. */
  send(ms) {
    const { burst, window, acknowledgeEvery } = this.#settings;
    const before = this.sent;
    const startedAt = performance.now();
    let state = "sending";
    return new Promise((resolve) => {
      const calm = losePatience(ms + patienceMs, () => {
        this.#fail(`${this.sent} events sent, only ${this.#acknowledged} acknowledged`);
      });
      const mayGoOn = () => this.sent - this.#acknowledged + burst <= window;
      const turn = () => {
        for (let index = 0; index < burst; index++) this.#sendNext(this.sent++);
        // Ends where an acknowledgement is due, so that the last message has one.
        const isDue = this.sent % acknowledgeEvery === 0;
        if (isDue && performance.now() - startedAt >= ms) state = "over";
        else if (mayGoOn()) setImmediate(turn);
        else state = "waiting";
      };
      this.#onAcknowledged = () => {
        if (state === "waiting" && mayGoOn()) {
          state = "sending";
          setImmediate(turn);
        } else if (state === "over" && this.#acknowledged === this.sent) {
          calm();
          resolve({ count: this.sent - before, seconds: (performance.now() - startedAt) / 1_000 });
        }
      };
      turn();
    });
  }
}
