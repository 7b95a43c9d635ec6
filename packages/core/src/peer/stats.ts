/** What an endpoint counts. Reading costs a copy of the numbers; counting costs an addition. */

/**
 * Messages: events, calls, answers and items, and what ends the items of an upload. They are counted
 * when they are accepted, or have arrived. Their bytes as they are written, with what the wire adds to
 * each; of node-ipc's wire UTF-16 units.
 */
export interface TrafficStats {
  readonly messages: number;
  readonly bytes: number;
}

/** Since the session, or the server, began; of a client without one, what its last session had counted. */
export interface ExchangeStats {
  readonly sent: TrafficStats;
  readonly received: TrafficStats;
  /** Bytes accepted that are not acknowledged: unsent, or sent and kept for a replay. */
  readonly pendingBytes: number;
  /** Calls and streams of this end that are not settled. */
  readonly pendingCalls: number;
  /** Handlers of this end that are at work. */
  readonly activeHandlers: number;
  /**
   * Events dropped: by `slowPeer`, by `offline` or because they had waited for too long, and those that
   * came over UDP faster than the listeners here took them.
   */
  readonly dropped: number;
  /** Events that nobody listened to. */
  readonly unhandled: number;
  /**
   * Answers that came after their call had ended: they had left before the other end heard of that. One
   * that hears of it in time sends none.
   */
  readonly late: number;
  /** How often the high-water mark was passed, broadcasts included: once until there is room again. */
  readonly slow: number;
}

/** Of one peer. */
export interface PeerStats extends ExchangeStats {
  /**
   * The newest round trip, measured when a connection begins, and after each silence where there is a
   * heartbeat; undefined before, and for who said `heartbeat: false`.
   */
  readonly roundTripMs: number | undefined;
  /** How often the session went on over a new connection. */
  readonly resumed: number;
}

/** Of a server, over all its peers, those gone included. */
export interface ServerStats extends ExchangeStats {
  /** Sessions that are open. */
  readonly peers: number;
  /** Sessions that wait for their client's return. */
  readonly detached: number;
  /** Connections turned away: TLS, limits, secret, `authorize`, version. */
  readonly refused: number;
  /** Bytes of all buffers at this moment, of `maxBufferedBytes`; without what handlers were given. */
  readonly bufferedBytes: number;
}
