/**
 * One direction of a stream, at its consumer: keeps what has arrived until it is asked for, and gives
 * credit for more as it is. The window begins small and grows while it is what limits the stream: when
 * all of it is consumed within two round trips, as QUIC does it (quic-go's flow control).
 */
import { MyelinError } from "../../errors.ts";
import { Fifo } from "../../fifo.ts";
import type { Credited, InboundItems } from "./inbound-items.ts";
import type { ItemsSource } from "./parsed-items.ts";

export interface ItemReceiverOptions {
  /** What it shares with the other streams of the session. */
  readonly items: InboundItems;
  /** Bytes that its producer was told it may send at first. */
  readonly credit: number;
  /** Tells the producer how many bytes it may send in all. */
  readonly onCredit: (limit: number) => void;
  /** The consumer wants no more. */
  readonly onStop: () => void;
  /** Checks an item before it is handed out. */
  readonly accept?: ((item: unknown) => unknown) | undefined;
}

interface Arrived {
  /** Undefined: they are to be parsed again. */
  items: readonly unknown[] | undefined;
  readonly again: (() => readonly unknown[]) | undefined;
  readonly cost: number;
  next: number;
}

interface Waiter {
  readonly resolve: (step: IteratorResult<unknown, undefined>) => void;
  readonly reject: (reason: unknown) => void;
}

/** Of the window, where there is no memory for all of it. */
const littleShare = 1 / 16;

const over: IteratorResult<unknown, undefined> = Object.freeze({ done: true, value: undefined });

export class ItemReceiver implements Credited {
  readonly #options: ItemReceiverOptions;
  // A producer, and whoever asks, may make either as long as they like.
  readonly #arrived = new Fifo<Arrived>();
  readonly #waiters = new Fifo<Waiter>();
  #window: number;
  #limit: number;
  #received = 0;
  #consumed = 0;
  /** When and at how many bytes consumed the window was last compared with the way. */
  #comparedAt: number;
  #comparedBytes = 0;
  #ended = false;
  #error: unknown;

  constructor(options: ItemReceiverOptions) {
    this.#options = options;
    this.#window = options.items.windowBytes;
    this.#limit = options.credit;
    options.items.begin();
    this.#comparedAt = options.items.now();
  }

  /**
   * The producer is about to send more.
   * @throws {MyelinError} `ERR_PROTOCOL` when it has no credit left: one item may overdraw it.
   */
  checkCredit(): void {
    if (this.#received >= this.#limit + this.#options.items.toleranceBytes) {
      throw new MyelinError("ERR_PROTOCOL", "items of a stream without credit for them");
    }
  }

  /** @throws {MyelinError} as {@link checkCredit} */
  push(items: readonly unknown[], cost: number, source: ItemsSource): void {
    this.checkCredit();
    this.#received += cost;
    if (this.#ended) return;
    const isKept = this.#waiters.size < items.length && this.#options.items.keeps(cost);
    const again = isKept ? source.keep() : undefined;
    this.#arrived.push({ items: isKept ? undefined : items, again, cost, next: 0 });
    this.#options.items.add(cost, isKept);
    while (this.#waiters.size > 0 && this.#arrived.size > 0) {
      this.#handOut(this.#waiters.shift() as Waiter);
    }
  }

  /** There will be no more; what has arrived is still handed out, and then `error`, if there is one. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#close();
    this.#error = error;
    if (this.#arrived.size === 0) this.#tellWaiters();
  }

  /** Nothing of it is worth anything now: what has arrived is dropped, and whoever asks hears why. */
  breakOff(error: unknown): void {
    if (this.#ended && this.#arrived.size === 0) return;
    this.#drop();
    this.#close();
    this.#error = error;
    this.#tellWaiters();
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    return new Promise((resolve, reject) => {
      if (this.#arrived.size > 0) this.#handOut({ resolve, reject });
      else if (this.#ended) this.#tellEnd({ resolve, reject });
      else {
        this.#waiters.push({ resolve, reject });
        if (this.#limit <= this.#consumed) this.giveCredit();
      }
    });
  }

  /** Another one takes its place, before anything has arrived: whoever waits goes on waiting there. */
  handOver(successor: ItemReceiver): void {
    this.#close();
    for (const each of this.#waiters.takeAll()) successor.#waiters.push(each);
  }

  /** The consumer has had enough. */
  stop(): void {
    this.#drop();
    const wasOpen = !this.#ended;
    this.#close();
    this.#error = undefined;
    for (const each of this.#waiters.takeAll()) each.resolve(over);
    if (wasOpen) this.#options.onStop();
  }

  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.items.forget(this, this.#window);
  }

  #drop(): void {
    for (const { cost, items } of this.#arrived.takeAll()) {
      this.#options.items.free(cost, items === undefined);
    }
  }

  #tellWaiters(): void {
    const [first, ...others] = this.#waiters.takeAll();
    if (first === undefined) return;
    this.#tellEnd(first);
    for (const each of others) each.resolve(over);
  }

  #tellEnd({ resolve, reject }: Waiter): void {
    const error = this.#error;
    this.#error = undefined;
    if (error === undefined) resolve(over);
    else reject(error);
  }

  #handOut({ resolve, reject }: Waiter): void {
    try {
      resolve({ done: false, value: this.#take() });
    } catch (reason) {
      reject(reason);
      // Whoever iterates has left with that error, and returns nothing: the producer would go on.
      this.stop();
    }
  }

  #take(): unknown {
    const first = this.#arrived.first as Arrived;
    const items = first.items ?? this.#parse(first);
    const item = items[first.next];
    first.next += 1;
    if (first.next === items.length) {
      this.#arrived.shift();
      this.#consumed += first.cost;
      this.#options.items.free(first.cost, false);
      if (!this.#ended) this.giveCredit();
    }
    const { accept } = this.#options;
    return accept === undefined ? item : accept(item);
  }

  #parse(arrived: Arrived): readonly unknown[] {
    const items = arrived.again?.() ?? [];
    arrived.items = items;
    this.#options.items.parsed(arrived.cost);
    return items;
  }

  /** A window was consumed: the next one is larger if the way was too long for this one. */
  #compare(): void {
    const { items } = this.#options;
    const now = items.now();
    if (items.isHeldUp(now - this.#comparedAt)) {
      this.#window = items.resize(this.#window, this.#window * 2);
    }
    this.#comparedAt = now;
    this.#comparedBytes = this.#consumed;
  }

  /**
   * Tells the producer of more credit, when enough was consumed and there is memory for more. What was
   * consumed and not told of is of no use to the producer: on a long way a quarter of each round trip.
   * Where there is no memory for more, a stream that somebody waits for gets a little: what has arrived of
   * others may be read after it only.
   */
  giveCredit(): void {
    const left = this.#limit - this.#consumed;
    const { items } = this.#options;
    // There may be more streams, or peers, than when it grew.
    this.#window = items.resize(this.#window, this.#window);
    if (left > (this.#window * 3) / 4) return;
    if (!items.admits(this)) {
      if (left <= 0 && this.#waiters.size > 0) this.#raise(this.#window * littleShare);
      return;
    }
    if (this.#consumed - this.#comparedBytes >= this.#window) this.#compare();
    this.#raise(this.#window);
  }

  #raise(bytes: number): void {
    this.#limit = this.#consumed + Math.ceil(bytes);
    this.#options.onCredit(this.#limit);
  }
}
