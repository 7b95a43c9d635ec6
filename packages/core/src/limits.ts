/**
 * Every limit of the ground floor, each with the attack or the accident that it stops. Limits are
 * options; these are their defaults.
 */
export const limits: {
  readonly maxDatagramBytes: number;
  readonly maxDatagramPeers: number;
  readonly datagramPeerIdleMs: number;
  readonly eventDatagramBytes: number;
  readonly datagramCookieMs: number;
  readonly datagramWaitingBytes: number;
  readonly writeChunkBytes: number;
  readonly underWayBytes: number;
  readonly highWaterMarkBytes: number;
  readonly maxPausedBytes: number;
  readonly closeTimeoutMs: number;
  readonly probeTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly maxHeaderBytes: number;
  readonly maxNames: number;
  readonly maxNameBytes: number;
  readonly connectionBytes: number;
  readonly maxBufferedBytes: number;
  readonly maxHelloBytes: number;
  readonly maxUnheardBytes: number;
  readonly maxFrameBytes: number;
  readonly maxMessageBytes: number;
  readonly maxBinaryBytes: number;
  readonly maxOpenMessages: number;
  readonly messageProgressTimeoutMs: number;
  readonly windowMessages: number;
  readonly windowBytes: number;
  readonly maxInboundCalls: number;
  readonly cancelGraceMs: number;
  readonly maxPendingCalls: number;
  readonly maxQueuedBytes: number;
  readonly peerHighWaterMarkBytes: number;
  readonly streamWindowBytes: number;
  readonly maxStreamWindowBytes: number;
  readonly pulledBytes: number;
  readonly heartbeatMs: number;
  readonly resumeWindowMs: number;
  readonly maxDetachedSessions: number;
  readonly maxDetachedBytes: number;
  readonly maxPendingHandshakes: number;
  readonly maxPeers: number;
  readonly welcomeTimeoutMs: number;
  readonly authorizeTimeoutMs: number;
  readonly busyRetryMs: number;
  readonly maxErrorTextBytes: number;
  readonly maxErrorCauses: number;
  readonly maxErrorDataBytes: number;
} = Object.freeze({
  /** The largest payload of an IPv4 datagram: 65,535 - 20 (IP) - 8 (UDP), RFC 768 and 791. */
  maxDatagramBytes: 65_507,
  /** Forged source addresses would fill the table of peers; the ones longest unheard make room. */
  maxDatagramPeers: 1_000,
  /** No datagram says goodbye: a peer that has been silent for a minute is forgotten. */
  datagramPeerIdleMs: 60_000,
  /** Larger ones are cut on their way through some networks, and one lost piece loses all of it. */
  eventDatagramBytes: 1_200,
  /** A cookie that was read on its way would be good for ever. */
  datagramCookieMs: 10_000,
  /** Nobody can be told to send less: what comes faster than the handlers work would fill the memory. */
  datagramWaitingBytes: 256 * 1024,
  /** A tick that writes without end is handed to the system in pieces of this size. */
  writeChunkBytes: 64 * 1024,
  /** A memory connection whose reader sleeps says so to its writer at this many bytes, as Node does. */
  highWaterMarkBytes: 64 * 1024,
  /**
   * A port or an IPC channel cannot be paused: a peer that floods it while nobody reads would have all of
   * the memory. What windows grant is less than this.
   */
  maxPausedBytes: 128 * 1024 * 1024,
  /** A peer that never ends its side would keep `close()` waiting for ever. */
  closeTimeoutMs: 5_000,
  /** A listener whose queue is full may not answer a probe; silence means that it lives. */
  probeTimeoutMs: 1_000,
  /** A stranger that connects and says nothing would hold a descriptor for ever. */
  handshakeTimeoutMs: 10_000,
  /** Headers are no window's business: a megabyte of them with each event would be a message apart. */
  maxHeaderBytes: 8 * 1024,
  /** Names made up at run time would fill the table of both sides: beyond these, they travel as text. */
  maxNames: 1_024,
  /** A name is looked up for each message; a megabyte of name would be the message. */
  maxNameBytes: 256,
  /** What waits in a socket cannot be overtaken: a ping would wait behind all of a large transfer. */
  connectionBytes: 256 * 1024,
  /** The same of what the system has: a part of a large transfer waits until the peer has some of it. */
  underWayBytes: 1536 * 1024,
  /** A hundred peers at once, each within its own limits, would have a hundred times as much. */
  maxBufferedBytes: 256 * 1024 * 1024,
  /** Strangers could have whatever they say of themselves kept, before anybody knows them. */
  maxHelloBytes: 16 * 1024,
  /** Whoever was sent away could go on sending, and have us decrypt it for nothing. */
  maxUnheardBytes: 64 * 1024,
  /** A length is a promise that costs nothing: more than this is not collected for one frame. */
  maxFrameBytes: 256 * 1024,
  /** JSON is parsed in one go, a megabyte in some milliseconds in which nothing else happens. */
  maxMessageBytes: 16 * 1024 * 1024,
  /** Bytes need no parsing, but they need memory; what is larger is a stream. */
  maxBinaryBytes: 256 * 1024 * 1024,
  /** Large messages that are begun and never completed would each hold their share of memory. */
  maxOpenMessages: 4,
  /** And one that is begun and never goes on would hold it for as long as the connection lasts. */
  messageProgressTimeoutMs: 30_000,
  /** A sender that is faster than the handlers would fill the memory with events that wait. */
  windowMessages: 1_024,
  /** The same in bytes; so many that a few messages of a megabyte are under way at once. */
  windowBytes: 4 * 1024 * 1024,
  /** Calls that are opened and cancelled again, over and over, would each start a handler. */
  maxInboundCalls: 1_024,
  /** A generator that never comes back would hold the place of its stream for ever. */
  cancelGraceMs: 1_000,
  /** Each call that waits for its answer takes more memory here than it has bytes on the wire. */
  maxPendingCalls: 65_536,
  /** A peer that does not read would have the memory of the one who sends. */
  maxQueuedBytes: 64 * 1024 * 1024,
  /** Who sends on and on would find out only there: from here on it is told to wait. */
  peerHighWaterMarkBytes: 1024 * 1024,
  /** What the producer of a stream may send before the consumer has asked for more. */
  streamWindowBytes: 64 * 1024,
  /** A fast consumer on a long way gets a window that grows up to this. */
  maxStreamWindowBytes: 4 * 1024 * 1024,
  /** Streams that nobody reads, thousands at once, would be pulled for seconds before anything else. */
  pulledBytes: 1024 * 1024,
  /** A machine that lost its power never says goodbye: after so long without a byte it is asked. */
  heartbeatMs: 15_000,
  /** A session whose client never comes back would keep its messages for ever. */
  resumeWindowMs: 30_000,
  /** Connecting and breaking off in a loop would make more and more sessions that wait. */
  maxDetachedSessions: 1_024,
  /** And each of them would keep what was sent to it. */
  maxDetachedBytes: 64 * 1024 * 1024,
  /** Strangers who connect and say nothing would use up descriptors and memory. */
  maxPendingHandshakes: 128,
  /** A flood of clients would use up descriptors and memory. */
  maxPeers: 10_000,
  /** From a connection to its welcome: whoever takes longer is a stranger that holds a place. */
  welcomeTimeoutMs: 5_000,
  /**
   * A database that does not answer would hold up everybody who wants to come in. Shorter than the time for
   * a welcome, which has begun before: the client is to hear of a no, and not to give up and come again.
   */
  authorizeTimeoutMs: 4_000,
  /** Those for whom there is no room would knock again at once, all of them. */
  busyRetryMs: 1_000,
  /** A message with a whole document in it, or a hostile one, would travel with every failure. */
  maxErrorTextBytes: 8 * 1024,
  /** Errors that cause each other, or a hostile chain of them, would never come to an end. */
  maxErrorCauses: 4,
  /** An error that holds its request, socket or database row would be larger than any result. */
  maxErrorDataBytes: 64 * 1024,
});
