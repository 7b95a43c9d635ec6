/**
 * One direction of a stream, at its producer: pulls items from a source while the consumer has given
 * credit, and sends those of one tick together. What ends the direction leaves behind its items.
 */
import { varintLength, writeVarint } from "../../bytes/varint.ts";
import { MyelinError } from "../../errors.ts";
import { Fifo } from "../../fifo.ts";
import { frameHeaderBytes } from "../../framing/length-prefix.ts";
import { limits } from "../../limits.ts";
import { promiseOf } from "../../promise-of.ts";
import type { Lane } from "../sending/fair-turns.ts";
import type { ItemRoom } from "../sending/item-room.ts";
import {
  costOf,
  Fragments,
  messageFrame,
  newFrame,
  ownMessage,
  SingleFrame,
} from "../sending/message-frames.ts";
import type { Outbox } from "../sending/outbox.ts";
import type { Outgoing } from "../sending/outgoing.ts";
import type { Puller } from "../sending/turn-share.ts";
import { entryCost, firstItemSlot, frameCost, frameKind } from "../wire.ts";
import { type EncodedItem, endIterator, type ItemSource, promisedStep } from "./items.ts";
import { type KeptItem, keptItem, noItem } from "./kept-items.ts";

/** What leaves behind the last item. */
export interface Last {
  readonly outgoing: Outgoing;
  /** It has its place among what leaves: a session that is being closed waits for it. */
  readonly onQueued?: () => void;
}

export interface ItemSenderOptions {
  readonly id: number;
  readonly outbox: Outbox;
  readonly source: ItemSource;
  /** Bytes that may be sent before the consumer asks for more. */
  readonly credit: number;
  readonly encode: (id: number, value: unknown) => EncodedItem;
  /** The source is exhausted. */
  readonly onEnd: () => Last;
  /** The source failed. */
  readonly onFailure: (reason: unknown) => Last;
  /** An item of it cannot be sent. */
  readonly onUnsendable: (reason: unknown) => Last;
  /** It was told to stop. The source is done when `cleaned` settles, if it is there. */
  readonly onStopped: (cleaned: Promise<void> | undefined) => void;
}

/** What goes on when there is room. */
interface Kept extends KeptItem {
  readonly goOn: () => void;
}

type AnyIterator = AsyncIterator<unknown> | Iterator<unknown>;

export class ItemSender implements Lane, Puller {
  readonly #options: ItemSenderOptions;
  #iterator: AnyIterator | undefined;
  /** Promises among its items are waited for, as `for await` does. */
  #isSync = false;
  readonly #queue = new Fifo<Outgoing | Fragments>();
  #json = "";
  #count = 0;
  #limit: number;
  /** What the items so far cost; those that are collected are counted as if all were ASCII. */
  #spent = 0;
  /** Bytes that wait here, with what each frame takes; of large items without the heads of theirs. */
  #queuedBytes = 0;
  #pulling = false;
  /** The source is in the midst of its next item. */
  #isRunning = false;
  /** What the source has given when there was no room for it, in this turn or at all. */
  #kept: Kept | undefined;
  #over = false;

  constructor(options: ItemSenderOptions) {
    this.#options = options;
    this.#limit = options.credit;
  }

  get nextBytes(): number {
    const { first } = this.#queue;
    if (first === undefined) return this.#json.length;
    return first instanceof Fragments ? first.nextBytes : first.length;
  }

