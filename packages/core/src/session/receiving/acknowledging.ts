/** Decides when to tell the peer what was received and what has settled. */
import type { Clock, Timer } from "../../clock.ts";
import { limits } from "../../limits.ts";
import type { Outbox } from "../sending/outbox.ts";
import type { WindowSize } from "../sending/send-window.ts";
import { acknowledgedFrames } from "../wire.ts";
import type { Inbox } from "./inbox.ts";

/** No more bytes than this at once: with large messages the peer waits for that before it sends more. */
const bytesAtOnce = limits.underWayBytes / 4;
/** And not later than this: what it takes for lost when we are gone is little more than what is. */
const delayMs = 25;

export class Acknowledging {
  readonly #clock: Clock;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #window: WindowSize;
  readonly #isHeldBack: () => boolean;
  #frames = 0;
  /** Of those frames. */
  #frameBytes = 0;
  #messages = 0;
  #bytes = 0;
  #timer: Timer | undefined;

  /** @param isHeldBack more is held for this peer than there is memory for: its window waits */
  constructor(
    parts: { clock: Clock; inbox: Inbox; outbox: Outbox; isHeldBack: () => boolean },
    window: WindowSize,
  ) {
    this.#clock = parts.clock;
    this.#inbox = parts.inbox;
    this.#outbox = parts.outbox;
    this.#isHeldBack = parts.isHeldBack;
    this.#window = window;
  }

  /** Frames were received, or handlers have settled. */
  check(): void {
    const { received, window } = this.#inbox;
    if (
      received - this.#frames >= acknowledgedFrames ||
      this.#inbox.bytes - this.#frameBytes >= bytesAtOnce ||
      // A quarter: the sender hears of it while it still has some left.
      (((window.settledMessages - this.#messages) * 4 >= this.#window.messages ||
        (window.settledBytes - this.#bytes) * 4 >= this.#window.bytes) &&
        !this.#isHeldBack())
    ) {
      this.now();
    } else if (this.#timer === undefined && this.#owes()) {
      this.#timer = this.#clock.setTimeout(() => {
        this.#timer = undefined;
        if (this.#owes()) this.now();
      }, delayMs);
    }
  }

  /** There is something that the peer does not know, and may wait for. */
  #owes(): boolean {
    const { received, window } = this.#inbox;
    if (received > this.#frames) return true;
    // Handlers that take for ever may leave less than a quarter: that goes round all the same.
    const hasSettled = window.settledMessages > this.#messages || window.settledBytes > this.#bytes;
    return hasSettled && this.isHalfUsed && !this.#isHeldBack();
  }

  /** Half of the window is used, as the peer sees it: what it wants to send may have to wait for us. */
  get isHalfUsed(): boolean {
    const { receivedBytes, receivedMessages } = this.#inbox.window;
    return (
      (receivedMessages - this.#messages) * 2 >= this.#window.messages ||
      (receivedBytes - this.#bytes) * 2 >= this.#window.bytes
    );
  }

  now(): void {
    const { received, window } = this.#inbox;
    this.#frames = received;
    this.#frameBytes = this.#inbox.bytes;
    if (!this.#isHeldBack()) {
      this.#messages = window.settledMessages;
      this.#bytes = window.settledBytes;
    }
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
