/** The two ends of a connection inside one process. */
import type { MemoryAddress } from "../address/address.ts";
import type { Clock } from "../clock.ts";
import { connectionClosed, connectionOpened } from "../diagnostics.ts";
import { MyelinError } from "../errors.ts";
import { Fifo } from "../fifo.ts";
import { limits } from "../limits.ts";
import { Patience } from "../patience.ts";
import { nobody } from "./capabilities.ts";
import { undelivered } from "./socket-connection.ts";
import type { Connection, PeerIdentity, Sink } from "./transport.ts";

/** What both ends share. */
export interface PairOptions {
  readonly highWaterMarkBytes: number;
  readonly clock: Clock;
  readonly schedule: (run: () => void) => void;
  readonly poison: boolean;
}

/** Makes both ends of a connection to `address`. */
export function memoryPair(
  address: MemoryAddress,
  options: PairOptions,
): { dialled: Connection; accepted: Connection } {
  const dialled = new MemoryConnection("dialled", undefined, address, options);
  const accepted = new MemoryConnection("accepted", address, undefined, options);
  dialled.join(accepted);
  accepted.join(dialled);
  return { dialled, accepted };
}

class MemoryConnection implements Connection {
  readonly kind = "stream";
  readonly peer: PeerIdentity = nobody;
  readonly local: MemoryAddress | undefined;
  readonly remote: MemoryAddress | undefined;
  readonly #side: "dialled" | "accepted";
  readonly #options: PairOptions;
  #other!: MemoryConnection;
  #sink: Sink | undefined;
  /** What the other end sent and this one has not delivered. */
  readonly #inbox = new Fifo<Uint8Array>();
  #inboxBytes = 0;
  #bytesRead = 0;
  #bytesWritten = 0;
  #scheduled = false;
  #paused = false;
  #needsDrain = false;
  /** This end sends no more. */
  #ended = false;
  /** The other end's end was reached: everything it sent was delivered. */
  #readEnded = false;
  #closed = false;
  #told = false;
  #error: MyelinError | undefined;
  #closing: Promise<void> | undefined;
  readonly #patience: Patience;
  #onClosed: (() => void) | undefined;

  constructor(
    side: "dialled" | "accepted",
    local: MemoryAddress | undefined,
    remote: MemoryAddress | undefined,
    options: PairOptions,
  ) {
    this.#side = side;
    this.local = local;
    this.remote = remote;
    this.#options = options;
    this.#patience = new Patience(options.clock, () => this.abort());
    if (connectionOpened.hasSubscribers) connectionOpened.publish({ connection: this, side });
  }

  join(other: MemoryConnection): void {
    this.#other = other;
  }

  get pendingBytes(): number {
    return this.#other.#inboxBytes;
  }

  get writable(): boolean {
    return !this.#needsDrain;
  }

  open(sink: Sink): void {
    if (this.#sink !== undefined) throw new MyelinError("ERR_CONFIG", "open() was called twice");
    this.#sink = sink;
    this.#schedule();
  }

  send(data: Uint8Array | string): boolean {
    if (this.#ended || this.#closed) {
      throw new MyelinError("ERR_CLOSED", "the connection is closed");
    }
    // Always a copy: the sender may use its buffer again, and the reader may write into this one.
    const chunk = typeof data === "string" ? Buffer.from(data) : Uint8Array.from(data);
    if (chunk.length === 0) return !this.#needsDrain;
    const other = this.#other;
    other.#inbox.push(chunk);
    other.#inboxBytes += chunk.length;
    this.#bytesWritten += chunk.length;
    other.#schedule();
    if (other.#inboxBytes >= this.#options.highWaterMarkBytes) this.#needsDrain = true;
    return !this.#needsDrain;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  close(options: { timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#closed ? Promise.resolve() : this.#close();
    if (!this.#closed) {
      this.#patience.lower(options.timeoutMs ?? limits.closeTimeoutMs);
      this.#patience.ref();
    }
    return this.#closing;
  }

  #close(): Promise<void> {
    this.#ended = true;
    return new Promise((resolve, reject) => {
      this.#onClosed = () => {
        this.#patience.stop();
        const unsent = this.#other.#inboxBytes;
        if (unsent === 0) resolve();
        else reject(undelivered(unsent));
      };
      this.#other.#schedule();
      this.#schedule();
    });
  }

  abort(error?: MyelinError): void {
    if (this.#closed) return;
    const unsent = this.#other.#inboxBytes;
    this.#finish(error ?? (unsent > 0 ? undelivered(unsent) : undefined));
    this.#other.#finish(
      new MyelinError("ERR_CONNECTION_LOST", "the other end broke the connection"),
    );
  }

  // Nothing of it keeps a process alive.
  ref(): void {}
  unref(): void {}

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.schedule(this.#run);
  }

  // One function per connection, not one per delivery.
  readonly #run = (): void => {
    this.#scheduled = false;
    if (this.#closed) {
      this.#tellClosed();
      return;
    }
    try {
      this.#deliver();
    } finally {
      // A sink that threw loses its chunk, but not those after it.
      if (this.#inbox.size > 0 && this.#isReading()) this.#schedule();
    }
    this.#readEnd();
  };

  #deliver(): void {
    // What comes while this runs waits for the next turn, as it would on a socket.
    for (let left = this.#inbox.size; left > 0 && this.#isReading(); left--) {
      const chunk = this.#inbox.shift() as Uint8Array;
      this.#inboxBytes -= chunk.length;
      this.#bytesRead += chunk.length;
      this.#sink?.onData(chunk);
      if (this.#options.poison) chunk.fill(0xdd);
    }
    if (this.#inboxBytes === 0) this.#other.#drained();
  }

  // An end that closes reads on, whoever listens: it waits for the other's end.
  #isReading(): boolean {
    if (this.#closed) return false;
    return this.#closing !== undefined || (this.#sink !== undefined && !this.#paused);
  }

  #drained(): void {
    if (!this.#needsDrain) return;
    this.#needsDrain = false;
    if (!this.#closed && !this.#ended) this.#sink?.onDrain();
  }

  #readEnd(): void {
    if (!this.#other.#ended || this.#inboxBytes > 0 || !this.#isReading()) return;
    this.#readEnded = true;
    if (this.#other.#readEnded) {
      this.#finish(undefined);
      this.#other.#finish(undefined);
    } else {
      // Nobody listens any more, so this end ends too, after what it has sent.
      this.#ended = true;
      this.#other.#schedule();
    }
  }

  #finish(error: MyelinError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended = true;
    this.#error = error;
    this.#schedule();
  }

  #tellClosed(): void {
    if (connectionClosed.hasSubscribers && !this.#told) {
      connectionClosed.publish({
        connection: this,
        side: this.#side,
        bytesRead: this.#bytesRead,
        bytesWritten: this.#bytesWritten,
        error: this.#error,
      });
    }
    this.#onClosed?.();
    this.#onClosed = undefined;
    if (this.#told || this.#sink === undefined) return;
    this.#told = true;
    this.#inbox.clear();
    this.#sink.onClose(this.#error);
  }
}
