/** The server: all of its peers at once, and each of them. */
import type { Contract } from "../contract/contract.ts";
import type {
  DataArguments,
  Handled,
  ReceivedOutput,
  SentInput,
  Usable,
} from "../contract/inference.ts";
import type { Subscription } from "../emitter.ts";
import type { MyelinError } from "../errors.ts";
import type { CloseOptions, ListenerOptions, SendOptions, WaitOptions } from "./call-options.ts";
import type { AnsweredKind, Handler } from "./handlers.ts";
import type { Notice, PeerName } from "./notice.ts";
import type { Peer } from "./peer.ts";
import type { ServerStats } from "./stats.ts";

/** A client, as its server sees it. */
export interface ServerPeer<C extends Contract = Contract> extends Peer<C, "server"> {
  /** Enters a room; being there already is no mistake. It stays in it while detached. */
  readonly join: (room: string) => void;
  /** Leaves a room; not being there is no mistake. */
  readonly leave: (room: string) => void;
  readonly rooms: ReadonlySet<string>;
}

/** Some of a server's peers: a room by its name, a peer, or several of either. */
export type Audience = string | PeerName | readonly (string | PeerName)[];

/** Whom a message of the server goes to. */
export interface AudienceOptions {
  /** Those only. Left out: all peers; given and undefined: `ERR_CONFIG`. @defaultValue all peers */
  to?: Audience | undefined;
  /** Not to those. */
  except?: Audience | undefined;
}

export interface BroadcastOptions extends SendOptions, AudienceOptions {}

/** What became of a broadcast, as numbers of peers. */
export interface BroadcastResult {
  readonly accepted: number;
  /**
   * `slowPeer` dropped it, or older events in its place; or what others hold leaves no room for it. How many
   * events that were is in `stats().dropped`.
   */
  readonly dropped: number;
  /** Not sent: closed, closing, cut as too slow, or the peer takes no message so large or of this codec. */
  readonly refused: number;
}

/** Options of `ask`. */
export interface AskOptions extends SendOptions, WaitOptions, AudienceOptions {
  /** Those who have not answered by then are missing. @defaultValue 30,000 */
  timeoutMs?: number | undefined;
  /**
   * So many answers are enough; the other calls are cancelled. "all": whoever can answer is heard.
   * @defaultValue "all"
   */
  want?: number | "all" | undefined;
}

/** Who said what. */
export interface AskResult<C extends Contract, Answer> {
  /** As many as wanted have answered. */
  readonly ok: boolean;
  readonly answers: readonly { readonly peer: ServerPeer<C>; readonly value: Answer }[];
  readonly failures: readonly { readonly peer: ServerPeer<C>; readonly error: MyelinError }[];
  /** Closed, detached, silent, or cancelled because enough had answered. */
  readonly missing: readonly ServerPeer<C>[];
}

/** What `serve()` gives. All methods work taken off their object. */
export interface Server<C extends Contract = Contract> extends AsyncDisposable {
  /**
   * What was bound, as text that `connect()` takes, with the port that the system chose. Sockets that
   * were inherited tell it over TCP only: one at a path is called `fd:3`, which is for this process alone.
   */
  readonly address: string;
  /** All of them, in the order given; of `systemd:` every socket. */
  readonly addresses: readonly string[];
  /** The sessions, open and detached, by their `id`. */
  readonly peers: ReadonlyMap<string, ServerPeer<C>>;
  /** Resolves when the server is closed. */
  readonly closed: Promise<void>;
  /**
   * Hears of each new session, once, after it was authorized. Nothing that the peer sends is handed to
   * anybody before the listeners have returned.
   */
  readonly onPeer: (
    listener: (peer: ServerPeer<C>) => unknown,
    options?: ListenerOptions,
  ) => Subscription;
  /** Hears the notices of all peers; see `Peer.onNotice`. */
  readonly onNotice: (
    listener: (notice: Notice) => unknown,
    options?: ListenerOptions,
  ) => Subscription;
  /**
   * Sends an event to all peers, or some. Never waits, and never throws because of a peer.
   * @throws {MyelinError} `ERR_CLOSED`, `ERR_NOT_SERIALIZABLE`, `ERR_CONFIG`
   */
  readonly broadcast: <Name extends Usable<C, "server">["event"]>(
    name: Name,
    ...data: DataArguments<SentInput<C, "client", Name>, BroadcastOptions>
  ) => BroadcastResult;
  /**
   * Calls all peers there are now, or some, and gives what they said as soon as enough have answered,
   * enough cannot be reached any more, or the time is up.
   * @throws {MyelinError} only `ERR_ABORTED`, and what is wrong with the arguments
   */
  readonly ask: <Name extends Usable<C, "server">["call"]>(
    name: Name,
    ...input: DataArguments<SentInput<C, "client", Name>, AskOptions>
  ) => Promise<AskResult<C, ReceivedOutput<C, "client", Name>>>;
  /**
   * Answers a call or stream of any peer from now on.
   * @throws {MyelinError} `ERR_CONFIG` when the name has a handler, or is none of the contract
   */
  readonly handle: <Name extends Handled<C, "server">[AnsweredKind]>(
    name: Name,
    handler: Handler<C, "server", Name>,
  ) => Subscription;
  /** Hears an event of any peer from now on. */
  readonly on: <Name extends Handled<C, "server">["event"]>(
    name: Name,
    listener: Handler<C, "server", Name>,
    options?: ListenerOptions,
  ) => Subscription;
  /**
   * Stops listening, closes all peers, each as `Peer.close` does, and frees the addresses. Repeatable.
   * @throws {MyelinError} `ERR_UNDELIVERED` when something was not acknowledged in time; it is closed
   * all the same
   */
  readonly close: (options?: CloseOptions) => Promise<void>;
  readonly stats: () => ServerStats;
  /** The process waits for this server. That is so from the start, unless told otherwise. */
  readonly ref: () => void;
  /** The process may end while this server listens; as `Peer.unref`, for all of its peers. */
  readonly unref: () => void;
  /** `close({ drainMs: 1000 })` that never rejects: what stayed undelivered is a notice. */
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}
