/**
 * Brings a connection from its first byte to the welcome, and then hands it on: whoever takes it gets
 * every byte that came after the welcome, in order, and its end.
 */
import type { Clock, Timer } from "../../clock.ts";
import { isMyelinError, MyelinError } from "../../errors.ts";
import { LengthPrefixDecoder } from "../../framing/length-prefix.ts";
import { PrefaceReader, type VersionRange } from "../../framing/preface.ts";
import type { Connection, Sink } from "../../transport/transport.ts";
import { endGently } from "../session-end.ts";
import { maxHandshakeFrameBytes } from "./handshake-frame.ts";

/** The common part of both handshakes. */
export interface Handshake<Step> {
  onPreface(versions: VersionRange): Step;
  onFrame(kind: number, bytes: Buffer, start: number, end: number): Step;
}

/** Runs one side's handshake. */
export interface Greeter<Step> {
  readonly handshake: Handshake<Step>;
  /** What came of a preface or a frame. It may send, and it ends the greeting by `finish` or `fail`. */
  onStep(step: Step): void;
  /** The preface or the framing is broken, time is up, or the connection is gone. */
  onFailure(error: MyelinError): void;
}

export class Greeting<Step> implements Sink {
  readonly connection: Connection;
  readonly #preface = new PrefaceReader();
  readonly #decoder: LengthPrefixDecoder;
  readonly #clock: Clock;
  readonly #timer: Timer;
  #greeter: Greeter<Step> | undefined;
  /** Who has taken the connection over. */
  #successor: Sink | undefined;
  /** What arrived for the successor before there was one. */
  readonly #early: Buffer[] = [];
  #hasSpoken = false;
  #hasHeard = false;
  /** Nobody will ever want what still arrives. */
  #isAbandoned = false;
  #end: { readonly error: MyelinError | undefined } | undefined;

  constructor(
    connection: Connection,
    greeter: Greeter<Step>,
    options: { clock: Clock; timeoutMs: number; maxHelloBytes?: number },
  ) {
    const { clock, maxHelloBytes = maxHandshakeFrameBytes, timeoutMs } = options;
    this.connection = connection;
    this.#greeter = greeter;
    this.#clock = clock;
    this.#decoder = new LengthPrefixDecoder(
      { onFrame: (...frame) => this.#greeter?.onStep(greeter.handshake.onFrame(...frame)) },
      { maxFrameBytes: maxHelloBytes },
    );
    this.#timer = clock.setTimeout(() => {
      this.#fail(new MyelinError("ERR_TIMEOUT", `no welcome within ${timeoutMs} ms`));
    }, timeoutMs);
  }

  /** @param open has it hear what comes over a connection that was opened before */
  begin(open: (sink: Sink) => void = (sink) => this.connection.open(sink)): void {
    open(this);
  }

  /** The other end has begun as one of node-ipc's does. */
  get heardNodeIpc(): boolean {
    return this.#preface.isNodeIpc;
  }

  /** The other end has not said anything, and may still. */
  get heardNothing(): boolean {
    return !this.#hasHeard && !this.isOver;
  }

  get isOver(): boolean {
    return this.#greeter === undefined;
  }

  send(bytes: Buffer | undefined): void {
    if (bytes === undefined || this.#end !== undefined) return;
    try {
      this.connection.send(bytes);
      this.#hasSpoken = true;
    } catch {
      // The connection is closing: its end is about to be told.
    }
  }

  /** The session stands: the bytes behind the frame that is being read are its own. */
  finish(): void {
    this.#greeter = undefined;
    this.#decoder.stop();
    this.#clock.clearTimeout(this.#timer);
  }

  /** Nothing comes of it. What was said last still leaves, if the other end reads it. */
  abandon(error: MyelinError): void {
    this.finish();
    this.#isAbandoned = true;
    this.#early.length = 0;
    if (this.#end === undefined && this.#hasSpoken) void endGently(this.connection);
    else this.connection.abort(error);
  }

  /** Everything from here on goes to `successor`, what has arrived already first. */
  handOn(successor: Sink): void {
    this.#successor = successor;
    for (const chunk of this.#early.splice(0)) successor.onData(chunk);
    if (this.#end !== undefined) successor.onClose(this.#end.error);
  }

  onData(chunk: Uint8Array): void {
    if (this.#successor !== undefined) {
      this.#successor.onData(chunk);
      return;
    }
    if (this.#isAbandoned) return;
    if (this.isOver) {
      this.#early.push(Buffer.from(chunk));
      return;
    }
    this.#hasHeard = true;
    try {
      this.#read(chunk);
    } catch (error) {
      // Anything else is a mistake of our own.
      if (!isMyelinError(error)) throw error;
      this.#fail(error);
    }
  }

  onDrain(): void {
    this.#successor?.onDrain();
  }

  onClose(error?: MyelinError): void {
    this.#end = { error };
    if (this.#successor !== undefined) this.#successor.onClose(error);
    else this.#fail(error ?? new MyelinError("ERR_CONNECTION_LOST", "ended before the welcome"));
  }

  #read(chunk: Uint8Array): void {
    let taken = 0;
    if (this.#preface.versions === undefined) {
      taken = this.#preface.push(chunk);
      const { versions } = this.#preface;
      if (versions === undefined) return;
      const greeter = this.#greeter as Greeter<Step>;
      greeter.onStep(greeter.handshake.onPreface(versions));
      if (this.isOver) return;
    }
    taken += this.#decoder.push(chunk.subarray(taken));
    // The rest is the session's.
    if (this.isOver && taken < chunk.length) this.onData(chunk.subarray(taken));
  }

  #fail(error: MyelinError): void {
    const greeter = this.#greeter;
    if (greeter === undefined) return;
    greeter.onFailure(error);
    this.finish();
  }
}
