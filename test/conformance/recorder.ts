// A sink that writes down what it hears, and the rules that were broken while it listened.
import type { Connection, MyelinError, Sink } from "myelin";
import { within } from "../support/within.ts";

interface Waiter {
  readonly isMet: () => boolean;
  readonly resolve: () => void;
}

/** Listens to one connection. Every chunk is overwritten after it was copied, as its owner may do. */
export class Recorder implements Sink {
  readonly chunks: Buffer[] = [];
  readonly violations: string[] = [];
  byteCount = 0;
  drains = 0;
  closes = 0;
  error: MyelinError | undefined;
  readonly #connection: Connection;
  #waiters: Waiter[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.open(this);
    if (this.closes + this.byteCount > 0) this.violations.push("called within open()");
  }

  onData(chunk: Uint8Array): void {
    if (this.closes > 0) this.violations.push(`onData (${chunk.length} bytes) after onClose`);
    this.chunks.push(Buffer.from(chunk));
    this.byteCount += chunk.length;
    // The contract: a chunk is valid during this call only.
    chunk.fill(0xdd);
    this.#wake();
  }

  onDrain(): void {
    if (this.closes > 0) this.violations.push("onDrain after onClose");
    if (!this.#connection.writable) this.violations.push("onDrain while not writable");
    this.drains++;
    this.#wake();
  }

  onClose(error?: MyelinError): void {
    this.closes++;
    if (this.closes > 1) this.violations.push("onClose twice");
    this.error = error;
    this.#wake();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  received(byteCount: number): Promise<void> {
    return this.#wait(`${byteCount} bytes to arrive`, () => this.byteCount >= byteCount);
  }

  datagrams(count: number): Promise<void> {
    return this.#wait(`${count} datagrams to arrive`, () => this.chunks.length >= count);
  }

  drained(): Promise<void> {
    const before = this.drains;
    return this.#wait("onDrain", () => this.drains > before);
  }

  closed(): Promise<void> {
    return this.#wait("onClose", () => this.closes > 0);
  }

  #wait(what: string, isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve();
    const met = new Promise<void>((resolve) => this.#waiters.push({ isMet, resolve }));
    return within(`${what} (have ${this.byteCount} bytes, ${this.closes} closes)`, met);
  }

  #wake(): void {
    this.#waiters = this.#waiters.filter(({ isMet, resolve }) => {
      if (!isMet()) return true;
      resolve();
      return false;
    });
  }
}
