/** Decides when to tell the peer what was received and what has settled. */
import type { Clock, Timer } from "../clock.ts";
import type { Inbox } from "./inbox.ts";
import type { Outbox } from "./outbox.ts";
import type { WindowSize } from "./send-window.ts";

/** The peer hears of at most so many frames at once: what it keeps of them is freed. */
const framesAtOnce = 32;
/** And not later than this, as long as it keeps them. */
const delayMs = 25;

export class Acknowledging {
  readonly #clock: Clock;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #window: WindowSize;
  /** The peer keeps what it sent: it hears from us even when there is little to say. */
  readonly #isKept: boolean;
  #frames = 0;
  #messages = 0;
  #bytes = 0;
  #timer: Timer | undefined;

  constructor(
    parts: { clock: Clock; inbox: Inbox; outbox: Outbox },
    window: WindowSize,
    isKept: boolean,
  ) {
    this.#clock = parts.clock;
    this.#inbox = parts.inbox;
    this.#outbox = parts.outbox;
    this.#window = window;
    this.#isKept = isKept;
  }

  /** Frames were received, or handlers have settled. */
  check(): void {
    const { received, window } = this.#inbox;
    if (
      received - this.#frames >= framesAtOnce ||
      // A quarter: the sender hears of it while it still has some left.
      (window.settledMessages - this.#messages) * 4 >= this.#window.messages ||
      (window.settledBytes - this.#bytes) * 4 >= this.#window.bytes
    ) {
      this.now();
    } else if (this.#isKept && received > this.#frames && this.#timer === undefined) {
      this.#timer = this.#clock.setTimeout(() => {
        this.#timer = undefined;
        if (this.#inbox.received > this.#frames) this.now();
      }, delayMs);
    }
  }

  now(): void {
    const { received, window } = this.#inbox;
    this.#frames = received;
    this.#messages = window.settledMessages;
    this.#bytes = window.settledBytes;
    this.#outbox.control.acknowledge({
      frames: received,
      messages: this.#messages,
      bytes: this.#bytes,
    });
    this.#outbox.touch();
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
  }
}
