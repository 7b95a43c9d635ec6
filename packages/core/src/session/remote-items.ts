/** A stream as its consumer holds it: opened when it is first asked, read once. */
import { MyelinError } from "../errors.ts";
import type { PendingCall } from "./pending-call.ts";

/** Opens the stream: now, or when there is a connection. */
export type OpenStream = (
  onOpen: (call: PendingCall) => void,
  onError: (error: MyelinError) => void,
) => void;

export class RemoteItems implements AsyncIterable<unknown, void, undefined>, AsyncDisposable {
  readonly #openStream: OpenStream;
  #opening: Promise<PendingCall> | undefined;
  #isRead = false;
  #isStopped = false;

  constructor(openStream: OpenStream) {
    this.#openStream = openStream;
  }

  readonly start = (): this => {
    void this.#open();
    return this;
  };

  [Symbol.asyncIterator](): AsyncIterator<unknown, void, undefined> {
    if (this.#isRead) throw new MyelinError("ERR_CONFIG", "a stream can be read once");
    this.#isRead = true;
    return {
      next: async () => {
        if (this.#isStopped) return { done: true, value: undefined };
        const { output } = await this.#open();
        return (output as NonNullable<typeof output>).next();
      },
      return: async () => {
        await this[Symbol.asyncDispose]();
        return { done: true, value: undefined };
      },
    };
  }

  /** Cancels the handler, unless it is done. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    try {
      const call = await this.#opening;
      call?.output?.stop();
    } catch {
      // It never opened.
    }
  }

  #open(): Promise<PendingCall> {
    this.#opening ??= new Promise((resolve, reject) => {
      this.#openStream(resolve, reject);
    });
    // Who never asks for an item need not hear that it failed.
    this.#opening.catch(() => {});
    return this.#opening;
  }
}
