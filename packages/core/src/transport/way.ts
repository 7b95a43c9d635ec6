/**
 * Ways: transports that lead to one place, which is given as an object and not as an address. A thread,
 * a child process or a connection that the program made itself are dialled and listened to like any
 * other address.
 */
import { type Address, formatAddress } from "../address/address.ts";
import { MyelinError, toMyelinError } from "../errors.ts";
import { aborted } from "./socket-dial.ts";
import type {
  Capabilities,
  Connection,
  DialOptions,
  Listener,
  ListenOptions,
  Transport,
} from "./transport.ts";

/**
 * A transport that leads to one place. It stands wherever an address does, for it brings its own:
 * `dial(way.address)` talks to the place, `listen(way.address, ...)` lets the place talk to us.
 */
export interface Way<Carrier> extends Transport {
  /** What is dialled and listened to, for calls and for logs. */
  readonly address: Address;
  /**
   * Hands another one to the listener, as if it had connected. Until somebody listens it waits, and
   * nothing that arrives meanwhile is missed. When the other side never comes, nobody is told.
   * @throws {MyelinError} `ERR_CLOSED` when the listener was closed; `ERR_CONFIG` when the carrier was
   * used before, or is none.
   */
  accept(carrier: Carrier): void;
}

/**
 * What a way leads over. A thing carries one connection, with which a client is over, and a second dial
 * is `ERR_CONFIG`; a function makes a fresh one for each dial, so that a client can connect again.
 */
export type WaySource<Carrier> = Carrier | (() => Carrier | Promise<Carrier>);

/** What differs between ways. */
export interface WayPlan<Carrier> {
  readonly address: Address;
  readonly capabilities: Capabilities;
  /** @throws {MyelinError} when it is no carrier, or was used before. */
  connect(carrier: Carrier, side: "dialled" | "accepted"): Connecting;
}

/** A connection whose other side may not be there yet. */
interface Connecting extends Connection {
  /** Rejects when it will never be. */
  readonly ready?: Promise<void>;
}

/** @param dialsOnce also where a function makes the carrier: of what there is only one */
export function makeWay<Carrier extends object>(
  plan: WayPlan<Carrier>,
  source: WaySource<Carrier> | undefined,
  dialsOnce: boolean = typeof source !== "function",
): Way<Carrier> {
  return new ObjectWay(plan, source, dialsOnce);
}

class ObjectWay<Carrier extends object> implements Way<Carrier> {
  readonly scheme: string;
  readonly address: Address;
  readonly capabilities: Capabilities;
  readonly dialsOnce: boolean;
  readonly #plan: WayPlan<Carrier>;
  readonly #text: string;
  /** Gone once it was listened to: a thing is handed over once, all others come by `accept`. */
  #toListen: WaySource<Carrier> | undefined;
  readonly #toDial: WaySource<Carrier> | undefined;
  #onConnection: ((connection: Connection) => void) | undefined;
  /** Connections that came before somebody listened. */
  #waiting: Connection[] = [];
  #wasClosed = false;

  constructor(plan: WayPlan<Carrier>, source: WaySource<Carrier> | undefined, dialsOnce: boolean) {
    this.#plan = plan;
    this.dialsOnce = dialsOnce;
    this.#toDial = source;
    this.#toListen = source;
    this.address = plan.address;
    this.scheme = plan.address.scheme;
    this.capabilities = plan.capabilities;
    this.#text = formatAddress(plan.address);
  }

  async dial(address: Address, { signal }: DialOptions = {}): Promise<Connection> {
    this.#check(address, signal);
    if (this.#toDial === undefined) {
      const message = `${this.#text} leads nowhere: say over what, or listen and accept`;
      throw new MyelinError("ERR_CONFIG", message, { address: this.#text });
    }
    const connection = await this.#make(this.#toDial, "dialled");
    const onAbort = (): void => connection.abort();
    signal?.addEventListener("abort", onAbort);
    try {
      if (signal?.aborted !== true) await connection.ready;
    } catch (reason) {
      throw signal?.aborted === true
        ? aborted(this.#text, signal)
        : toMyelinError(reason, { address: this.#text });
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
    if (signal?.aborted !== true) return connection;
    connection.abort();
    throw aborted(this.#text, signal);
  }

  async listen(
    address: Address,
    onConnection: (connection: Connection) => void,
    { signal }: ListenOptions = {},
  ): Promise<Listener> {
    this.#check(address, signal);
    if (this.#onConnection !== undefined) {
      const message = `${this.#text}: somebody listens to this already`;
      throw new MyelinError("ERR_ADDRESS_IN_USE", message, { address: this.#text });
    }
    this.#onConnection = onConnection;
    this.#wasClosed = false;
    const source = this.#toListen;
    this.#toListen = undefined;
    try {
      if (source !== undefined) this.#admit(await this.#make(source, "accepted"));
      if (signal?.aborted === true) throw aborted(this.#text, signal);
    } catch (reason) {
      this.#onConnection = undefined;
      throw reason;
    }
    for (const connection of this.#waiting.splice(0)) this.#hand(connection);
    return this.#listener(address);
  }

  accept(carrier: Carrier): void {
    if (this.#wasClosed) {
      const message = `${this.#text}: the listener was closed`;
      throw new MyelinError("ERR_CLOSED", message, { address: this.#text });
    }
    this.#admit(this.#plan.connect(carrier, "accepted"));
  }

  #check(address: Address, signal: AbortSignal | undefined): void {
    const text = formatAddress(address);
    if (address.scheme !== this.scheme) {
      const message = `${text} is not ${this.#text}, where this leads`;
      throw new MyelinError("ERR_INVALID_ADDRESS", message, { address: text });
    }
    if (signal?.aborted === true) throw aborted(text, signal);
  }

  /** Makes the connection; over a thing that is there already, before this returns. */
  async #make(source: WaySource<Carrier>, side: "dialled" | "accepted"): Promise<Connecting> {
    try {
      return this.#plan.connect(typeof source === "function" ? await source() : source, side);
    } catch (reason) {
      throw toMyelinError(reason, { address: this.#text });
    }
  }

  #admit(connection: Connecting): void {
    const { ready } = connection;
    if (ready === undefined) this.#hand(connection);
    else ready.then(() => this.#hand(connection)).catch(() => {});
  }

  #hand(connection: Connection): void {
    const onConnection = this.#onConnection;
    if (this.#wasClosed) connection.abort();
    else if (onConnection === undefined) this.#waiting.push(connection);
    // In a turn of its own: what it throws is no failure of whoever accepts.
    else setImmediate(onConnection, connection);
  }

  #listener(address: Address): Listener {
    let standing = true;
    return {
      address,
      close: async () => {
        if (!standing) return;
        standing = false;
        this.#wasClosed = true;
        this.#onConnection = undefined;
      },
      // Nothing of it keeps a process alive; its connections do.
      ref() {},
      unref() {},
    };
  }
}
