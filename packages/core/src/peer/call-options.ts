/** What may be said about a single message, call or stream, or about an end. */

/** Options of `send`. */
export interface SendOptions {
  /**
   * Bytes that ride beside the data and are never turned into text; the handler finds them as
   * `ctx.bytes`.
   */
  bytes?: readonly Uint8Array[] | undefined;
  /**
   * Copy all bytes before returning. Otherwise bytes above 64 KiB are borrowed, and must not change,
   * until they are acknowledged. @defaultValue false
   */
  copy?: boolean | undefined;
}

/** Options of `post`. */
export interface PostOptions extends SendOptions {
  /** Give up when there is no room so soon: `ERR_TIMEOUT`, not accepted. 0: no limit. @defaultValue none */
  timeoutMs?: number | undefined;
  /** Give up, unless it was accepted already. */
  signal?: AbortSignal | undefined;
}

/** What calls and streams have in common. */
export interface WaitOptions {
  /** Cancels: the handler's `signal` aborts, the promise rejects with `ERR_ABORTED`. */
  signal?: AbortSignal | undefined;
  /**
   * The process does not wait for the answer: it may end while the call is pending, as `unref()` does
   * for a whole endpoint. @defaultValue true
   */
  ref?: boolean | undefined;
}

/** Options of `call` and `upload`. */
export interface CallOptions extends SendOptions, WaitOptions {
  /**
   * The call fails with `ERR_TIMEOUT` when there is no answer so soon, counted from now. The handler is
   * told how long is left. 0 and Infinity: no limit.
   * @defaultValue 30,000 (`callTimeoutMs` of the endpoint) or what is left of the deadline of `signal`,
   * whichever is less
   */
  timeoutMs?: number | undefined;
}

/** Options of `stream` and `duplex`. */
export interface StreamOptions extends SendOptions, WaitOptions {
  /**
   * The whole stream, from its start to its last item, must be over so soon. 0: no limit.
   * @defaultValue none
   */
  timeoutMs?: number | undefined;
}

/** Options of a subscription. */
export interface ListenerOptions {
  /** Only for the next one. @defaultValue false */
  once?: boolean;
  /** Until it aborts. */
  signal?: AbortSignal;
}

/** Options of `close`. */
export interface CloseOptions {
  /**
   * Calls and streams under way get so long to finish, then they are cancelled; new ones are refused
   * with `ERR_DRAINING` meanwhile. @defaultValue 1,000
   */
  drainMs?: number | undefined;
  /**
   * After draining, everything accepted is sent and the other end's goodbye awaited, so long at most. A
   * peer that never answers would keep `close()` waiting for ever. 0: no time at all. @defaultValue 5,000
   */
  timeoutMs?: number | undefined;
  /**
   * What the other end is told about coming back: a client comes at once, after a time (a server that
   * restarts knows how long that takes; pauses are random on top, so that clients do not come together),
   * or not at all. @defaultValue "now"
   */
  retry?: "now" | "never" | { readonly afterMs: number } | undefined;
  /** When it aborts both times are over. What was not delivered by then is told as if they had run out. */
  signal?: AbortSignal | undefined;
}

/** Options of `flush`. */
export interface FlushOptions {
  /** Rejects with `ERR_TIMEOUT` then. 0: no limit. @defaultValue none */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
}
