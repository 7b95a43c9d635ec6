/**
 * What programs write to be called: handlers, listeners and middleware, and what each is given. All of
 * them, at both ends, are `(data, ctx)`.
 */
import type { Contract, Side } from "../contract/contract.ts";
import type { EntryKind } from "../contract/entry.ts";
import type { EntriesOf, Handled, ReceivedInput, SentOutput } from "../contract/inference.ts";
import type { Peer } from "./peer.ts";
import type { ServerPeer } from "./server.ts";

/** A place in a trace, as W3C Trace Context has it. */
export interface TraceContext {
  /** For example `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`. */
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** The other end of the connection, as side `S` holds it. */
export type PeerOf<C extends Contract, S extends Side> = S extends "server"
  ? ServerPeer<C>
  : Peer<C, "client">;

/**
 * Who sent what a handler is given, and how long it is wanted. Of a call each handler has its own; events
 * of one name that come one after the other may be given the same object, so keep nothing in it or by it.
 */
export interface Context<
  C extends Contract = Contract,
  S extends Side = Side,
  Name extends string = string,
> {
  /** Who sent it; the handler may send, call and stream to it in turn. */
  readonly peer: PeerOf<C, S>;
  readonly name: Name;
  readonly kind: EntryKind;
  /**
   * Aborts when the answer is not wanted any more: the caller cancelled, its deadline passed, or it is
   * gone. That of an event aborts when the session of its sender is over. Neither does once the handler
   * has settled. Pass it on, `peer.call(name, data, { signal })`, and what is left of the deadline goes
   * along. Made on first use. What a listener on it throws is an uncaught exception of the program.
   */
  readonly signal: AbortSignal;
  /** Of the sender, where it has a propagator; see `EndpointOptions.trace`. */
  readonly trace: TraceContext | undefined;
  /** What the sender put beside the data as `bytes`. They are the handler's own. */
  readonly bytes: readonly Uint8Array[];
}

/** Several items, there already or coming: arrays, generators, Node's streams, web streams. */
export type Source<Item> = AsyncIterable<Item> | Iterable<Awaitable<Item>>;

type Awaitable<Value> = Value | PromiseLike<Value>;

/**
 * Handles `Name` at side `S`. What it throws answers the caller (or ends the stream with an error); it
 * never ends the process.
 *
 * - an event: whatever it returns is awaited and dropped
 * - a call: gets the data, returns the answer or a promise of it
 * - a stream: gets the data, returns the items, usually as an `async *` method
 * - an upload: gets the items, to be iterated once, returns the answer. Returning early stops the sender
 * - a duplex: gets the items and returns items
 *
 * Without a contract: `(data: unknown, ctx) => unknown`, by the same rules.
 */
export type Handler<
  C extends Contract = Contract,
  S extends Side = Side,
  Name extends string = string,
> = HandlerOfKind<
  EntriesOf<C, S>[Name]["kind"],
  ReceivedInput<C, S, Name>,
  SentOutput<C, S, Name>,
  Context<C, S, Name>
>;

// `unknown` by another name. In the options of an endpoint the compiler looks at a handler that has no
// parameters before it knows the contract, and so by this type: `() => "up"` is of type "up" only where
// a literal is called for; by `unknown` it would be any string, and not what the contract wants.
type Anything = AnyValue | PromiseLike<AnyValue> | Source<AnyValue>;
type AnyValue =
  | ("" | 0 | 0n | true | null | undefined | void | {})
  | readonly AnyValue[]
  | readonly [AnyValue, ...AnyValue[]]
  | { readonly [key: string]: AnyValue };

// In brackets, so that "any kind" and "no kind" are asked about as one thing. No kind: the peer of a side
// that handles nothing is a `Peer` all the same.
type HandlerOfKind<Kind, In, Out, Ctx> = [EntryKind] extends [Kind]
  ? (data: unknown, ctx: Ctx) => Anything
  : [Kind] extends [never]
    ? (data: never, ctx: Ctx) => unknown
    : Kind extends "event"
      ? (data: In, ctx: Ctx) => unknown
      : Kind extends "call"
        ? (input: In, ctx: Ctx) => Awaitable<Out>
        : Kind extends "stream"
          ? (input: In, ctx: Ctx) => Awaitable<Source<Out>>
          : Kind extends "upload"
            ? (items: AsyncIterable<In>, ctx: Ctx) => Awaitable<Out>
            : (items: AsyncIterable<In>, ctx: Ctx) => Awaitable<Source<Out>>;

/** The kinds that are answered. */
export type AnsweredKind = Exclude<EntryKind, "event">;

/** A handler for each call and stream of side `S`: none missing, none that the contract has not. */
export type Handlers<C extends Contract = Contract, S extends Side = Side> = [
  Handled<C, S>[AnsweredKind],
] extends [never]
  ? NoHandlers
  : { readonly [Name in Handled<C, S>[AnsweredKind]]: Handler<C, S, Name> };

/** Listeners for events that side `S` hears. */
export type Listeners<C extends Contract = Contract, S extends Side = Side> = [
  Handled<C, S>["event"],
] extends [never]
  ? NoHandlers
  : { readonly [Name in Handled<C, S>["event"]]?: Handler<C, S, Name> };

// An object type without names would take any.
type NoHandlers = Readonly<Record<string, never>>;

/**
 * What a middleware may know of the message it lets through. Its `name` is one of those that side `S`
 * handles, and goes with its `kind`.
 */
export type Incoming<C extends Contract = Contract, S extends Side = Side> = Context<C, S> &
  { [Kind in EntryKind]: IncomingOfKind<Kind, Handled<C, S>[Kind]> }[EntryKind];

/** Where there is none of a kind its name is `never`. */
interface IncomingOfKind<Kind extends EntryKind, Name extends string> {
  readonly kind: Kind;
  readonly name: Name;
  /** What arrived, checked by the schema; for uploads and duplexes the items. */
  readonly data: unknown;
}

/**
 * Stands around every handler, in the order given: it may look, measure, refuse by throwing, and go on
 * with `next()`, which gives what the next one returned. It is not asked before a peer is authorized.
 * Never calling `next()` means that the handler does not run; what is returned is the answer.
 */
export type Middleware<C extends Contract = Contract, S extends Side = Side> = (
  message: Incoming<C, S>,
  next: () => unknown,
) => unknown;
