/** The options that `serve()` and `connect()` have in common. */
import type { Clock } from "../clock.ts";
import type { Codec } from "../codec/codec.ts";
import type { Contract, Side } from "../contract/contract.ts";
import type { Handled } from "../contract/inference.ts";
import type { TcpOptions, UdpOptions, UnixOptions } from "../options.ts";
import type { TlsOptions } from "../transport/tls.ts";
import type { Transport } from "../transport/transport.ts";
import type { EndpointLimits, ServerLimits } from "./endpoint-limits.ts";
import type { AnsweredKind, Handlers, Listeners, Middleware, TraceContext } from "./handlers.ts";

/** How long a session outlives its connection. */
export interface ResumeOptions {
  /** @defaultValue 30,000 */
  windowMs?: number;
  /**
   * What may wait for the return, unsent and unacknowledged: beyond it events are treated as `slowPeer`
   * says, and calls are `ERR_QUEUE_FULL`. @defaultValue `maxQueuedBytes`
   */
  bufferBytes?: number;
}

/** How a dead connection is found out that the system does not report. */
export interface HeartbeatOptions {
  /** Asks after so long without a byte. One more such time, and the connection is lost. @defaultValue 15,000 */
  intervalMs?: number;
}

/** Where a trace comes from when a message is sent. */
export interface TracePropagator {
  /** The context to send along, if there is one. Called for each message, so it should be quick. */
  current(): TraceContext | undefined;
}

/**
 * What happens to events for a peer that does not read, at `maxQueuedBytes`. Drops are counted, and
 * told as a notice.
 *
 * - `wait`: `post` waits, `send` throws `ERR_QUEUE_FULL`, a broadcast cuts the peer off
 * - `drop-oldest`, `drop-newest`: events only, never calls, answers or items; the newest also where
 *   none of those that wait can be dropped
 * - `disconnect`: the session ends with `ERR_SLOW_PEER`; a client comes back after a while, in a new one
 */
export type SlowPeerPolicy = "wait" | "drop-oldest" | "drop-newest" | "disconnect";

/** Options of both ends. */
export interface EndpointOptions<C extends Contract = Contract, S extends Side = Side> {
  /** What both ends may say. Without it names are strings and data is `unknown`. */
  contract?: C;
  /** Listeners that are there before the first event; see `Peer.on` for later ones. */
  events?: Listeners<C, S>;
  /** Around every handler and listener, the first one outermost. */
  use?: readonly Middleware<NoInfer<C>, S>[];
  /**
   * What both ends know and nobody else: each proves to the other that it does, without sending it. At
   * least 16 random bytes, as bytes or text; no password, since whoever hears a handshake can try words
   * against it. Of a list the first is used and all are accepted, so that secrets can be replaced.
   */
  secret?: string | Uint8Array | readonly (string | Uint8Array)[];
  /**
   * Allow `secret` over plain TCP beyond this machine, where a listener on the way can read and change
   * what follows the handshake. @defaultValue false
   */
  insecureTransport?: boolean;
  /**
   * Whether a session goes on over a new connection: what was not acknowledged is sent again, nothing
   * twice. Meanwhile calls stay pending; false makes them fail at once when the connection breaks.
   * @defaultValue 30 s for tcp and tls, false for local transports, where a broken connection means a
   * dead process. Never where there is one connection only: `over(connection)`, `fd:3`, a port, a child
   */
  resume?: ResumeOptions | false;
  /** @defaultValue 15 s for tcp, tls and udp, false for local transports, where the system tells */
  heartbeat?: HeartbeatOptions | false;
  /** What happens to events for a peer that does not read. @defaultValue "wait" */
  slowPeer?: SlowPeerPolicy;
  /** Limits, each with the attack that it stops. */
  limits?: EndpointLimitsOf<S>;
  /** The `timeoutMs` of calls that have none. 0 and Infinity: no limit. @defaultValue 30,000 */
  callTimeoutMs?: number;
  /**
   * The generator of a cancelled stream that has not come to its end so soon gives up its place among
   * `maxInboundCalls` all the same: one that never does would hold it for ever. And a handler whose
   * items broke off, because their source here threw, is cancelled when it goes on for longer.
   * @defaultValue 1,000
   */
  cancelGraceMs?: number;
  /**
   * The `timeoutMs` of `close()`. Stops a peer that never reads or answers from holding it up for ever.
   * @defaultValue 5,000
   */
  closeTimeoutMs?: number;
  /**
   * Codecs beside those built in; both ends need them. A contract asks for one by its name, which has a
   * slash: `acme/msgpack`.
   */
  codecs?: readonly Codec[];
  /**
   * Offer structured clone. Its bytes can make this process slow or large, so only for peers that are
   * trusted. @defaultValue true for local transports of the same user, and for the parent in
   * `spawnPeer`, else false
   */
  structured?: boolean;
  /**
   * Refuse JSON that has a key `__proto__`, on behalf of handlers that merge what they get into other
   * objects. The library itself never does. @defaultValue false
   */
  rejectProtoKeys?: boolean;
  /**
   * What a caller learns of an error that a handler threw: all (name, code, message, data, causes), no
   * more than name, code and message, or all of those that were meant for callers (declared by the
   * contract, or a `MyelinError`) and nothing of others, whose text may hold a query or a path.
   * @defaultValue "full" for local transports, "declared" for the others
   */
  exposeErrors?: "full" | "message" | "declared";
  /** Send stacks as well. @defaultValue false */
  exposeStacks?: boolean;
  /** Sends a W3C trace context along, and reads it. @defaultValue none is sent */
  trace?: TracePropagator;
  /** The process does not wait for this endpoint; see `unref()`. @defaultValue false */
  unref?: boolean;
  /** For `unix:`, `local:` and `pipe:`. */
  unix?: UnixOptions;
  /** For `tcp:`; for `tls:` they stand in `tls`. */
  tcp?: TcpOptions;
  /** For `tls:`: certificates, and every option of Node's. */
  tls?: TlsOptions;
  /**
   * For `udp:`, which has events only: no calls, no `secret`, no `authorize`, no `resume`. Here
   * `maxDatagramBytes` has a default of 1,200. Where `transports` has one for `udp:`, what that one
   * was made with counts, and not this.
   */
  udp?: UdpOptions;
  /** Ways to connect beside those built in, or in their place, by their scheme. */
  transports?: readonly Transport[];
  /** @internal For tests: where time, turns and chance come from. */
  clock?: Clock;
}

type EndpointLimitsOf<S extends Side> = S extends "server" ? ServerLimits : EndpointLimits;

/**
 * The `handlers` of an endpoint: with a contract all of its side must be there, so that a call that
 * nobody answers does not compile; without one they are as wished.
 */
export type HandlersOption<C extends Contract, S extends Side> = [
  Handled<C, S>[AnsweredKind],
] extends [never]
  ? { handlers?: Handlers<C, S> }
  : string extends Handled<C, S>[AnsweredKind]
    ? { handlers?: Handlers<C, S> }
    : { handlers: Handlers<C, S> };
