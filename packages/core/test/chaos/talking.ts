/** Sends events, calls and streams to a peer until told to stop, and writes down what became of them. */
import { setTimeout as sleep } from "node:timers/promises";
import { isMyelinError, type Peer } from "../../src/index.ts";
import type { SeededRandom } from "../../src/testing/seeded-random.ts";
import { bytesOf, type Data, eventNames } from "./answering.ts";
import type { Book } from "./book.ts";

/** What talking needs of a client, or of a server's peer. */
export type Partner = Pick<
  Peer,
  "send" | "post" | "call" | "stream" | "upload" | "duplex" | "stats" | "state"
>;

export interface TalkOptions {
  readonly peer: Partner;
  readonly book: Book;
  readonly random: SeededRandom;
  /** Whose the events are, and the first part of the names of calls. */
  readonly id: string;
  /** To whom the events are: a session, or "" when it is whichever there is. */
  readonly to: string;
}

const maxPending = 40;
const maxItems = 120;
/** More than fits into one piece, so that it is cut somewhere in between. */
const largeBytes = { least: 70_000, most: 300_000 };

export class Talk {
  readonly #options: TalkOptions;
  readonly #pending = new Set<Promise<void>>();
  readonly #done: Promise<void>;
  #isStopped = false;
  #events = 0;
  #calls = 0;

  constructor(options: TalkOptions) {
    this.#options = options;
    this.#done = this.#talk();
  }

  /** Says nothing new. Resolves when every call has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
    await Promise.all(this.#pending);
  }

  async #talk(): Promise<void> {
    const { peer, random } = this.#options;
    while (!this.#isStopped && peer.state !== "closed") {
      await this.#sayOne();
      if (random.chance(0.5)) await new Promise(setImmediate);
      if (random.chance(0.05)) await sleep(1);
      while (this.#pending.size >= maxPending) await Promise.race(this.#pending);
    }
  }

  async #sayOne(): Promise<void> {
    const { random } = this.#options;
    const dice = random.next();
    if (dice < 0.55) this.#burst();
    else if (dice < 0.58) this.#event((n) => this.#large(n));
    else if (dice < 0.6) this.#event((n) => this.#longText(n));
    else if (dice < 0.65) await this.#post();
    else if (dice < 0.86) this.#call();
    else if (dice < 0.91) this.#keep(this.#stream());
    else if (dice < 0.96) this.#keep(this.#upload());
    else this.#keep(this.#duplex());
  }

  #burst(): void {
    const { id, random } = this.#options;
    const count = random.integer(1, 12);
    for (let n = 0; n < count; n += 1) this.#event((number) => ({ id, n: number }));
  }

  #large(n: number): Uint8Array {
    const { id, random } = this.#options;
    return bytesOf(id, n, random.integer(largeBytes.least, largeBytes.most));
  }

  #longText(n: number): Data {
    const { id, random } = this.#options;
    return { id, n, filling: "x".repeat(random.integer(10_000, 200_000)) };
  }

  #name(n: number): string {
    return eventNames[Math.floor(n / 7) % eventNames.length] as string;
  }

  #event(makeData: (n: number) => unknown): void {
    const { book, peer, to } = this.#options;
    const n = this.#events + 1;
    try {
      peer.send(this.#name(n), makeData(n));
    } catch (reason) {
      this.#refused(reason);
      return;
    }
    this.#events = n;
    book.write({ at: "sent", to, n });
  }

  /** A post that is refused, or that never was accepted, was no event. */
  async #post(): Promise<void> {
    const { book, id, peer, to } = this.#options;
    const n = this.#events + 1;
    try {
      await peer.post(this.#name(n), { id, n });
    } catch (reason) {
      this.#refused(reason);
      return;
    }
    this.#events = n;
    book.write({ at: "sent", to, n });
  }

