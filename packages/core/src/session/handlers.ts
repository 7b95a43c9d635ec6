/** What an endpoint does with the names that arrive: its handlers of calls and listeners of events. */

import { type Abortable, unwatchAbort, watchAbort } from "../abort-watch.ts";
import type { Subscription } from "../emitter.ts";
import { MyelinError } from "../errors.ts";
import type { CallType } from "./wire.ts";

/** A handler as it is called: with the data, and with what is known about the message. */
export type Handler<Context> = (data: unknown, context: Context) => unknown;

export interface CallHandler<Context> {
  /** Undefined: whatever the caller takes it for. */
  readonly type: CallType | undefined;
  readonly run: Handler<Context>;
  /** It is a generator function, known to give items before it has run. */
  readonly isGenerator?: boolean;
  /** Checks the input, or each item of it, and may change it. What it throws refuses the call. */
  readonly accept?: ((data: unknown) => unknown) | undefined;
  /** How answers are written; undefined: as the caller of a name without a contract gets them. */
  readonly codec?: string | undefined;
}

export class Handlers<Context> {
  readonly #calls = new Map<string, CallHandler<Context>>();
  readonly #events = new Map<string, readonly Handler<Context>[]>();
  /** What ends listeners, by what they wait for. */
  readonly #watched = new Map<Abortable, AbortSignal>();
  #isLetGo = false;
  /** Whose handlers are asked when there is none here: those of the whole endpoint. */
  readonly #parent: Handlers<Context> | undefined;

  constructor(parent?: Handlers<Context>) {
    this.#parent = parent;
  }

  /** @throws {MyelinError} `ERR_CONFIG` when the name has a handler. */
  handle(name: string, handler: CallHandler<Context>): Subscription {
    if (this.#calls.has(name)) {
      throw new MyelinError("ERR_CONFIG", `${JSON.stringify(name)} has a handler already`);
    }
    this.#calls.set(name, handler);
    return subscription(() => {
      if (this.#calls.get(name) === handler) this.#calls.delete(name);
    });
  }

  /** @param signal until it aborts */
  on(name: string, given: Handler<Context>, signal?: AbortSignal): Subscription {
    if (signal === undefined || this.#isLetGo) return this.#listen(name, given);
    const watched: Abortable = { aborted: () => ended.dispose() };
    watchAbort(signal, watched);
    this.#watched.set(watched, signal);
    const listening = this.#listen(name, given);
    const ended = subscription(() => {
      this.#watched.delete(watched);
      unwatchAbort(signal, watched);
      listening.dispose();
    });
    return ended;
  }

  /** Nothing will come for them: a signal that lives on does not hold them any more. */
  letGo(): void {
    this.#isLetGo = true;
    for (const [watched, signal] of this.#watched) unwatchAbort(signal, watched);
    this.#watched.clear();
  }

  #listen(name: string, given: Handler<Context>): Subscription {
    const others = this.#events.get(name) ?? [];
    // The same function a second time is another subscription, and ends alone.
    const listener: typeof given = others.includes(given)
      ? (data, context) => given(data, context)
      : given;
    // The list is replaced, never changed: an event on its way goes through the one it began with.
    this.#events.set(name, [...others, listener]);
    return subscription(() => {
      const left = (this.#events.get(name) ?? []).filter((each) => each !== listener);
      if (left.length === 0) this.#events.delete(name);
      else this.#events.set(name, left);
    });
  }

  call(name: string): CallHandler<Context> | undefined {
    return this.#calls.get(name) ?? this.#parent?.call(name);
  }

  /** Those of this object first, then those of the endpoint. */
  listeners(name: string): readonly Handler<Context>[] {
    const own = this.#events.get(name);
    const inherited = this.#parent?.listeners(name) ?? none;
    if (own === undefined) return inherited;
    return inherited.length === 0 ? own : [...own, ...inherited];
  }
}

const none: readonly never[] = [];

function subscription(end: () => void): Subscription {
  let live = true;
  const dispose = (): void => {
    if (live) end();
    live = false;
  };
  return { dispose, [Symbol.dispose]: dispose };
}
