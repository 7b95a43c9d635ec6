/**
 * The contract between the ground floor and everything above it. It holds types only, so that the
 * floors above can name it without pulling in a socket. `test/conformance` checks every transport
 * against it.
 */
import type { Server, Socket } from "node:net";
import type { Address } from "../address/address.ts";
import type { Clock } from "../clock.ts";
import type { MyelinError } from "../errors.ts";

/** What a transport can do; the conformance suite skips what is false. */
export interface Capabilities {
  /** A connection is one ordered, reliable run of bytes; otherwise it is single datagrams. */
  readonly stream: boolean;
  /** Bytes arrive in the order sent. */
  readonly ordered: boolean;
  /** Only processes of this machine can connect. */
  readonly localOnly: boolean;
  /** The peer is identified by the system or a certificate. */
  readonly credentials: boolean;
  /** `send` reports a full queue, and the far side's reading speed is felt here. */
  readonly feedback: boolean;
  /** An address has one listener: a second one is refused. */
  readonly exclusive: boolean;
  /** A side that closes still hears what the other has sent. No protocol may depend on it. */
  readonly halfClose: boolean;
  /**
   * A dial that finds nobody (`ERR_CONNECTION_REFUSED`, `ERR_NOT_FOUND`) proves that whoever listened
   * there has ended: its sessions are over at once, also where they could go on. @defaultValue false
   */
  readonly refusalIsProof?: boolean;
}

/** The process at the other end of a Unix socket, as the system knows it. */
export interface Credentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Who is at the other end, as far as the transport itself can prove it. */
export interface PeerIdentity {
  /**
   * Unix sockets: who connected or, on the dialling side, who listens. "unknown" wherever the system
   * does not say it beyond doubt: other transports, other systems than Linux, a peer from another
   * user namespace, or without the optional package `koffi`, which is loaded when this is first read.
   * **Unknown is nobody:** a program that lets peers in by their credentials turns it away.
   */
  readonly credentials: Credentials | "unknown";
  /** TLS: the certificate was verified against the trusted authorities. */
  readonly authorized?: boolean;
  /** TLS: SHA-256 fingerprint of the peer's certificate, colon separated hex. */
  readonly fingerprint?: string;
  /** TLS: the common name of the peer's certificate. */
  readonly commonName?: string;
}

/**
 * Receives what happens on one connection, by direct calls. All three run on the event loop, never
 * inside a call that the owner of the connection makes.
 */
export interface Sink {
  /**
   * Bytes arrived: any piece of the stream, or exactly one datagram.
   * The chunk is valid only during the call: whoever keeps it copies it.
   */
  onData(chunk: Uint8Array): void;
  /** `send` had returned false, and everything has since been handed to the system. */
  onDrain(): void;
  /**
   * The connection is over. Called exactly once, for every cause, and nothing is called after it.
   * @param error absent when it ended in order, or by an own `abort()` that lost nothing; otherwise
   * why it broke. A peer that aborts looks like an orderly end on most transports.
   */
  onClose(error?: MyelinError): void;
}

/** One established connection. Nothing is read before {@link Connection.open}. */
export interface Connection {
  readonly kind: "stream" | "datagram";
  /** Datagrams: the largest that `send` takes. */
  readonly maxDatagramBytes?: number;
  /** Datagrams: the largest that is wise to send, as the transport was told. @defaultValue 1,200 */
  readonly safeDatagramBytes?: number;
  /** Datagrams of a listener: it ends when its source was not heard for so long. */
  readonly peerIdleMs?: number;
  readonly local: Address | undefined;
  readonly remote: Address | undefined;
  readonly peer: PeerIdentity;
  /**
   * Nobody can be at the other end but a process of this machine, or of this user or started by this
   * process: known of this connection, though not of its transport. @defaultValue what the transport says
   */
  readonly confinedTo?: "machine" | "user" | undefined;
  /**
   * Bytes accepted by `send` that the system has not taken yet. Text counts one per UTF-16 unit;
   * connections of one datagram listener have their socket's count while any of it is their own.
   */
  readonly pendingBytes: number;
  /** False after `send` returned false, until `onDrain`. */
  readonly writable: boolean;
  /** Starts reading and names who hears it. Called once; a close that came before it is told then. */
  open(sink: Sink): void;
  /**
   * Accepts bytes, or text that is sent as UTF-8. They must not change afterwards.
   * A datagram connection sends exactly one datagram and throws `ERR_TOO_LARGE` when it cannot.
   * @returns false when over the high-water mark: accepted all the same, `onDrain` follows.
   * @throws {MyelinError} `ERR_CLOSED` when the connection is closing or closed.
   */
  send(data: Uint8Array | string): boolean;
  /**
   * As {@link Connection.send} of each, in one go. Where it is missing, `send` of each does the same.
   */
  sendAll?(parts: readonly Uint8Array[]): boolean;
  /** Stops `onData` until {@link Connection.resume}. A paused connection does not notice its peer's end. */
  pause(): void;
  resume(): void;
  /**
   * Hands everything accepted to the system, ends the connection and waits for the peer's end, at
   * most `timeoutMs` (default 5,000); then the connection is aborted. Reading goes on meanwhile, even
   * if it was paused. Resolves when closed, whoever closed it.
   * @throws {MyelinError} `ERR_UNDELIVERED` when the connection ended before all bytes were taken.
   */
  close(options?: { timeoutMs?: number }): Promise<void>;
  /** Ends now; what was not sent is lost. `error` is what `onClose` is told. */
  abort(error?: MyelinError): void;
  /** Undoes {@link Connection.unref}. */
  ref(): void;
  /**
   * Lets the process end while this connection stands. Without effect where nothing keeps it alive
   * anyway, or where the listener does (datagrams).
   */
  unref(): void;
}