  sendNext(): void {
    if (this.#queue.size === 0) this.#seal();
    const first = this.#queue.first as Outgoing | Fragments;
    const bytes = this.nextBytes;
    const large = first instanceof Fragments ? first : undefined;
    const outgoing = large === undefined ? (first as Outgoing) : large.next();
    outgoing.isOfStream = true;
    const isWhole = large === undefined || large.isDone;
    if (isWhole) this.#queue.shift();
    this.#hold(isWhole ? -bytes - frameCost : -bytes, large?.isBorrowed === true ? -bytes : 0);
    const { items } = this.#options.outbox;
    this.#options.outbox.transmit(outgoing);
    // Behind that: what is kept to be sent again holds the same body.
    if (isWhole && large !== undefined) items.letGoLarge(large);
    this.#pull();
  }

  /** Begins to pull. */
  start(): void {
    const { source } = this.#options;
    try {
      this.#isSync = !(Symbol.asyncIterator in source);
      const iterator: AnyIterator | undefined =
        Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
      if (iterator === undefined || iterator === null) throw new TypeError("there is no iterator");
      this.#iterator = iterator;
    } catch (reason) {
      this.#fail(reason);
      return;
    }
    this.#pull();
  }

  /** The consumer will take so many bytes in all. A smaller number than before is an old one. */
  credit(limit: number): void {
    if (limit <= this.#limit) return;
    this.#limit = limit;
    this.#pull();
  }

  /** There is room again. */
  goOn(): void {
    const kept = this.#kept;
    if (kept === undefined) {
      this.#pulling = false;
      this.#pull();
      return;
    }
    this.#letGoKept();
    kept.goOn();
  }

  #keep(room: Pick<ItemRoom, "await">, { bytes, shared }: KeptItem, goOn: () => void): void {
    const kept: Kept = { bytes, shared, goOn };
    this.#kept = kept;
    room.await(this);
    // The session may be over then.
    this.#options.outbox.items.keep(kept);
  }

  #letGoKept(): void {
    if (this.#kept !== undefined) this.#options.outbox.items.letGo(this.#kept);
    this.#kept = undefined;
  }

  /** Sends nothing more, not even what was pulled, and lets the source clean up. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    const { items } = this.#options.outbox;
    items.forget(this);
    this.#letGoKept();
    this.#hold(-this.#json.length);
    this.#json = "";
    this.#count = 0;
    this.#queue.remove((each) => {
      // An item of which the peer has a part goes out whole: nothing else would free its slot there.
      if (each instanceof Fragments && each.isBegun) return false;
      this.#hold(-bytesOf(each), -borrowedBytesOf(each));
      if (each instanceof Fragments) items.letGoLarge(each);
      return true;
    });
    // A generator cannot be left while it runs: it is when it has come to its item.
    const isRunning = this.#isSync && this.#isRunning;
    this.#options.onStopped(isRunning ? undefined : this.#release());
  }

  /** Lets the source clean up. @returns as `endIterator` */
  #release(): Promise<void> | undefined {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    return iterator === undefined ? undefined : endIterator(iterator);
  }

