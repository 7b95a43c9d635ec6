/**
 * One end's view of the other: what both a client and a server's peers can do. Code written for one
 * end runs at the other. All methods are functions of their own: they work taken off their object.
 */
import type { Contract, Side } from "../contract/contract.ts";
import type {
  DataArguments,
  DataOf,
  Handled,
  OtherSide,
  ReceivedOutput,
  SentInput,
  Usable,
} from "../contract/inference.ts";
import type { Subscription } from "../emitter.ts";
import type { MyelinError } from "../errors.ts";
import type { PeerIdentity } from "../transport/transport.ts";
import type {
  CallOptions,
  CloseOptions,
  FlushOptions,
  ListenerOptions,
  PostOptions,
  SendOptions,
  StreamOptions,
} from "./call-options.ts";
import type { AnsweredKind, Handler, Source } from "./handlers.ts";
import type { Notice, PeerName, Undelivered } from "./notice.ts";
import type { PeerStats } from "./stats.ts";

/**
 * - `connecting`: a client that has not been welcomed yet
 * - `open`
 * - `detached`: the connection broke, and the session waits for its return, as `resume` says
 * - `closed`: for good
 */
export type PeerState = "connecting" | "open" | "detached" | "closed";

/** Why a session is over. */
export interface CloseReason {
  /**
   * - `here`: this end called `close()`, and it ended in order
   * - `peer`: the other end said goodbye
   * - `failure`: it broke, also amid a `close()` here: one whose time ran out has `ERR_TIMEOUT`
   */
  readonly by: "here" | "peer" | "failure";
  /** What broke it, or what the other end complained of. Absent after an end in order. */
  readonly error: MyelinError | undefined;
  /** What had been accepted here and was not acknowledged. */
  readonly undelivered: Undelivered;
}

/**
 * The part of a {@link Peer} that no contract changes: what functions that take any peer should ask
 * for.
 */
