/**
 * What is sent while there is no session, in order, until there is one. Each message was encoded when
 * it was accepted; a call waits within its own time limit, and says that it did not run when that is
 * over.
 */
import { type Abortable, abortedError, unwatchAbort, watchAbort } from "../abort-watch.ts";
import type { Clock, Timer } from "../clock.ts";
import { MyelinError } from "../errors.ts";
import type { Account } from "../session/account.ts";
import { notRun } from "../session/peers/peer-arguments.ts";
import type { WaitingLater } from "../session/peers/peer-stats.ts";
import { frameCost, promiseCost } from "../session/wire.ts";

/** One message that waits. */
export interface Waiting<Session> {
  readonly kind: "event" | "call";
  readonly bytes: number;
  /** There is a session. */
  run(session: Session): void;
  /** There will be none, or not in time. */
  fail(error: MyelinError): void;
  /** It has waited for so long. @defaultValue `fail` */
  expire?(error: MyelinError): void;
  /** 0: as long as it takes. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** It has its place; `withdraw` takes it out of there, and it fails, if it is there still. */
  readonly onPlaced?: ((withdraw: () => void) => void) | undefined;
}

/** Several that were accepted together and take less as long as they are. */
export interface Packed<Session> extends Omit<Waiting<Session>, "run"> {
  readonly messages: number;
  /** Each of them by itself. */
  unpack(): readonly Waiting<Session>[];
}

export interface OfflineLimits {
  readonly maxBytes: number;
  readonly maxMessages: number;
}

/** Who wants to know of less. */
export interface OfflineListener {
  /** The last of what waited has left, or waits no more. */
  readonly onEmpty: () => void;
  /** Something waits no more though it has not left: told once a turn. */
  readonly onLess: () => void;
}

type OnOver<Session> = (
  place: Place<Session>,
  error: MyelinError,
  tell: (error: MyelinError) => void,
) => void;

class Place<Session> implements Abortable {
  readonly waiting: Waiting<Session> | Packed<Session>;
  readonly #onOver: OnOver<Session>;
  readonly #clock: Clock;
  readonly #timer: Timer | undefined;

  constructor(waiting: Waiting<Session> | Packed<Session>, clock: Clock, onOver: OnOver<Session>) {
    const { signal, timeoutMs } = waiting;
    this.waiting = waiting;
    this.#clock = clock;
    this.#onOver = onOver;
    if (signal !== undefined) watchAbort(signal, this);
    if (timeoutMs > 0) {
      this.#timer = clock.setTimeout(() => {
        const message = `there was no connection within ${timeoutMs} ms`;
        onOver(this, new MyelinError("ERR_TIMEOUT", message, { ran: "no" }), (error) => {
          if (waiting.expire === undefined) waiting.fail(error);
          else waiting.expire(error);
        });
      }, timeoutMs);
    }
  }

  aborted(reason: unknown): void {
    this.#onOver(this, aborted(reason), (error) => this.waiting.fail(error));
  }

  release(): void {
    this.#clock.clearTimeout(this.#timer);
    const { signal } = this.waiting;
    if (signal !== undefined) unwatchAbort(signal, this);
  }
}

export class OfflineQueue<Session> {
  readonly #clock: Clock;
  readonly #limits: OfflineLimits;
  readonly #account: Account;
  readonly #listener: OfflineListener;
  // A Set keeps the order and gives up any of its places at once.
  readonly #places = new Set<Place<Session>>();
  #bytes = 0;
  #messages = 0;
  #calls = 0;
  #tellsLess = false;

  /** @param account what waits is told to the budget of its endpoint */
  constructor(clock: Clock, limits: OfflineLimits, account: Account, listener: OfflineListener) {
    this.#clock = clock;
    this.#limits = limits;
    this.#account = account;
    this.#listener = listener;
  }