/** A connection over a socket of Node, for those who extend the library and need the real one. */
export interface SocketConnection extends Connection {
  /** The `net.Socket` or `tls.TLSSocket` itself. */
  readonly socket: Socket;
}

export interface DialOptions {
  signal?: AbortSignal | undefined;
}

/** Something that accepts connections. */
export interface Listener {
  /** Its connections share its socket, and end with it: whoever has something to say closes it last. */
  readonly isShared?: boolean;
  /** What was bound, with the port that the system chose. */
  readonly address: Address;
  /** Where it stands for several sockets: what each is bound to. @defaultValue `address` alone */
  readonly addresses?: readonly Address[] | undefined;
  /**
   * Stops accepting and frees the address; connections that stand are left alone, except those of a
   * datagram listener, which share its socket. Repeatable.
   */
  close(): Promise<void>;
  /** Undoes {@link Listener.unref}. */
  ref(): void;
  /** Lets the process end while this listener stands. */
  unref(): void;
  /** Hears a failure of the listener itself after it stood (rare: out of descriptors, say). */
  onError?: (error: MyelinError) => void;
}

/** A listener over a server of Node, for those who extend the library and need the real one. */
export interface SocketListener extends Listener {
  /** The `net.Server` or `tls.Server` itself. */
  readonly server: Server;
}

/**
 * What becomes of a datagram whose source has no connection: it gets one, an answer, or nothing. The
 * bytes are valid only during the call. An answer is never longer than the datagram, since its source
 * may be somebody else's address.
 */
export type Screening = (
  datagram: Uint8Array,
  source: Address,
) => "accept" | Uint8Array | undefined;

export interface HandshakeOptions {
  /** How many may be under way. */
  readonly max: number;
  /** How long each may take. */
  readonly timeoutMs: number;
  /**
   * What a client is told whose certificate is not trusted, where its own handshake is done before it
   * is judged. It is all that happens on such a connection: nobody gets it, and nothing of what it
   * sends is looked at. @defaultValue it is ended without a word, as early as TLS can
   */
  readonly refusal?: ((why: string) => Uint8Array) | undefined;
  /** Called for each that failed; on diagnostics the transport tells of it itself. */
  readonly onFailed?: (() => void) | undefined;
}

export interface ListenOptions {
  signal?: AbortSignal | undefined;
  /** Datagram listeners: asked about strangers. @defaultValue every source gets a connection */
  screen?: Screening | undefined;
  /** Where a transport has a handshake of its own. */
  handshakes?: HandshakeOptions | undefined;
  /** Where a listener that forgets peers with time gets it from. @defaultValue the system */
  clock?: Clock | undefined;
}

/**
 * One way to connect. `dial` and `listen` reject with a {@link MyelinError}; an aborted one with
 * `ERR_ABORTED`, after everything it had opened was closed.
 */
export interface Transport {
  /** The scheme of its addresses: `unix`, `tcp`, ... */
  readonly scheme: string;
  readonly capabilities: Capabilities;
  /** An address is dialled once: with its connection a client is over, too. @defaultValue false */
  readonly dialsOnce?: boolean | undefined;
  dial(address: Address, options?: DialOptions): Promise<Connection>;
  /** `onConnection` runs for each connection and calls `open` on it, now or later. */
  listen(
    address: Address,
    onConnection: (connection: Connection) => void,
    options?: ListenOptions,
  ): Promise<Listener>;
}

/** A transport over Node's sockets. */
export interface SocketTransport extends Transport {
  /** @param options `onSocket` gets the real socket before `dial` returns. */
  dial(
    address: Address,
    options?: DialOptions & { onSocket?: (socket: Socket) => void },
  ): Promise<SocketConnection>;
  /**
   * @param options `onServer` gets the real server before `listen` returns, once `listen` has been
   * called on it: a Unix socket whose path was free is reachable by then, otherwise wait.
   */
  listen(
    address: Address,
    onConnection: (connection: SocketConnection) => void,
    options?: ListenOptions & { onServer?: (server: Server) => void },
  ): Promise<SocketListener>;
}