  /** There is credit, and not too much waits already: a peer may grant more than it ever reads. */
  get #mayPull(): boolean {
    const cost = this.#spent + this.#json.length + entryCost * this.#count;
    // Among many streams each may have an item that waits, but not more.
    const most = this.#options.outbox.items.hasPlenty ? limits.connectionBytes : 1;
    return cost < this.#limit && this.#queuedBytes < most;
  }

  #pull(): void {
    if (this.#pulling || this.#iterator === undefined) return;
    this.#pulling = true;
    const iterator = this.#iterator;
    const { share } = this.#options.outbox;
    while (!this.#over && this.#mayPull) {
      if (this.#waits()) return;
      let step: unknown;
      let promise: Promise<unknown> | undefined;
      this.#isRunning = true;
      try {
        step = iterator.next();
        promise = promiseOf(step);
      } catch (reason) {
        this.#fail(reason);
        return;
      } finally {
        this.#isRunning = false;
      }
      promise ??= this.#isSync ? promisedStep(step) : undefined;
      if (this.#over) {
        promise?.catch(() => {});
        void this.#release();
        return;
      }
      if (promise !== undefined) {
        // Thousands may be asked for in one turn, and nobody knows yet how large they are.
        share.take(entryCost);
        promise.then(
          (step) => this.#given(step),
          (reason: unknown) => this.#rejected(reason),
        );
        return;
      }
      const item = this.#itemOf(step);
      if (item === undefined) return;
      this.#add(item);
    }
    this.#pulling = false;
  }

  /** A promise was kept; thousands may be before this turn is over. */
  #given(step: unknown): void {
    const { share } = this.#options.outbox;
    if (this.#over) return;
    if (share.isSpent) {
      this.#keep(share, noItem, () => this.#given(step));
      return;
    }
    const item = this.#itemOf(step);
    if (item !== undefined) this.#place(item);
  }

  #place(item: EncodedItem): void {
    const { items } = this.#options.outbox;
    if (items.mustWait(this)) {
      const kept = keptItem(item);
      if (items.isTooMuch(kept)) this.#cannotSend(noRoom());
      else this.#keep(items, kept, () => this.#place(item));
      return;
    }
    this.#pulling = false;
    this.#add(item);
    this.#pull();
  }

  /** A promise was not kept; what is told of that may be much, too. */
  #rejected(reason: unknown): void {
    const { items } = this.#options.outbox;
    if (this.#over) return;
    if (items.mustWait(this)) {
      this.#keep(items, noItem, () => this.#rejected(reason));
      return;
    }
    this.#fail(reason);
    // It was an item of a source that has not failed.
    if (this.#isSync) void this.#release();
  }

  /** @returns whether it goes on later: the share of this turn is spent, or too much waits for the connection */
  #waits(): boolean {
    const { items, share } = this.#options.outbox;
    const waited = share.isSpent ? share : items.mustWait(this) ? items : undefined;
    waited?.await(this);
    return waited !== undefined;
  }

  /** @returns undefined: there is none, and there will be none */
  #itemOf(step: unknown): EncodedItem | undefined {
    if (this.#over) return undefined;
    const { encode, id, onEnd, outbox } = this.#options;
    let item: unknown;
    try {
      // Iterators of users may give anything, and getters of theirs may throw.
      if (Object(step) !== step) throw new TypeError("the iterator's next() gave no object");
      const { done, value } = step as IteratorResult<unknown>;
      if (done === true) {
        this.#finish(onEnd);
        return undefined;
      }
      item = value;
    } catch (reason) {
      this.#fail(reason);
      void this.#release();
      return undefined;
    }
    try {
      const encoded = encode(id, item);
      outbox.share.take(entryCost + dataBytes(encoded));
      return encoded;
    } catch (reason) {
      this.#cannotSend(reason);
      return undefined;
    }
  }

  #add(item: EncodedItem): void {
    const { id, outbox } = this.#options;
    if (typeof item === "string") {
      this.#json += this.#json === "" ? `[${item}` : `,${item}`;
      this.#count += 1;
      this.#hold(item.length + 1);
      if (this.#json.length >= outbox.sizes.maxBatchBytes) this.#seal();
    } else {
      this.#seal();
      const isLarge = item.body.length > outbox.sizes.fragmentBytes;
      this.#spent += costOf(item, isLarge);
      const slot = firstItemSlot + id;
      this.#enqueue(
        isLarge
          ? new Fragments(ownMessage(item), slot, outbox.sizes.fragmentBytes)
          : messageFrame(item),
      );
    }
    outbox.addLane(this);
    outbox.items.tell();
  }

  #fail(reason: unknown): void {
    if (!this.#over) this.#finish(() => this.#options.onFailure(reason));
  }

  #cannotSend(reason: unknown): void {
    if (!this.#over) this.#finish(() => this.#options.onUnsendable(reason));
    void this.#release();
  }

  #finish(makeLast: () => Last): void {
    const { outbox } = this.#options;
    this.#seal();
    // Before that: its owner may be done with it then, and what is queued is sent all the same.
    this.#over = true;
    const { onQueued, outgoing } = makeLast();
    this.#enqueue(outgoing);
    outbox.addLane(this);
    outbox.items.tell();
    onQueued?.();
  }

  /** Makes a frame of what was collected. */
  #seal(): void {
    const count = this.#count;
    if (count === 0) return;
    const { id } = this.#options;
    const json = `${this.#json}]`;
    const jsonBytes = Buffer.byteLength(json);
    const headBytes = varintLength(id) + varintLength(count);
    this.#hold(-this.#json.length);
    const frame = newFrame(frameKind.items, headBytes + jsonBytes);
    const at = writeVarint(frame, writeVarint(frame, frameHeaderBytes, id), count);
    frame.write(json, at, jsonBytes === json.length ? "latin1" : "utf8");
    this.#json = "";
    this.#count = 0;
    this.#spent += headBytes + jsonBytes + entryCost * count;
    this.#enqueue(new SingleFrame(frame, {}));
  }

  #enqueue(next: Outgoing | Fragments): void {
    this.#queue.push(next);
    if (next instanceof Fragments) this.#options.outbox.items.holdLarge(next);
    this.#hold(bytesOf(next), borrowedBytesOf(next));
  }

  /** More waits here, or less. */
  #hold(bytes: number, borrowedBytes: number = 0): void {
    this.#queuedBytes += bytes;
    this.#options.outbox.items.hold(bytes, borrowedBytes);
  }
}

/** With what it takes beside its bytes: an item of a byte takes hundreds. */
function bytesOf(next: Outgoing | Fragments): number {
  return (next instanceof Fragments ? next.remaining : next.length) + frameCost;
}

function borrowedBytesOf(next: Outgoing | Fragments): number {
  return next instanceof Fragments && next.isBorrowed ? next.remaining : 0;
}

function noRoom(): MyelinError {
  return new MyelinError("ERR_BUSY", "there is no room for the item beside those of other streams");
}

function dataBytes(item: EncodedItem): number {
  return typeof item === "string" ? item.length : item.body.length;
}