  /** How much waits. */
  count(): WaitingLater {
    return { events: this.#messages - this.#calls, calls: this.#calls, bytes: this.#bytes };
  }

  /** Less than so many bytes wait, and less than half of what may. */
  isBelow(bytes: number): boolean {
    const { maxBytes, maxMessages } = this.#limits;
    if (this.#cost * 2 >= this.#account.queueBytes) return false;
    return this.#bytes < Math.min(bytes, maxBytes / 2) && this.#messages < maxMessages / 2;
  }

  /** @throws {MyelinError} `ERR_QUEUE_FULL`; `ERR_ABORTED` when its signal has aborted already */
  add(waiting: Waiting<Session>): void {
    const { maxBytes, maxMessages } = this.#limits;
    if (waiting.signal?.aborted === true) throw aborted(waiting.signal.reason);
    const isFull = this.#messages >= maxMessages || this.#bytes + waiting.bytes > maxBytes;
    const { queueBytes } = this.#account;
    if (isFull || (this.#messages > 0 && this.#cost + waiting.bytes > queueBytes)) {
      const message = `messages that wait for a connection: ${this.#messages} (${this.#bytes} bytes)`;
      throw new MyelinError("ERR_QUEUE_FULL", message, { ran: "no" });
    }
    const place = this.#place(waiting);
    this.#tellAccount();
    this.#tellPlaced(place);
  }

  /** Puts what was accepted before in front of everything: it is kept, whatever the limits are. */
  putBack(messages: readonly (Waiting<Session> | Packed<Session>)[]): void {
    if (messages.length === 0) return;
    const back = this.#insert(0, messages);
    // A source that was ended when its call was taken back may have aborted any of them.
    for (const place of back) {
      const { signal } = place.waiting;
      if (signal?.aborted === true && this.#places.has(place)) place.aborted(signal.reason);
    }
  }

  /**
   * Sends what waits, in order, and what comes meanwhile behind it, for as long as the session stands:
   * what is left goes into the next.
   */
  flush(session: Session, stands: () => boolean): void {
    // A Set shows what is added on the way, and what is taken out no more.
    for (const place of this.#places) {
      if (!stands()) return;
      const { waiting } = place;
      if ("unpack" in waiting) {
        this.#flushPacked(place, waiting.unpack(), session, stands);
      } else {
        this.#remove(place);
        run(waiting, session);
      }
    }
  }

  /** What the session does not take any more keeps its place. */
  #flushPacked(
    place: Place<Session>,
    messages: readonly Waiting<Session>[],
    session: Session,
    stands: () => boolean,
  ): void {
    for (const [index, waiting] of messages.entries()) {
      // Whoever hears of one of them may have ended the wait of all.
      if (!this.#places.has(place)) return;
      if (!stands()) {
        const at = [...this.#places].indexOf(place);
        this.#takeOut(place);
        this.#insert(at, messages.slice(index));
        return;
      }
      run(waiting, session);
    }
    if (this.#places.has(place)) this.#remove(place);
  }

  /** Puts them before the one that is there now. @returns their places */
  #insert(at: number, messages: readonly (Waiting<Session> | Packed<Session>)[]): Place<Session>[] {
    const all = [...this.#places];
    this.#places.clear();
    for (const before of all.slice(0, at)) this.#places.add(before);
    const inserted = messages.map((waiting) => this.#place(waiting));
    for (const behind of all.slice(at)) this.#places.add(behind);
    this.#tellAccount();
    // All are where they belong: any of them may be withdrawn.
    for (const place of inserted) this.#tellPlaced(place);
    return inserted;
  }

  failAll(error: MyelinError): void {
    for (const place of [...this.#places]) {
      this.#remove(place);
      place.waiting.fail(error);
    }
  }

  /** Its account and those who wait for its place are told by whoever calls this. */
  #place(waiting: Waiting<Session> | Packed<Session>): Place<Session> {
    const place = new Place<Session>(waiting, this.#clock, this.#onOver);
    this.#places.add(place);
    this.#count(waiting, 1);
    return place;
  }

  #tellPlaced(place: Place<Session>): void {
    // Whoever was told before may have ended its wait.
    if (!this.#places.has(place)) return;
    place.waiting.onPlaced?.(() => {
      if (this.#places.has(place)) place.aborted(undefined);
    });
  }

  // One for all: a session that ends may give back a million.
  readonly #onOver: OnOver<Session> = (place, error, tell) => {
    this.#remove(place);
    this.#tellLess();
    tell(error);
  };

  // Not at once: it may be one of many that end together, and amid what puts others in their places.
  #tellLess(): void {
    if (this.#tellsLess) return;
    this.#tellsLess = true;
    this.#clock.setImmediate(() => {
      this.#tellsLess = false;
      this.#listener.onLess();
    });
  }

  #remove(place: Place<Session>): void {
    this.#takeOut(place);
    this.#tellAccount();
    if (this.#places.size === 0) this.#listener.onEmpty();
  }

  #takeOut(place: Place<Session>): void {
    this.#places.delete(place);
    this.#count(place.waiting, -1);
    place.release();
  }

  #count(waiting: Waiting<Session> | Packed<Session>, sign: 1 | -1): void {
    this.#bytes += sign * waiting.bytes;
    this.#messages += sign * ("unpack" in waiting ? waiting.messages : 1);
    if (waiting.kind === "call") this.#calls += sign;
  }

  /** With what is remembered of each. */
  get #cost(): number {
    return this.#bytes + this.#places.size * frameCost + this.#calls * promiseCost;
  }

  #tellAccount(): void {
    this.#account.tell(this.#cost, this.#cost);
  }
}

function run<Session>(waiting: Waiting<Session>, session: Session): void {
  try {
    waiting.run(session);
  } catch (reason) {
    waiting.fail(notRun(reason));
  }
}

function aborted(reason: unknown): MyelinError {
  return abortedError("what waited for a connection", reason, "no");
}
