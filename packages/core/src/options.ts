/**
 * The options of the transports, their defaults (each written once, here), and their checks: what a
 * program passes is copied, never changed, and a wrong value is `ERR_CONFIG` before anything opens.
 */
import type { LookupFunction } from "node:net";

/** Options of {@link unix}, of {@link local} and, as far as they apply, of {@link pipe}. */
export interface UnixOptions {
  /**
   * Take over the socket file of a server that died. A file is dead only when connecting to it is
   * refused; a living server and a file that is no socket are never touched.
   * @defaultValue true
   */
  reclaim?: boolean;
  /**
   * Bind the path itself and leave its removal to Node: no probe, no reclaim. Workers of
   * `node:cluster` always do that, since their primary owns the path.
   * @defaultValue false
   */
  plain?: boolean;
  /** All users may read from the socket. Node sets the mode of the file. @defaultValue false */
  readableAll?: boolean;
  /** All users may write to the socket. @defaultValue false */
  writableAll?: boolean;
  /** Connections beyond this number are closed at once. @defaultValue no limit */
  maxConnections?: number;
  /** Connections that the system keeps waiting to be accepted. @defaultValue 511, as Node's */
  backlog?: number;
}

/** Options of {@link tcp}. */
export interface TcpOptions {
  /** Dial from this address of the machine. */
  localAddress?: string;
  /** Dial from this port. */
  localPort?: number;
  /** Dial only IPv4 (4) or IPv6 (6) addresses. @defaultValue 0, either */
  family?: 0 | 4 | 6;
  /** Flags for `dns.lookup`. */
  hints?: number;
  /** Replaces `dns.lookup`. */
  lookup?: LookupFunction;
  /** Send small writes at once (TCP_NODELAY). @defaultValue true */
  noDelay?: boolean;
  /** Let the system find dead peers of idle connections. @defaultValue false */
  keepAlive?: boolean;
  /** Idle time before the first of these probes. @defaultValue 0, what the system has */
  keepAliveInitialDelayMs?: number;
  /** Connections beyond this number are closed at once. @defaultValue no limit */
  maxConnections?: number;
  /** Connections that the system keeps waiting to be accepted. @defaultValue 511, as Node's */
  backlog?: number;
  /** Listening on `::` does not take IPv4 as well. @defaultValue false */
  ipv6Only?: boolean;
  /** A worker of `node:cluster` has the port to itself. @defaultValue false */
  exclusive?: boolean;
}

/** Options of {@link udp}. */
export interface UdpOptions {
  /** Larger datagrams are refused with `ERR_TOO_LARGE`. @defaultValue 65,507 */
  maxDatagramBytes?: number;
  /** Sources remembered by a listener; the one longest unheard makes room. @defaultValue 1,000 */
  maxPeers?: number;
  /** A source unheard for so long is forgotten; its connection closes. @defaultValue 60,000 */
  peerIdleMs?: number;
}
