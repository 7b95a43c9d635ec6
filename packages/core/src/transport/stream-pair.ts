/** A stream to read and a stream to write, as one: the standard streams of a process make a connection. */
import type { Socket } from "node:net";
import { Duplex, type Readable, type Writable } from "node:stream";

/** What a connection needs of a socket; a pair of streams has it too. */
export interface StreamSocket extends Duplex {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  ref(): unknown;
  unref(): unknown;
}

/** How the streams of a pair end. */
export interface Manner {
  /**
   * Nobody can close their descriptors. libuv never closes the standard ones, and who did it by hand
   * would free a number that the next file gets, and all that is printed with it. So their other side
   * learns of an end only by what it reads and what it can still write: what it sends is read on and
   * dropped, until it ends as well or the process does. @defaultValue false
   */
  readonly lingers?: boolean;
  /** The end of what we write can be seen before the process ends. @defaultValue true */
  readonly tellsEnd?: boolean;
}

/** Reads one stream and writes the other; ends when both have ended, and destroys both. */
export function streamPair(
  readable: Readable,
  writable: Writable,
  manner: Manner = {},
): StreamSocket {
  return new StreamPair(readable, writable, manner);
}

class StreamPair extends Duplex {
  bytesRead = 0;
  bytesWritten = 0;
  readonly #readable: Readable;
  readonly #writable: Writable;
  /** A socket counts as closed some time before it says so, and only then its descriptor is free. */
  readonly #open: Set<Readable | Writable>;
  readonly #lingers: boolean;
  readonly #tellsEnd: boolean;
  #onClosed: (() => void) | undefined;

  constructor(
    readable: Readable,
    writable: Writable,
    { lingers = false, tellsEnd = true }: Manner,
  ) {
    // Like a socket: once the other side has ended, so do we.
    super({ allowHalfOpen: false });
    this.#readable = readable;
    this.#writable = writable;
    this.#open = new Set([readable, writable]);
    this.#lingers = lingers;
    this.#tellsEnd = tellsEnd;
    readable.on("data", this.#onData);
    readable.pause();
    readable.on("end", () => this.push(null));
    for (const stream of [readable, writable]) {
      stream.on("error", (reason: Error) => this.destroy(reason));
      stream.on("close", () => {
        this.#open.delete(stream);
        this.#onClosed?.();
      });
    }
    readable.on("close", () => {
      if (!readable.readableEnded) this.destroy();
    });
    writable.on("close", () => {
      if (!writable.writableFinished) this.destroy();
    });
  }

  ref(): this {
    for (const stream of [this.#readable, this.#writable]) (stream as Partial<Socket>).ref?.();
    return this;
  }

  unref(): this {
    for (const stream of [this.#readable, this.#writable]) (stream as Partial<Socket>).unref?.();
    return this;
  }

  override _read(): void {
    this.#readable.resume();
  }

  override _write(
    chunk: Uint8Array,
    _encoding: string,
    callback: (error?: Error | null) => void,
  ): void {
    this.bytesWritten += chunk.length;
    this.#writable.write(chunk, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#writable.end((reason?: Error | null) => {
      callback(reason);
      // The other side does not know that we have ended, so its end would not come.
      if (!this.#tellsEnd) {
        this.#letGo();
        this.push(null);
      }
    });
  }

  override _destroy(reason: Error | null, callback: (error: Error | null) => void): void {
    if (this.#lingers) {
      this.#letGo();
      callback(reason);
      return;
    }
    this.#onClosed = () => {
      if (this.#open.size === 0) callback(reason);
    };
    for (const stream of this.#open) stream.destroy();
    this.#onClosed();
  }

  #letGo(): void {
    this.#readable.off("data", this.#onData).resume();
    if (!this.#writable.writableEnded) this.#writable.end();
    this.unref();
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.bytesRead += chunk.length;
    if (!this.push(chunk)) this.#readable.pause();
  };
}
