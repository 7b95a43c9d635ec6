/**
 * The event emitter of clients and servers: node-ipc's, under every name that its versions gave the
 * methods. Not Node's EventEmitter: an `error` that nobody hears must not throw, and no number of
 * listeners is a warning.
 */

// biome-ignore lint: handlers take what their event carries; only the program knows its types.
type Handler = (...args: never[]) => unknown;

interface Registration {
  readonly handler: Handler;
  readonly once: boolean;
}

const everything = "*";
// node-ipc 14 lists the handlers of every event under this symbol.
const everythingSymbol = Symbol.for("event-pubsub-all");

/** The methods that programs call, also detached. */
export const eventMethods = [
  "on",
  "once",
  "off",
  "reset",
  "publish",
  "trigger",
  "subscribe",
  "unsubscribe",
  "unSubscribe",
] as const;

export class Events {
  // The arrays are replaced, never changed: a dispatch walks the one it started with.
  readonly #registrations = new Map<string, readonly Registration[]>();

  /** Calls `handler` for each event of `type`; for every event when `type` is `'*'`. */
  on(type: string, handler: Handler, once = false): this {
    if (typeof handler !== "function") throw new TypeError("handler not defined");
    const key = String(type);
    const before = this.#registrations.get(key) ?? [];
    this.#registrations.set(key, [...before, { handler, once: Boolean(once) }]);
    return this;
  }

  once(type: string, handler: Handler): this {
    return this.on(type, handler, true);
  }

  /** Removes a handler, however often it was added; with `'*'` all handlers of the type. */
  off(type: string = everything, handler: Handler | "*" = everything): this {
    const key = String(type);
    const before = this.#registrations.get(key);
    if (before === undefined) return this;
    const left = handler === everything ? [] : before.filter((each) => each.handler !== handler);
    if (left.length === 0) this.#registrations.delete(key);
    else this.#registrations.set(key, left);
    return this;
  }

  /** Removes all handlers of all events. */
  reset(): this {
    this.#registrations.clear();
    return this;
  }

  /** The handlers of each type: a copy without prototype. */
  get list(): Record<string | symbol, Handler[]> {
    const list = Object.create(null) as Record<string | symbol, Handler[]>;
    for (const [type, registrations] of this.#registrations) {
      list[type] = registrations.map((each) => each.handler);
      if (type === everything) list[everythingSymbol] = [...list[type]];
    }
    return list;
  }

  /** True when a handler would hear `type`. @internal */
  hears(type: string): boolean {
    return this.#registrations.has(type) || this.#registrations.has(everything);
  }

  /** Calls the handlers of this process only: nothing is sent. */
  publish(type: string, ...args: unknown[]): this {
    const typed = this.#typed(type);
    if (typed !== undefined && !this.#run(type, typed, args)) return this;
    // Looked up now: a typed handler may have added or removed wildcards.
    const wildcards = this.#registrations.get(everything);
    if (wildcards !== undefined) this.#run(everything, wildcards, [type, ...args]);
    return this;
  }

  /** The name of {@link publish} in event-pubsub 1 to 4. */
  trigger(type: string, ...args: unknown[]): this {
    return this.publish(type, ...args);
  }

  subscribe(type: string, handler: Handler, once = false): this {
    return this.on(type, handler, once);
  }

  unsubscribe(type?: string, handler?: Handler | "*"): this {
    return this.off(type, handler);
  }

  unSubscribe(type?: string, handler?: Handler | "*"): this {
    return this.off(type, handler);
  }

  /** The same as {@link publish} for the two values of a message, without a list of arguments. */
  dispatch(type: string, data: unknown, socket: unknown, count: 1 | 2): void {
    const typed = this.#typed(type);
    const wildcards = this.#registrations.get(everything);
    if (typed?.length === 1 && wildcards === undefined && !typed[0]?.once) {
      const handler = (typed[0] as Registration).handler as (...args: unknown[]) => unknown;
      try {
        if (count === 1) handler.call(this, data);
        else handler.call(this, data, socket);
      } catch (error) {
        throwLater(error);
      }
      return;
    }
    if (typed === undefined && wildcards === undefined) return;
    if (count === 1) this.publish(type, data);
    else this.publish(type, data, socket);
  }

  /** An event that is called `'*'` is heard by those who hear everything, once. */
  #typed(type: string): readonly Registration[] | undefined {
    return type === everything ? undefined : this.#registrations.get(type);
  }

  #run(type: string, registrations: readonly Registration[], args: unknown[]): boolean {
    for (const registration of registrations) {
      if (registration.once) this.#forget(type, registration);
      try {
        (registration.handler as (...args: unknown[]) => unknown).apply(this, args);
      } catch (error) {
        throwLater(error);
        return false;
      }
    }
    return true;
  }

  #forget(type: string, registration: Registration): void {
    const left = this.#registrations.get(type)?.filter((each) => each !== registration);
    if (left === undefined) return;
    if (left.length === 0) this.#registrations.delete(type);
    else this.#registrations.set(type, left);
  }
}

/** A handler's error is the program's own: uncaught, but never in the way of the next message. */
function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
