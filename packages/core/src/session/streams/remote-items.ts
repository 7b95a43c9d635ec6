/** A stream as its consumer holds it: opened when it is first asked, read once. */
import { abortedError } from "../../abort-watch.ts";
import { MyelinError } from "../../errors.ts";
import type { CallOpening, CallRequest } from "../calls/call-opening.ts";
import { showBriefly } from "../peers/brief.ts";
import type { ItemReceiver } from "./item-receiver.ts";

/** Opens the stream: now, or when there is a connection. */
export type OpenStream = (opener: Pick<CallOpening, "onOpen" | "onWait" | "reject">) => void;

type Step = IteratorResult<unknown, undefined>;

interface Asked {
  readonly resolve: (step: Step | Promise<Step>) => void;
  readonly reject: (error: MyelinError) => void;
}

/**
 * Streams that ended, of which nobody has read the rest or ever will: what has arrived counts for the
 * session until then. One that has not ended is held by its call.
 */
const forgotten = new FinalizationRegistry<ItemReceiver>((output) => output.stop());

const over: Step = Object.freeze({ done: true, value: undefined });

export class RemoteItems implements AsyncIterable<unknown, void, undefined>, AsyncDisposable {
  readonly #openStream: OpenStream;
  readonly #request: Pick<CallRequest, "name" | "signal">;
  /** What has arrived, once the stream is open. */
  #output: ItemReceiver | undefined;
  /** Steps that were asked for before. */
  readonly #asked: Asked[] = [];
  /** Takes it out of the queue for a connection. */
  #withdraw: (() => void) | undefined;
  #error: MyelinError | undefined;
  #isStarted = false;
  #isRead = false;
  #isStopped = false;

  constructor(openStream: OpenStream, request: Pick<CallRequest, "name" | "signal">) {
    this.#openStream = openStream;
    this.#request = request;
  }

  readonly start = (): this => {
    if (this.#isStarted) return this;
    this.#isStarted = true;
    this.#openStream({
      onOpen: ({ output }) => this.#opened(output as ItemReceiver),
      onWait: (withdraw) => {
        this.#withdraw = withdraw;
      },
      reject: (error) => this.#failed(error),
    });
    return this;
  };

  [Symbol.asyncIterator](): AsyncIterator<unknown, void, undefined> {
    if (this.#isRead) throw new MyelinError("ERR_CONFIG", "a stream can be read once");
    this.#isRead = true;
    return {
      next: () => {
        this.#heedAbort();
        return this.#output?.next() ?? this.#next();
      },
      return: async () => {
        await this[Symbol.asyncDispose]();
        return over;
      },
    };
  }

  /** Cancels the handler, unless it is done. Waits for nothing, not even for a connection. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    this.#output?.stop();
    for (const { resolve } of this.#asked.splice(0)) resolve(over);
    this.#withdraw?.();
    return Promise.resolve();
  }

  /** The call may be over, and with it its watch over the signal, when much of it is still unread. */
  #heedAbort(): void {
    const { name, signal } = this.#request;
    if (signal?.aborted !== true) return;
    const what = `the call of ${JSON.stringify(name)}`;
    this.#output?.breakOff(abortedError(what, signal.reason, "maybe"));
  }

  /** A step of a stream that is not open. */
  #next(): Promise<Step> {
    if (this.#isStopped) return Promise.resolve(over);
    return new Promise((resolve, reject) => {
      this.#asked.push({ resolve, reject });
      this.start();
      if (this.#error !== undefined) this.#failed(this.#error);
    });
  }

  /** It is open; for the second time when it had not left before its session was over. */
  #opened(output: ItemReceiver): void {
    // It waits no more, and its place in the queue has its input.
    this.#withdraw = undefined;
    this.#output?.handOver(output);
    this.#output = output;
    forgotten.register(this, output);
    if (this.#isStopped) output.stop();
    for (const { resolve } of this.#asked.splice(0)) resolve(output.next());
  }

  /** The first who asks hears of it; who never asks for an item need not. */
  #failed(error: MyelinError): void {
    const [first, ...others] = this.#asked.splice(0);
    this.#withdraw = undefined;
    this.#output?.end(error);
    this.#error = error;
    if (first === undefined) return;
    this.#isStopped = true;
    first.reject(error);
    for (const { resolve } of others) resolve(over);
  }
}

showBriefly(
  RemoteItems.prototype,
  () => "ItemStream",
  () => ({}),
);
