/**
 * How a session ends in order. Each side finishes its calls, sends what it has, says goodbye with its
 * counts and goes on reading; when both have said it and each knows that the other has everything,
 * the connection is broken. No step relies on closing half of a connection: a peer that writes into
 * one loses what it has not read (measured with Node 20 on Linux).
 */
import type { Clock } from "../clock.ts";
import { MyelinError } from "../errors.ts";
import { Patience } from "../patience.ts";
import type { Retry } from "./goodbye.ts";
import type { Acknowledging } from "./receiving/acknowledging.ts";
import type { Outbox } from "./sending/outbox.ts";

/** How a session is closed. */
export interface CloseOptions {
  /** Calls that are under way, in both directions, may take so long to finish. */
  readonly drainMs: number;
  /** All of it may take so long. */
  readonly timeoutMs: number;
  /** What the peer is told about coming back. */
  readonly retry: Retry;
}

export interface FarewellOptions {
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly acknowledging: Acknowledging;
  readonly isConnected: () => boolean;
  readonly hasCalls: () => boolean;
  readonly giveUpCalls: () => void;
  /** Sends the goodbye, if there is a connection. */
  readonly say: (retry: Retry) => boolean;
  readonly end: (error: MyelinError | undefined) => void;
  /** The same, and the peer is told why: it would wait for us otherwise. */
  readonly cut: (error: MyelinError, retry: Retry) => void;
}

/** What a peer that says goodbye first gets: it will not wait for ever either. */
const answer: CloseOptions = { drainMs: 0, timeoutMs: 5_000, retry: "now" };

export class Farewell {
  /** Resolves when the session is over and nothing is missing. */
  readonly done: Promise<void>;
  readonly #options: FarewellOptions;
  #resolve!: () => void;
  #reject!: (error: MyelinError) => void;
  #retry: Retry | undefined;
  readonly #drainLimit: Patience;
  readonly #limit: Patience;
  #isDrained = false;
  #said = false;
  #isSaying = false;
  #heard = false;
  #isOver = false;

  constructor(options: FarewellOptions) {
    const { clock, cut } = options;
    this.#options = options;
    this.#drainLimit = new Patience(clock, () => this.#drained());
    this.#limit = new Patience(clock, (ms) => {
      const error = new MyelinError("ERR_TIMEOUT", `closing took longer than ${Math.round(ms)} ms`);
      cut(error, this.#retry ?? answer.retry);
    });
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Who closes hears of it; a session that merely ends tells its owner.
    this.done.catch(() => {});
  }

  /** The peer has said goodbye, in order. */
  get hasHeard(): boolean {
    return this.#heard;
  }

  /** Both sides have said goodbye. */
  get isSaid(): boolean {
    return this.#said && this.#heard;
  }

  /** Something would be lost with the connection: it has not left, is not acknowledged, or not answered. */
  get misses(): boolean {
    const { hasCalls, outbox } = this.#options;
    return !outbox.hasNoMessages || !this.#hasAll || (!this.#isDrained && hasCalls());
  }

  get #hasAll(): boolean {
    const { sent } = this.#options.outbox;
    return sent.acknowledged === sent.sent;
  }

  /** Again: whoever has less patience than those before gets it. */
  begin(close: CloseOptions): void {
    this.#limit.lower(close.timeoutMs);
    // Who closes waits for it, whatever else keeps the process alive.
    this.#limit.ref();
    this.#start(close);
  }

  /** The peer said goodbye: it has finished its calls and answers none of ours. */
  heard(): void {
    this.#heard = true;
    this.#options.acknowledging.now();
    // It does not shorten what somebody here gave.
    if (this.#retry === undefined) this.#limit.lower(answer.timeoutMs);
    this.#start(answer);
    this.step();
  }

  /** It goes on over another connection: the goodbye may have been lost with the last one. */
  resumed(): void {
    this.#said = false;
  }

  /** Something left, arrived or settled. */
  step(): void {
    const { hasCalls, outbox } = this.#options;
    const retry = this.#retry;
    if (retry === undefined) return;
    if (!this.#isDrained) {
      if (!hasCalls()) this.#drained();
      return;
    }
    // Nobody is there to say goodbye to, and there is nothing else to come back for.
    if (!this.#options.isConnected() && !this.misses && !this.#isOver) {
      this.#isOver = true;
      this.#options.end(new MyelinError("ERR_CONNECTION_LOST", "the peer is gone"));
      return;
    }
    if (!this.#said && !this.#isSaying && !this.#isOver && outbox.isEmpty) {
      // Sending is progress, too, and comes back here.
      this.#isSaying = true;
      this.#said = this.#options.say(retry);
      this.#isSaying = false;
    }
    if (!this.isSaid || !this.#hasAll || this.#isOver) return;
    this.#isOver = true;
    // The peer may still wait for our last acknowledgement: without it, it takes for lost what is here.
    outbox.flush();
    this.#options.end(undefined);
  }

  /** The session ends with another word: no goodbye in order is said any more. */
  preempt(): void {
    this.#isOver = true;
  }

  /** The session is over. */
  ended(error: MyelinError | undefined): void {
    this.#limit.stop();
    this.#drainLimit.stop();
    if (error === undefined) this.#resolve();
    else this.#reject(error);
  }

  #start({ drainMs, retry }: CloseOptions): void {
    this.#retry ??= retry;
    if (this.#isDrained) return;
    if (drainMs > 0) {
      this.#drainLimit.lower(drainMs);
      this.step();
    } else {
      this.#drained();
    }
  }

  #drained(): void {
    this.#drainLimit.stop();
    this.#isDrained = true;
    this.#options.giveUpCalls();
    this.step();
  }
}
