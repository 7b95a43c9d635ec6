/**
 * A connection over a channel of messages: a port between threads, the IPC channel of a child. Four
 * messages make a stream of it: that somebody is there, bytes, the end of one direction, and a break. A closed side has been
 * heard to the end by the other, or its `close` says that this is not known.
 *
 * A channel takes whatever it is given and cannot be paused, so what arrives for a reader that does
 * not read waits here, in order, up to a limit: beyond it the connection is broken off.
 */
import type { Address } from "../address/address.ts";
import { systemClock } from "../clock.ts";
import { connectionClosed, connectionOpened } from "../diagnostics.ts";
import { MyelinError } from "../errors.ts";
import { Fifo } from "../fifo.ts";
import { limits } from "../limits.ts";
import { Patience } from "../patience.ts";
import { nobody } from "./capabilities.ts";
import {
  abort,
  end,
  exactCopy,
  here,
  type MessageLink,
  type Piece,
  type Receiver,
} from "./message-link.ts";
import { undelivered } from "./socket-connection.ts";
import type { Connection, PeerIdentity, Sink } from "./transport.ts";

/** What a piece that waits takes beside its bytes: a flood may be one of single bytes. */
const pieceCost = 256;

type Ending = typeof end | MyelinError | undefined;

export class MessageConnection implements Connection, Receiver {
  readonly kind = "stream";
  readonly peer: PeerIdentity = nobody;
  /** Settles when somebody is at the other end, or nobody will ever be. Nothing is sent before. */
  readonly ready: Promise<void>;
  readonly #link: MessageLink;
  #sink: Sink | undefined;
  /** What arrived and was not delivered. */
  readonly #inbox = new Fifo<Uint8Array>();
  /** What all that takes. */
  #inboxCost = 0;
  /** How the other side ended, after what is in the inbox; null while it has not. */
  #ending: Ending | null = null;
  #bytesRead = 0;
  #bytesWritten = 0;
  #scheduled = false;
  #paused = false;
  #needsDrain = false;
  #settleReady: { resolve(): void; reject(error: MyelinError): void } | undefined;
  #ended = false;
  #closed = false;
  #told = false;
  #published = false;
  /** The other side has read everything, since it has answered our end. */
  #wasHeard = false;
  #error: MyelinError | undefined;
  #closing: Promise<void> | undefined;
  readonly #patience = new Patience(systemClock, () => this.abort());
  #onClosed: (() => void) | undefined;