export interface PeerBasics extends PeerName, AsyncDisposable {
  readonly state: PeerState;
  /**
   * What the other end speaks. A `node-ipc` or `udp` peer has events only: calls and streams throw
   * `ERR_UNSUPPORTED`, `flush` means that the system has taken the bytes, and nothing is resumed. Over
   * `udp` each event arrives once or never, in any order.
   */
  readonly dialect: "myelin" | "node-ipc" | "udp";
  /** Where the other end is, as far as the transport tells: `tcp://127.0.0.1:50123`. */
  readonly remote: string | undefined;
  /** Who the other end is, as far as the system or a certificate proves it. */
  readonly identity: PeerIdentity;
  /** Resolves when the session has ended, whoever ended it. Never rejects. */
  readonly closed: Promise<CloseReason>;
  /** Calls `listener` whenever `state` has changed. One that fails is a notice, here and below. */
  readonly onState: (
    listener: (state: PeerState) => unknown,
    options?: ListenerOptions,
  ) => Subscription;
  /** `send` had returned false, and there is room again. */
  readonly onDrain: (listener: () => unknown, options?: ListenerOptions) => Subscription;
  /**
   * Hears what no promise could tell: gaps, drops, what stayed undelivered, unhandled and failed
   * events. Where nobody listens, the first of each kind is a warning of the process.
   */
  readonly onNotice: (
    listener: (notice: Notice) => unknown,
    options?: ListenerOptions,
  ) => Subscription;
  /**
   * Resolves when the other end has acknowledged everything accepted before: its process has handed it
   * to its handlers, which may still be at work. At once when nothing waits for that, with a connection
   * or without, unless the peer is closed.
   * @throws {MyelinError} `ERR_UNDELIVERED` when the session ends first and some of it may be lost,
   * `ERR_CLOSED` when the peer is closed, also while something waits for a first session,
   * `ERR_TIMEOUT`, `ERR_ABORTED`
   */
  readonly flush: (options?: FlushOptions) => Promise<void>;
  /**
   * Stops accepting, lets calls finish, sends everything, and parts from the other end. Repeatable:
   * a shorter limit than those before holds from then on.
   * @throws {MyelinError} `ERR_UNDELIVERED` when something was not acknowledged in time; it is closed
   * all the same
   */
  readonly close: (options?: CloseOptions) => Promise<void>;
  readonly stats: () => PeerStats;
  /** The process waits for this connection. That is so from the start, unless told otherwise. */
  readonly ref: () => void;
  /**
   * The process may end while this connection stands. A pending call, an open stream, `flush` and
   * `close` keep it all the same until they are settled, unless made with `{ ref: false }`.
   */
  readonly unref: () => void;
  /** `close({ drainMs: 1000 })` that never rejects: what stayed undelivered is a notice. */
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/**
 * Items from the other end, to be iterated once. It opens with the first `next()`, or with `start()`;
 * leaving the loop cancels the handler. Items that had arrived are given out before an error.
 */
export interface ItemStream<Item> extends AsyncIterable<Item, void, undefined>, AsyncDisposable {
  /** Opens it now, so that the first items are on their way before they are asked for. */
  readonly start: () => this;
}

/**
 * The other end of a connection, as side `S` of contract `C` holds it. Without a contract names are
 * strings and data is `unknown`.
 */
export interface Peer<C extends Contract = Contract, S extends Side = "client"> extends PeerBasics {
  /**
   * Sends an event. The data is encoded before this returns.
   * @returns true, or false when over the high-water mark: accepted both times; after false
   * `onDrain` tells when there is room.
   * @throws {MyelinError} and the event is not accepted: `ERR_CLOSED`, `ERR_NOT_CONNECTED`,
   * `ERR_QUEUE_FULL`, `ERR_TOO_LARGE`, `ERR_NOT_SERIALIZABLE`; `ERR_UNSUPPORTED` for a codec that the
   * peer does not read; `ERR_SLOW_PEER` where `slowPeer` is `disconnect`; `ERR_CONFIG` for a name that
   * is none, or none of the contract
   */
  readonly send: <Name extends Usable<C, S>["event"]>(
    name: Name,
    ...data: DataArguments<SentInput<C, OtherSide<S>, Name>, SendOptions>
  ) => boolean;
  /**
   * Sends an event once there is room for it, first come, first served: resolves when it was accepted.
   * The data is encoded before this returns.
   * @throws {MyelinError} what `send` throws, `ERR_TIMEOUT`, `ERR_ABORTED`
   */
  readonly post: <Name extends Usable<C, S>["event"]>(
    name: Name,
    ...data: DataArguments<SentInput<C, OtherSide<S>, Name>, PostOptions>
  ) => Promise<void>;
  /**
   * Asks, and gives the answer.
   * @throws {MyelinError} always with `ran`: `ERR_REMOTE` when the handler threw, `ERR_TIMEOUT`,
   * `ERR_ABORTED`, `ERR_NO_HANDLER`, `ERR_DRAINING`, `ERR_INVALID_DATA`, `ERR_CONNECTION_LOST`, and
   * what `send` throws
   */
  readonly call: <Name extends Usable<C, S>["call"]>(
    name: Name,
    ...input: DataArguments<SentInput<C, OtherSide<S>, Name>, CallOptions>
  ) => Promise<ReceivedOutput<C, OtherSide<S>, Name>>;
  /**
   * Asks, and gives the items of the answer as they come. Errors, as of `call`, come from `next()`.
   * @throws {MyelinError} at once: `ERR_CONFIG` for a name or an option that cannot be
   */
  readonly stream: <Name extends Usable<C, S>["stream"]>(
    name: Name,
    ...input: DataArguments<SentInput<C, OtherSide<S>, Name>, StreamOptions>
  ) => ItemStream<ReceivedOutput<C, OtherSide<S>, Name>>;
  /**
   * Sends the items of `source`, as fast as the other end takes them, and gives the answer. A handler
   * that answers early stops the source. What the source throws rejects this and reaches the handler.
   * @throws {MyelinError} as `call`
   */
  readonly upload: <Name extends Usable<C, S>["upload"]>(
    name: Name,
    source: Source<DataOf<SentInput<C, OtherSide<S>, Name>>>,
    options?: CallOptions,
  ) => Promise<ReceivedOutput<C, OtherSide<S>, Name>>;
  /**
   * Sends the items of `source` and gives those of the answer, both as they come. A source that throws
   * ends both, as for `upload`.
   * @throws {MyelinError} as `stream`; also for a source that is none
   */
  readonly duplex: <Name extends Usable<C, S>["duplex"]>(
    name: Name,
    source: Source<DataOf<SentInput<C, OtherSide<S>, Name>>>,
    options?: StreamOptions,
  ) => ItemStream<ReceivedOutput<C, OtherSide<S>, Name>>;
  /**
   * Answers a call or stream from now on. At a server, a peer's own handler goes before the server's.
   * @throws {MyelinError} `ERR_CONFIG` when the name has a handler here, or is none of the contract
   */
  readonly handle: <Name extends Handled<C, S>[AnsweredKind]>(
    name: Name,
    handler: Handler<C, S, Name>,
  ) => Subscription;
  /** Hears an event from now on. There may be several listeners; at a server, its own hear it too. */
  readonly on: <Name extends Handled<C, S>["event"]>(
    name: Name,
    listener: Handler<C, S, Name>,
    options?: ListenerOptions,
  ) => Subscription;
}
