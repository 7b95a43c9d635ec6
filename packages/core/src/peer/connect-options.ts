/** The options of `connect()`. */
import type { Contract } from "../contract/contract.ts";
import type { EndpointOptions, HandlersOption } from "./endpoint-options.ts";

/**
 * When to try again. The first wait is a random time up to `minMs`, each next one up to twice as long,
 * `maxMs` at most: clients that were cut off together do not come back together.
 */
export interface RetryOptions {
  /** @defaultValue 100 */
  minMs?: number;
  /** @defaultValue 30,000, or `minMs` where that is more */
  maxMs?: number;
  /**
   * How often it tries again, in a row: with 0 `connect` makes one attempt, and a client that has lost
   * its server does not come back. @defaultValue no limit
   */
  maxAttempts?: number;
}

/**
 * What becomes of messages while there is no connection and no session that could resume.
 *
 * - `queue`: they wait, within the limits below; calls within their own timeout
 * - `drop`: events are dropped, counted, and told as a notice; calls fail
 * - `reject`: `send` and `call` throw `ERR_NOT_CONNECTED`
 */
export type OfflinePolicy = "queue" | "drop" | "reject";

/**
 * The limits of a queue: a server that never comes would fill the memory. What a session accepted and
 * could not send when it ended comes in front of the queue, however much that is: `maxBytes` and
 * `maxMessages` are for what is given after that. Its age counts as that of all others.
 */
export interface OfflineOptions {
  policy: OfflinePolicy;
  /**
   * Of data and headers; more is `ERR_QUEUE_FULL`. At most `maxQueuedBytes`, and what there is of
   * `maxBufferedBytes`: a session takes all of it.
   * @defaultValue 16 MiB
   */
  maxBytes?: number;
  /** More is `ERR_QUEUE_FULL`. @defaultValue 10,000 */
  maxMessages?: number;
  /**
   * Events that have waited so long are dropped, counted, and told as a notice: old news. While a
   * session waits to be resumed they wait, too, but leave all the same if it is. Calls wait within their
   * own timeout. @defaultValue no limit
   */
  maxAgeMs?: number;
}

interface ConnectSettings<C extends Contract> extends EndpointOptions<C, "client"> {
  /**
   * Gives up connecting for the first time: `connect()` rejects with `ERR_ABORTED`; with `lazy` the
   * client is closed, with that as its reason. Once there was a welcome it does nothing.
   */
  signal?: AbortSignal | undefined;
  /**
   * `connect()` rejects with `ERR_TIMEOUT` when it has not been welcomed so soon, all attempts counted;
   * its `cause` is why the last of them failed. With `lazy` the client is closed with it. 0 and Infinity: no
   * limit.
   * @defaultValue 10,000; none with `lazy`
   */
  timeoutMs?: number;
  /**
   * Whether to try again, at first and after a connection broke. A refusal for good (secret, version,
   * `authorize`) is never tried again; nor is a server that has answered three times as one of node-ipc
   * does, and never welcomed this client. False: `connect()` rejects with the first failure, and the
   * client is closed when its connection breaks. @defaultValue {}
   */
  retry?: RetryOptions | false;
  /**
   * Resolve at once, with a client in state `connecting`; `offline` says what becomes of what it sends.
   * @defaultValue false
   */
  lazy?: boolean;
  /** What becomes of messages while there is no connection. @defaultValue "queue" */
  offline?: OfflinePolicy | OfflineOptions;
  /**
   * Told to the server's `authorize`: a token, say. Not secret from whoever can read the connection.
   * Together with all else of the hello at most 16 KiB.
   */
  meta?: Readonly<Record<string, string>>;
  /** Speak to a server of node-ipc: events only. @defaultValue "myelin" */
  dialect?: "myelin" | "node-ipc";
  /** What ends a message of node-ipc. @defaultValue "\f" */
  delimiter?: string;
}

/** Options of `connect()`. */
export type ConnectOptions<C extends Contract = Contract> = ConnectSettings<C> &
  HandlersOption<C, "client">;
