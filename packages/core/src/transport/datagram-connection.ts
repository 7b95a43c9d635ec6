/** One peer of a datagram socket, as a connection. */
import type { NetworkAddress } from "../address/address.ts";
import { formatAddress } from "../address/address.ts";
import { systemClock } from "../clock.ts";
import { connectionClosed, connectionOpened, datagramFailed } from "../diagnostics.ts";
import { MyelinError, toMyelinError } from "../errors.ts";
import { Fifo } from "../fifo.ts";
import { limits } from "../limits.ts";
import { Patience } from "../patience.ts";
import { nobody } from "./capabilities.ts";
import { checkDatagramSize } from "./datagram.ts";
import type { Connection, PeerIdentity, Sink } from "./transport.ts";

/** What a connection needs of the socket under it. */
export interface DatagramLink {
  readonly side: "dialled" | "accepted";
  readonly local: NetworkAddress;
  readonly remote: NetworkAddress;
  readonly maxDatagramBytes: number;
  readonly safeDatagramBytes: number;
  /** Of a listener: how long it remembers a source that is silent. */
  readonly peerIdleMs?: number;
  /** Bytes that the system has not taken yet, of the whole socket. */
  queuedBytes(): number;
  transmit(data: Uint8Array | string, onSent: (reason: Error | null) => void): void;
  /** The connection is over; called once. */
  release(): void;
  /** Absent when the socket is a listener's. */
  ref?(): void;
  unref?(): void;
}

export class DatagramConnection implements Connection {
  readonly kind = "datagram";
  readonly peer: PeerIdentity = nobody;
  readonly local: NetworkAddress;
  readonly remote: NetworkAddress;
  readonly maxDatagramBytes: number;
  readonly safeDatagramBytes: number;
  readonly peerIdleMs?: number;
  /** When the peer was last heard, by its listener's clock. */
  heardAt = 0;
  readonly #link: DatagramLink;
  #sink: Sink | undefined;
  /** What came before `open` or while paused. */
  readonly #waiting = new Fifo<Uint8Array>();
  #waitingBytes = 0;
  #bytesRead = 0;
  #bytesWritten = 0;
  #unsent = 0;
  #paused = false;
  #needsDrain = false;
  #ended = false;
  #closed = false;
  #told = false;
  #published = false;
  #error: MyelinError | undefined;
  #closing: Promise<void> | undefined;
  readonly #patience = new Patience(systemClock, () => this.abort());
  #onProgress: (() => void) | undefined;

  constructor(link: DatagramLink) {
    this.#link = link;
    this.local = link.local;
    this.remote = link.remote;
    this.maxDatagramBytes = link.maxDatagramBytes;
    this.safeDatagramBytes = link.safeDatagramBytes;
    if (link.peerIdleMs !== undefined) this.peerIdleMs = link.peerIdleMs;
    if (connectionOpened.hasSubscribers) {
      connectionOpened.publish({ connection: this, side: link.side });
    }
  }

  get pendingBytes(): number {
    // Of the whole socket: as soon as none of them is of this connection, it does not matter.
    return this.#closed || this.#unsent === 0 ? 0 : this.#link.queuedBytes();
  }

  get writable(): boolean {
    return !this.#needsDrain;
  }

  open(sink: Sink): void {
    if (this.#sink !== undefined) throw new MyelinError("ERR_CONFIG", "open() was called twice");
    this.#sink = sink;
    setImmediate(() => (this.#closed ? this.#tellClosed() : this.#deliverWaiting()));
  }

  send(data: Uint8Array | string): boolean {
    if (this.#ended) throw new MyelinError("ERR_CLOSED", "the connection is closed");
    const size = checkDatagramSize(data, this.maxDatagramBytes);
    try {
      this.#link.transmit(data, this.#onSent);
    } catch (reason) {
      // Somebody closed the socket itself; `onClose` is on its way.
      throw toMyelinError(reason);
    }
    this.#unsent++;
    this.#bytesWritten += size;
    if (this.#link.queuedBytes() >= limits.highWaterMarkBytes) this.#needsDrain = true;
    return !this.#needsDrain;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    setImmediate(() => this.#deliverWaiting());
  }

  close(options: { timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#closed ? Promise.resolve() : this.#close();
    if (!this.#closed) this.#patience.lower(options.timeoutMs ?? limits.closeTimeoutMs);
    return this.#closing;
  }

  #close(): Promise<void> {
    this.#ended = true;
    return new Promise((resolve, reject) => {
      this.#onProgress = () => {
        if (this.#closed) {
          this.#patience.stop();
          if (this.#unsent === 0) resolve();
          else reject(undelivered(this.#unsent));
        } else if (this.#unsent === 0) {
          this.finish(undefined);
        }
      };
      this.#onProgress();
    });
  }

  abort(error?: MyelinError): void {
    this.finish(error ?? (this.#unsent > 0 ? undelivered(this.#unsent) : undefined));
  }

  ref(): void {
    if (!this.#closed) this.#link.ref?.();
  }

  unref(): void {
    if (!this.#closed) this.#link.unref?.();
  }

  /** A datagram of this peer arrived. */
  received(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (this.#sink !== undefined && !this.#paused && this.#waiting.size === 0) {
      this.#bytesRead += bytes.length;
      this.#sink.onData(bytes);
    } else if (this.#waitingBytes + bytes.length <= limits.highWaterMarkBytes) {
      this.#waiting.push(Uint8Array.from(bytes));
      this.#waitingBytes += bytes.length;
    }
  }

  /** The system could not send a datagram, or nobody listens at the far end: UDP goes on. */
  failed(error: MyelinError): void {
    if (this.#closed || !datagramFailed.hasSubscribers) return;
    datagramFailed.publish({ remote: formatAddress(this.remote), error });
  }

  /** Ends the connection; `onClose` follows in a turn of its own. */
  finish(error: MyelinError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended = true;
    this.#error = error;
    this.#link.release();
    setImmediate(() => this.#tellClosed());
  }

  // One function per connection, not one per datagram.
  readonly #onSent = (reason: Error | null): void => {
    this.#unsent--;
    if (this.#closed) return;
    if (reason !== null) this.failed(toMyelinError(reason));
    if (this.#needsDrain && this.#link.queuedBytes() === 0) {
      this.#needsDrain = false;
      if (!this.#ended) this.#sink?.onDrain();
    }
    this.#onProgress?.();
  };

  #deliverWaiting(): void {
    while (!this.#closed && !this.#paused && this.#waiting.size > 0) {
      const bytes = this.#waiting.shift() as Uint8Array;
      this.#waitingBytes -= bytes.length;
      this.#bytesRead += bytes.length;
      let isDone = false;
      try {
        this.#sink?.onData(bytes);
        isDone = true;
      } finally {
        // A sink that throws loses its datagram, not the ones behind it.
        if (!isDone) setImmediate(() => this.#deliverWaiting());
      }
    }
  }

  #tellClosed(): void {
    this.#onProgress?.();
    if (!this.#published && connectionClosed.hasSubscribers) {
      this.#published = true;
      connectionClosed.publish({
        connection: this,
        side: this.#link.side,
        bytesRead: this.#bytesRead,
        bytesWritten: this.#bytesWritten,
        error: this.#error,
      });
    }
    if (this.#told || this.#sink === undefined) return;
    this.#told = true;
    this.#sink.onClose(this.#error);
  }
}

function undelivered(datagrams: number): MyelinError {
  const message = `the connection ended before its last ${datagrams} datagrams were sent`;
  return new MyelinError("ERR_UNDELIVERED", message);
}
