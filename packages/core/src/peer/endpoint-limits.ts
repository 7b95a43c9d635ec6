/**
 * The limits of an endpoint, each with the attack or the accident that it stops. All are options, and
 * both ends tell each other those that the other must keep.
 */

/**
 * Bytes are bytes on the wire. Windows and what waits without a connection count 64 for each message
 * beside them, what has left and is remembered 512 for each frame, and what waits for the peer's window,
 * roughly, what it takes of memory: a message with bytes 1,280. What all connections hold together counts
 * 2,048 for each call and each `post` that waits. What the other end is told (messages, frames, windows)
 * are whole numbers.
 */
export interface EndpointLimits {
  /**
   * All that an endpoint buffers, for all connections together: incomplete messages, items that were not
   * asked for, what is unsent, what is kept for a replay, what waits for room or for a connection.
   * Limits per connection do not stop a hundred peers at once. What this end accepts has three quarters of
   * it: each queue may hold two thirds of what the others leave of that, so half of it alone. From three quarters
   * on, a peer of which more than an equal share has not settled gets no window and no credit; when it is
   * spent, the one of which most has arrived, or waits if it takes nothing, is cut: `ERR_BUSY`, or
   * `ERR_SLOW_PEER` if it does not read. One message may overdraw it. What handlers have been given and
   * have not settled is theirs: with it, it is at most twice as much for the sessions that stand. While what
   * is still at work for those that ended is more than this, no session begins: `ERR_BUSY`.
   * @defaultValue 256 MiB
   */
  maxBufferedBytes?: number;
  /**
   * One message of JSON, tagged or structured data. A larger one blocks the process for a second while
   * it is parsed; use a stream. At least 1,024. @defaultValue 16 MiB
   */
  maxMessageBytes?: number;
  /** One message of bytes, or the bytes beside one. Stops a peer that declares a terabyte. @defaultValue 256 MiB */
  maxBinaryBytes?: number;
  /**
   * One frame of the wire. Stops a peer that announces gigabytes: checked from the header, before
   * anything is allocated. From 1,024 to 2^32 - 1. @defaultValue 256 KiB
   */
  maxFrameBytes?: number;
  /**
   * Headers of one message: trace context and the like. No window counts them: stops a peer that sends
   * a megabyte of them with each event. @defaultValue 8 KiB
   */
  maxHeaderBytes?: number;
  /**
   * Large messages that a peer may have begun and not finished, from 1 to 4, items of streams apart.
   * Stops one that begins many and ends none, and so holds memory for ever. @defaultValue 4
   */
  maxOpenMessages?: number;
  /**
   * A large message must make progress so often, or its connection ends with `ERR_TIMEOUT`: stops a
   * peer that begins one, never goes on and so holds its memory; not while its last part may be waiting
   * for handlers of this end. On node-ipc's wire every message is large of which more than 1 KiB is here.
   * @defaultValue 30,000
   */
  messageProgressTimeoutMs?: number;
  /**
   * Events and openings of calls that a peer may send before handlers have settled, as bytes and as a
   * number. Without it a fast sender to slow asynchronous handlers is a million live promises. At least
   * 1,024. @defaultValue 4 MiB, or an eighth of `maxBufferedBytes` if that is less, or, for one who comes in
   * as the nth, an nth of a quarter of it, but not less than a 1,024th of all
   */
  windowBytes?: number;
  /**
   * The same as a number: a million tiny events would be as many live promises. @defaultValue 1,024, or a
   * 8,192nd of the bytes of `maxBufferedBytes` if that is less, or, for one who comes in as the nth, an nth of
   * it, but not less than a 65,536th and 16
   */
  windowMessages?: number;
  /**
   * Calls and streams of one peer that are open, until the handler has settled; cancelling does not
   * free the place. Stops opening and cancelling in a loop (rapid reset): it starts no more handlers
   * than this. @defaultValue 1,024
   */
  maxInboundCalls?: number;
  /**
   * Calls and streams of this end that wait at one peer. Stops one that takes calls and answers none:
   * each would cost memory here until its time is over. More is `ERR_QUEUE_FULL`, and so is what would
   * take, with 2,048 for each call, more than there is of `maxBufferedBytes`. @defaultValue 65,536
   */
  maxPendingCalls?: number;
  /**
   * Items of one stream on their way, at first; it grows with the round trip. Stops a producer that is
   * faster than its consumer. At least 1,024. @defaultValue 64 KiB, or a 256th of `maxBufferedBytes` if
   * that is less
   */
  streamWindowBytes?: number;
  /** What it may grow to. Stops a stream from taking the budget of all others. @defaultValue 4 MiB */
  maxStreamWindowBytes?: number;
  /**
   * From here on `send` returns false and `post` waits; from half of what may wait at the latest, which
   * is `maxQueuedBytes`, or less while there is no connection or little memory. Stops a peer that reads
   * slowly from having all of that kept for it, before its sender hears of it. @defaultValue 1 MiB
   */
  highWaterMarkBytes?: number;
  /**
   * What is unsent and unacknowledged for one peer, at most, beside the largest message that is on its
   * way or to be added, which may be larger than this. A peer that does not read would have this end's
   * memory: beyond it `slowPeer` says what happens to events, and calls are refused with
   * `ERR_QUEUE_FULL`. Answers may come to twice as much; one for which there is no room then is refused
   * by itself, `ERR_BUSY` for its caller, and a peer that takes nothing for a second meanwhile is cut:
   * `ERR_SLOW_PEER`. What a session before had accepted and not sent may wait beside it. At most half of
   * `maxBufferedBytes`.
   * @defaultValue 64 MiB
   */
  maxQueuedBytes?: number;
  /**
   * From a connection to its welcome. Stops strangers who connect and say nothing, or a byte a minute,
   * and so hold a place, and servers that take a connection and answer nothing. A TLS handshake may take
   * as long before that, at a server. Where `authorize` takes longer, both ends have to wait longer.
   * @defaultValue 5,000
   */
  handshakeTimeoutMs?: number;
}

/** The limits of a server, beside those of any endpoint. */
export interface ServerLimits extends EndpointLimits {
  /**
   * Connections that have not been welcomed yet, and decisions of `authorize` about those that have left:
   * at most so many are under way at once; and, over TLS, as many TLS handshakes before that. Strangers who
   * say nothing would use up descriptors: beyond it one that has waited long makes room. @defaultValue 128
   */
  maxPendingHandshakes?: number;
  /**
   * What a client says of itself before it is known, from 1 to 16 KiB. Stops strangers from having
   * whatever they say kept. @defaultValue 16 KiB
   */
  maxHelloBytes?: number;
  /** Sessions, open and detached. A flood of clients would use up descriptors and memory. @defaultValue 10,000 */
  maxPeers?: number;
  /** Sessions that wait for their client; the oldest expire. Connect and cut in a loop would make more and more. @defaultValue 1,024 */
  maxDetachedSessions?: number;
  /**
   * What those keep for their clients, together. Stops clients that ask for much, break off and never
   * come back; the oldest expire. @defaultValue 64 MiB
   */
  maxDetachedBytes?: number;
}