  #refused(reason: unknown): void {
    const code = isMyelinError(reason) ? reason.code : String(reason);
    const isExpected = code === "ERR_QUEUE_FULL" || code === "ERR_CLOSED";
    if (!isExpected) this.#options.book.fault(`an event was refused: ${String(reason)}`);
  }

  #nextCall(): string {
    const { book, id } = this.#options;
    this.#calls += 1;
    const call = `${id}/${this.#calls}`;
    book.write({ at: "called", id: call });
    return call;
  }

  #call(): void {
    const { random } = this.#options;
    const id = this.#nextCall();
    const n = random.integer(0, 1_000);
    const kind = random.next();
    if (kind < 0.5) this.#settle(id, this.#echo(id, { id, n }));
    else if (kind < 0.55) this.#settle(id, this.#echo(id, bytesOf(id, n, largeBytes.least)));
    else if (kind < 0.6) this.#settle(id, this.#echo(id, { id, n, filling: "y".repeat(50_000) }));
    else if (kind < 0.8) this.#settle(id, this.#options.peer.call("slow", { id, n }));
    else if (kind < 0.9) this.#settle(id, this.#throw({ id, n }));
    else this.#settle(id, this.#abort({ id, n }));
  }

  async #echo(id: string, data: Data | Buffer): Promise<void> {
    const { book, peer } = this.#options;
    const back = await peer.call("echo", data);
    const isSame =
      data instanceof Uint8Array
        ? data.equals(back as Uint8Array)
        : JSON.stringify(back) === JSON.stringify(data);
    if (!isSame) book.fault(`the answer to ${id} is another one`);
  }

  async #throw(data: Data): Promise<void> {
    try {
      await this.#options.peer.call("throw", data);
    } catch (reason) {
      const isItsOwn = isMyelinError(reason) && reason.code === "ERR_REMOTE";
      if (isItsOwn && reason.ran === "yes") return;
      throw reason;
    }
    this.#options.book.fault(`${data.id} threw, and was answered`);
  }

  async #abort(data: Data): Promise<void> {
    const { peer, random } = this.#options;
    const controller = new AbortController();
    const answer = peer.call("slow", data, { signal: controller.signal });
    // An abort in the same tick is one of a call that has not left.
    if (random.chance(0.5)) setTimeout(() => controller.abort(), random.integer(0, 4));
    else controller.abort();
    await answer;
  }

  async #stream(): Promise<void> {
    const { book, peer, random } = this.#options;
    const id = this.#nextCall();
    const n = random.integer(0, maxItems);
    const leaveAt = random.chance(0.2) ? random.integer(0, n) : -1;
    const read = async (): Promise<void> => {
      let count = 0;
      for await (const item of peer.stream("stream", { id, n })) {
        if (item !== count) book.fault(`item ${JSON.stringify(item)} of ${id} came as ${count}`);
        count += 1;
        if (count === leaveAt) return;
      }
      if (count !== n) book.fault(`the stream ${id} ended after ${count} of ${n} items`);
    };
    await this.#settled(id, read());
  }

  async #upload(): Promise<void> {
    const { book, peer, random } = this.#options;
    const id = this.#nextCall();
    const n = random.integer(1, maxItems);
    const send = async (): Promise<void> => {
      const count = await peer.upload("upload", itemsOf({ id, n }));
      if (count !== n) book.fault(`of ${n} items of the upload ${id} ${String(count)} arrived`);
    };
    await this.#settled(id, send());
  }

  async #duplex(): Promise<void> {
    const { book, peer, random } = this.#options;
    const id = this.#nextCall();
    const n = random.integer(1, maxItems);
    const exchange = async (): Promise<void> => {
      let count = 0;
      for await (const item of peer.duplex("duplex", itemsOf({ id, n }))) {
        if (count > 0 && item !== count) book.fault(`item ${count} of ${id} came back as another`);
        count += 1;
      }
      if (count !== n) book.fault(`of ${n} items of ${id} ${count} came back`);
    };
    await this.#settled(id, exchange());
  }

  #settle(id: string, outcome: Promise<unknown>): void {
    this.#keep(this.#settled(id, outcome));
  }

  async #settled(id: string, outcome: Promise<unknown>): Promise<void> {
    const { book } = this.#options;
    try {
      await outcome;
      book.write({ at: "settled", id, outcome: "ok", ran: "yes" });
    } catch (reason) {
      if (!isMyelinError(reason)) book.fault(`${id} failed with ${String(reason)}`);
      const { code, ran } = reason as { code: string; ran: string | undefined };
      book.write({ at: "settled", id, outcome: code, ran });
    }
  }

  #keep(call: Promise<void>): void {
    this.#pending.add(call);
    void call.finally(() => this.#pending.delete(call));
  }
}

/** The first item says which call it is of, the others are numbers. */
async function* itemsOf(data: Data): AsyncGenerator<unknown> {
  yield data;
  for (let item = 1; item < data.n; item += 1) {
    if (item % 20 === 0) await new Promise(setImmediate);
    yield item;
  }
}