  constructor(link: MessageLink) {
    this.#link = link;
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject };
    });
    this.ready.catch(() => {});
    // From now on nothing is missed, whenever `open` comes.
    link.listen(this);
    link.post(here);
  }

  get local(): Address | undefined {
    return this.#link.side === "accepted" ? this.#link.address : undefined;
  }

  get remote(): Address | undefined {
    return this.#link.side === "dialled" ? this.#link.address : undefined;
  }

  get pendingBytes(): number {
    return this.#closed ? 0 : this.#link.pendingBytes;
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
    if (this.#ended) throw new MyelinError("ERR_CLOSED", "the connection is closed");
    const bytes = exactCopy(data);
    if (bytes.length > 0) {
      this.#bytesWritten += bytes.length;
      this.#link.post(bytes);
      if (this.#link.pendingBytes >= limits.highWaterMarkBytes) this.#needsDrain = true;
    }
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
    if (!this.#closed) this.#patience.lower(options.timeoutMs ?? limits.closeTimeoutMs);
    return this.#closing;
  }

  #close(): Promise<void> {
    return new Promise((resolve, reject) => {
      // The channel keeps the process alive until then.
      this.#link.ref();
      this.#onClosed = () => {
        this.#patience.stop();
        if (this.#wasHeard || this.#bytesWritten === 0) resolve();
        else reject(unheard(this.#bytesWritten));
      };
      this.#end();
      this.#schedule();
    });
  }

  abort(error?: MyelinError): void {
    if (this.#closed) return;
    const unsent = this.#link.pendingBytes;
    const isUnheard = this.#closing !== undefined && this.#bytesWritten > 0;
    const loss = unsent > 0 ? undelivered(unsent) : undefined;
    this.#link.post(abort);
    this.#finish(error ?? loss ?? (isUnheard ? unheard(this.#bytesWritten) : undefined));
  }

  ref(): void {
    if (!this.#closed) this.#link.ref();
  }

  unref(): void {
    if (!this.#closed) this.#link.unref();
  }

  received(piece: Piece): void {
    if (this.#closed || this.#ending !== null) return;
    if (piece === here || typeof piece !== "number") this.#welcome();
    if (piece === here) return;
    if (piece === end) this.#otherSideEnded(end);
    else if (piece === abort) this.#otherSideEnded(brokenOff());
    else if (piece.length === 0) return;
    else if (this.#sink !== undefined && this.#isReading() && this.#inbox.size === 0) {
      this.#bytesRead += piece.length;
      this.#sink.onData(piece);
    } else if (this.#inboxCost + piece.length + pieceCost > limits.maxPausedBytes) {
      const message = `more than ${limits.maxPausedBytes} bytes arrived while nobody read them`;
      this.abort(new MyelinError("ERR_BUSY", message));
    } else {
      this.#inbox.push(piece);
      this.#inboxCost += piece.length + pieceCost;
      this.#schedule();
    }
  }

  drained(): void {
    if (!this.#needsDrain) return;
    this.#needsDrain = false;
    if (!this.#ended) this.#sink?.onDrain();
  }

  lost(error?: MyelinError): void {
    if (!this.#closed && this.#ending === null) this.#otherSideEnded(error);
  }

  #welcome(): void {
    if (this.#settleReady === undefined) return;
    // Our first word may have come too early to be heard.
    this.#link.post(here);
    if (connectionOpened.hasSubscribers) {
      connectionOpened.publish({ connection: this, side: this.#link.side });
    }
    this.#settleReady.resolve();
    this.#settleReady = undefined;
  }

  #otherSideEnded(how: Ending): void {
    this.#ending = how;
    this.#schedule();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#link.post(end);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#run);
  }

  // One function per connection, not one per delivery.
  readonly #run = (): void => {
    this.#scheduled = false;
    if (this.#closed) {
      this.#tellClosed();
      return;
    }
    let isDone = false;
    try {
      this.#deliver();
      isDone = true;
    } finally {
      // A sink that throws loses its chunk, not those behind it.
      if (!isDone) this.#schedule();
    }
    if (this.#ending === null || this.#inbox.size > 0) return;
    // Nobody was ever there: then there is no reader to wait for.
    if (this.#settleReady === undefined && !this.#isReading()) return;
    if (this.#ending !== end) {
      this.#finish(this.#ending);
      return;
    }
    this.#wasHeard = true;
    // Nobody listens to this side any more, so it ends too, after what it has sent.
    this.#end();
    this.#finish(undefined);
  };

  #deliver(): void {
    while (this.#isReading() && this.#inbox.size > 0) {
      const bytes = this.#inbox.shift() as Uint8Array;
      this.#inboxCost -= bytes.length + pieceCost;
      this.#bytesRead += bytes.length;
      this.#sink?.onData(bytes);
    }
  }

  // A side that closes reads on, whoever listens: it waits for the other's end.
  #isReading(): boolean {
    if (this.#closed) return false;
    return this.#closing !== undefined || (this.#sink !== undefined && !this.#paused);
  }

  #finish(error: MyelinError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended = true;
    this.#error = error;
    this.#inbox.clear();
    this.#inboxCost = 0;
    this.#link.release();
    if (this.#settleReady !== undefined) {
      // It never stood, so no tool is told of its end.
      this.#published = true;
      this.#settleReady.reject(error ?? neverThere());
      this.#settleReady = undefined;
    }
    this.#schedule();
  }

  #tellClosed(): void {
    this.#onClosed?.();
    this.#onClosed = undefined;
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

function brokenOff(): MyelinError {
  return new MyelinError("ERR_CONNECTION_LOST", "the other side broke the connection off");
}

function neverThere(): MyelinError {
  return new MyelinError("ERR_CONNECTION_LOST", "the channel ended before anybody answered on it");
}

/** The error of a close whose end nobody has answered. */
function unheard(bytes: number): MyelinError {
  const message = `the connection ended before the other side had read everything: of the ${bytes} bytes that were sent some may be lost`;
  return new MyelinError("ERR_UNDELIVERED", message);
}
