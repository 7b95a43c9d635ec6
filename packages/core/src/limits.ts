/**
 * Every limit of the ground floor, each with the attack or the accident that it stops. Limits are
 * options; these are their defaults.
 */
export const limits: {
  readonly maxDatagramBytes: number;
  readonly maxDatagramPeers: number;
  readonly datagramPeerIdleMs: number;
  readonly writeChunkBytes: number;
  readonly highWaterMarkBytes: number;
  readonly closeTimeoutMs: number;
  readonly probeTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
} = Object.freeze({
  /** The largest payload of an IPv4 datagram: 65,535 - 20 (IP) - 8 (UDP), RFC 768 and 791. */
  maxDatagramBytes: 65_507,
  /** Forged source addresses would fill the table of peers; the ones longest unheard make room. */
  maxDatagramPeers: 1_000,
  /** No datagram says goodbye: a peer that has been silent for a minute is forgotten. */
  datagramPeerIdleMs: 60_000,
  /** A tick that writes without end is handed to the system in pieces of this size. */
  writeChunkBytes: 64 * 1024,
  /** A memory connection whose reader sleeps says so to its writer at this many bytes, as Node does. */
  highWaterMarkBytes: 64 * 1024,
  /** A peer that never ends its side would keep `close()` waiting for ever. */
  closeTimeoutMs: 5_000,
  /** A listener whose queue is full may not answer a probe; silence means that it lives. */
  probeTimeoutMs: 1_000,
  /** A stranger that connects and says nothing would hold a descriptor for ever. */
  handshakeTimeoutMs: 10_000,
});
