/**
 * Typed events for the few things that are not on a hot path: state changes, lifecycle, warnings.
 * Events are keys of a type, never names from the wire, so no peer can fire one.
 */

import { unwatchAbort, watchAbort } from "./abort-watch.ts";
import { promiseOf } from "./promise-of.ts";

/** Ends what it stands for; doing so twice is harmless. Works with `using`. */
export interface Subscription extends Disposable {
  dispose(): void;
}

/** What happens when, as the arguments of its listeners. */
export type EventMap<Events> = { readonly [Name in keyof Events]: readonly unknown[] };

interface Entry {
  readonly listener: unknown;
  readonly once: boolean;
  readonly dispose: () => void;
  /** As `dispose`, for its signal. */
  readonly aborted: () => void;
  readonly signal: AbortSignal | undefined;
  live: boolean;
}

// Node 18 before 18.18 has no Symbol.dispose, and a key "undefined" would be odd to see.
const disposeKey: typeof Symbol.dispose =
  Symbol.dispose ?? (Symbol.for("nodejs.dispose") as typeof Symbol.dispose);

/** By event: hears what a listener threw, or what its promise was rejected with. Must not throw. */
export type ListenerFailures<Events extends EventMap<Events>> = {
  readonly [Name in keyof Events]: (reason: unknown, ...args: Events[Name]) => void;
};

/** Tells listeners what happened, in the order in which they came. */
export class Emitter<Events extends EventMap<Events>> {
  readonly #entries = new Map<keyof Events, readonly Entry[]>();
  readonly #failures: ListenerFailures<Events>;
  #isLetGo = false;

  constructor(failures: ListenerFailures<Events>) {
    this.#failures = failures;
  }

  /**
   * Calls `listener` for each such event from now on.
   * @param options `once`: only for the next one. `signal`: until it aborts.
   */
  on<Name extends keyof Events>(
    name: Name,
    listener: (...args: Events[Name]) => void,
    options: { once?: boolean; signal?: AbortSignal } = {},
  ): Subscription {
    const { once = false, signal } = options;
    const dispose = (): void => {
      if (!entry.live) return;
      entry.live = false;
      if (signal !== undefined) unwatchAbort(signal, entry);
      this.#keep(
        name,
        this.#listeners(name).filter((each) => each !== entry),
      );
    };
    const live = signal?.aborted !== true;
    const entry: Entry = { listener, once, dispose, aborted: dispose, signal, live };
    if (live) {
      if (signal !== undefined && !this.#isLetGo) watchAbort(signal, entry);
      this.#keep(name, [...this.#listeners(name), entry]);
    }
    return { dispose, [disposeKey]: dispose };
  }

  /**
   * Calls the listeners of an event. One that throws does not stop the others: its failure is told, and
   * so is that of one whose promise is rejected. Listeners added meanwhile hear the next event, those
   * removed meanwhile no more.
   * @returns whether anybody listened.
   */
  emit<Name extends keyof Events>(name: Name, ...args: Events[Name]): boolean {
    const entries = this.#listeners(name);
    let isHeard = false;
    for (const entry of entries) {
      // It may have been let go of.
      if (entry.signal?.aborted === true) entry.dispose();
      if (!entry.live) continue;
      isHeard = true;
      if (entry.once) entry.dispose();
      try {
        const result = (entry.listener as (...args: Events[Name]) => unknown)(...args);
        promiseOf(result)?.then(undefined, (reason: unknown) =>
          this.#failures[name](reason, ...args),
        );
      } catch (reason) {
        this.#failures[name](reason, ...args);
      }
    }
    return isHeard;
  }

  /** Little or nothing will come: signals that live on hold listeners no more, but still end them. */
  letGo(): void {
    this.#isLetGo = true;
    for (const entries of this.#entries.values()) {
      for (const entry of entries) {
        if (entry.signal !== undefined) unwatchAbort(entry.signal, entry);
      }
    }
  }

  listenerCount(name: keyof Events): number {
    return this.#listeners(name).length;
  }

  #listeners(name: keyof Events): readonly Entry[] {
    return this.#entries.get(name) ?? [];
  }

  // The list is replaced, never changed: an event on its way goes through the one it began with.
  #keep(name: keyof Events, entries: readonly Entry[]): void {
    if (entries.length === 0) this.#entries.delete(name);
    else this.#entries.set(name, entries);
  }
}
