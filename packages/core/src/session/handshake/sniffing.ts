/**
 * Finds out what a client speaks, where a server takes more than one dialect: by its first byte, or by
 * its silence. A client of node-ipc that only listens never says anything.
 */
import type { Clock, Timer } from "../../clock.ts";
import { MyelinError } from "../../errors.ts";
import { dialectOf } from "../../framing/preface.ts";
import { limits } from "../../limits.ts";
import type { Connection, Sink } from "../../transport/transport.ts";

export interface SniffingOptions {
  readonly clock: Clock;
  /** Who has been silent for so long only listens. */
  readonly sniffMs: number;
  /** Its first byte is this dialect's. What has arrived goes to whoever takes it over. */
  readonly onDialect: (dialect: "myelin" | "node-ipc") => void;
  /** It says nothing. It may begin to speak later: `onDialect` is called then. */
  readonly onSilence: () => void;
  /** It speaks something else, or is gone. */
  readonly onFailure: (error: MyelinError) => void;
}

export class Sniffing implements Sink {
  readonly #options: SniffingOptions;
  readonly #timer: Timer;
  readonly #connection: Connection;
  readonly #early: Buffer[] = [];
  #earlyBytes = 0;
  #successor: Sink | undefined;
  #end: { readonly error: MyelinError | undefined } | undefined;
  #isOver = false;
  #hasDrained = false;

  constructor(connection: Connection, options: SniffingOptions) {
    this.#options = options;
    this.#connection = connection;
    this.#timer = options.clock.setTimeout(() => {
      if (!this.#isOver && this.#early.length === 0) options.onSilence();
    }, options.sniffMs);
    connection.open(this);
  }

  /** Everything goes to `successor` from now on, what has arrived already first. */
  handOn(successor: Sink): void {
    const end = this.#end;
    this.#successor = successor;
    this.#connection.resume();
    for (const chunk of this.#early.splice(0)) successor.onData(chunk);
    if (this.#hasDrained) successor.onDrain();
    // In a turn of its own, as it would come over a connection that stands.
    if (end !== undefined) this.#options.clock.setImmediate(() => successor.onClose(end.error));
  }

  /** Nobody wants to know any more. */
  stop(): void {
    this.#isOver = true;
    this.#options.clock.clearTimeout(this.#timer);
  }

  onData(chunk: Uint8Array): void {
    const first = chunk[0];
    if (!this.#isOver && first !== undefined) {
      // Before anybody else has it: who is there now may not be who should have it.
      this.#keep(chunk);
      this.stop();
      this.#decide(first);
    } else if (this.#successor === undefined) {
      this.#keep(chunk);
    } else {
      this.#successor.onData(chunk);
    }
  }

  #keep(chunk: Uint8Array): void {
    this.#early.push(Buffer.from(chunk));
    this.#earlyBytes += chunk.length;
    if (this.#earlyBytes > limits.highWaterMarkBytes) this.#connection.pause();
  }

  #decide(first: number): void {
    const dialect = dialectOf(first);
    if (dialect !== undefined) {
      this.#options.onDialect(dialect);
      // One of node-ipc's that was silent before: it is there already.
      if (this.#successor !== undefined) this.handOn(this.#successor);
      return;
    }
    const what = "the client speaks neither the myelin wire nor node-ipc's";
    this.#options.onFailure(new MyelinError("ERR_PROTOCOL", what));
  }

  onDrain(): void {
    this.#hasDrained = this.#successor === undefined;
    this.#successor?.onDrain();
  }

  onClose(error?: MyelinError): void {
    this.#end = { error };
    if (this.#successor !== undefined) {
      this.#successor.onClose(error);
      return;
    }
    if (this.#isOver) return;
    this.stop();
    this.#options.onFailure(error ?? new MyelinError("ERR_CONNECTION_LOST", "it said nothing"));
  }
}
