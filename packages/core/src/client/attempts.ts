/** The way to a welcome: one attempt after another, with growing pauses, until one succeeds. */
import type { Address } from "../address/address.ts";
import type { Clock, Timer } from "../clock.ts";
import { type MyelinError, toMyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Rejection } from "../session/handshake/greet-server.ts";
import { provesGone } from "../transport/capabilities.ts";
import type { Connection, Transport } from "../transport/transport.ts";
import { Backoff } from "./backoff.ts";
import { isForGood } from "./for-good.ts";

/** Who is spoken to as a client of node-ipc so often, and was never welcomed, has the wrong dialect. */
const mistakesAtMost = 3;

/** When to try again. */
export interface RetrySettings {
  readonly minMs: number;
  readonly maxMs: number;
  readonly maxAttempts: number;
}

export interface AttemptsOptions {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly address: Address;
  /** Undefined: the first failure is the last. */
  readonly retry: RetrySettings | undefined;
  /** Why there is to be no attempt for now. */
  readonly hindrance: () => MyelinError | undefined;
  /** There is a connection: says who we are, and calls `failed` when nothing comes of it. */
  readonly onConnection: (connection: Connection, failed: (rejection: Rejection) => void) => void;
  /** Whoever listened there has ended, as this failure proves. There may be a next attempt. */
  readonly onGone: (error: MyelinError) => void;
  /** There will be no further attempt. */
  readonly onGivenUp: (error: MyelinError | undefined) => void;
  /** The process waits for this. */
  readonly isHeld: () => boolean;
}

export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #backoff: Backoff;
  #dialling: AbortController | undefined;
  #timer: Timer | undefined;
  #isOver = false;
  #lastError: MyelinError | undefined;
  /** How often a server spoke as to a client of node-ipc; undefined: one has welcomed us before. */
  #mistakes: number | undefined = 0;

  constructor(options: AttemptsOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.clock, options.retry ?? { minMs: 0, maxMs: 0 });
  }

  /** An attempt is being made, or waits for its time. */
  get isUnderWay(): boolean {
    return this.#dialling !== undefined || this.#timer !== undefined;
  }

  /** No further one is made, whatever fails now. */
  get isSpent(): boolean {
    const { retry } = this.#options;
    return retry === undefined || this.#backoff.attempts >= retry.maxAttempts;
  }

  /** Why the newest attempt failed. */
  get lastError(): MyelinError | undefined {
    return this.#lastError;
  }

  /** One succeeded. */
  succeeded(): void {
    this.#lastError = undefined;
    this.#dialling = undefined;
    this.#mistakes = undefined;
    this.#backoff.opened();
  }

  /** Makes an attempt now. */
  async begin(): Promise<void> {
    const { address, onConnection, transport } = this.#options;
    if (this.#isOver) return;
    this.#timer = undefined;
    const hindrance = this.#options.hindrance();
    if (hindrance !== undefined) {
      // No attempt: it counts for nothing, and the next one waits no longer for it.
      this.#lastError = hindrance;
      this.#wait(limits.busyRetryMs);
      return;
    }
    const dialling = new AbortController();
    this.#dialling = dialling;
    let connection: Connection | undefined;
    try {
      const dialled = await transport.dial(address, { signal: dialling.signal });
      connection = dialled;
      if (this.#isOver) {
        dialled.abort();
        return;
      }
      dialling.signal.addEventListener("abort", () => dialled.abort(), { once: true });
      onConnection(dialled, (rejection) => this.#rejected(rejection));
    } catch (reason) {
      connection?.abort();
      this.#rejected({ error: toMyelinError(reason), retryAfterMs: null });
    }
  }

  /** Tries again, unless that was the last attempt. */
  later(atLeastMs: number, error: MyelinError | undefined): void {
    if (this.#isOver) return;
    if (this.isSpent) {
      this.#options.onGivenUp(error);
      return;
    }
    // Also behind a pause that was told to all: they must not come back together.
    this.#wait(atLeastMs + this.#backoff.next());
  }

  #wait(ms: number): void {
    const { clock, isHeld } = this.#options;
    this.#timer = clock.setTimeout(() => void this.begin(), ms);
    // Without a socket nothing else keeps a process alive that waits for its server.
    if (isHeld()) this.#timer.ref();
  }

  /** The process waits for the next attempt, or does no more. */
  applyHold(isHeld: boolean): void {
    if (isHeld) this.#timer?.ref();
    else this.#timer?.unref();
  }

  /** There is no further attempt, and the one that is being made is taken back. */
  stop(): void {
    this.#isOver = true;
    this.#options.clock.clearTimeout(this.#timer);
    this.#dialling?.abort();
  }

  #rejected({ error, isMistaken = false, retryAfterMs }: Rejection): void {
    this.#dialling = undefined;
    this.#lastError = error;
    if (this.#isOver) return;
    const isLast = retryAfterMs === undefined || isForGood(error);
    if (isLast && !(isMistaken && this.#mayBeTakenRightly())) this.#options.onGivenUp(error);
    else this.later(retryAfterMs ?? 0, error);
    // Behind that: the session that ends now looks whether there is a next attempt.
    if (provesGone(this.#options.transport.capabilities, error)) this.#options.onGone(error);
  }

  /**
   * A server that speaks both wires takes a client for one of node-ipc whose first bytes come late: it
   * happens, and hardly ever so often. One that has welcomed us speaks ours.
   */
  #mayBeTakenRightly(): boolean {
    if (this.#mistakes === undefined) return true;
    this.#mistakes += 1;
    return this.#mistakes < mistakesAtMost;
  }
}
