/**
 * The bytes of a session as they arrive: held back until handlers are in place, read as one tick, and
 * begun anew with each connection.
 */
import type { Tick } from "../../bytes/tick.ts";
import type { MyelinError } from "../../errors.ts";
import { type BinaryFrameSink, LengthPrefixDecoder } from "../../framing/length-prefix.ts";
import type { Connection } from "../../transport/transport.ts";
import { protocolError } from "../session-end.ts";

/** Who reads frames. */
export interface FrameReader extends BinaryFrameSink {
  /** All frames of a piece have been read. */
  letGo(): void;
}

export interface IntakeOwner {
  /** A piece was read. */
  onRead(): void;
  /** The peer broke a rule. */
  onBroken(error: MyelinError): void;
}

export class Intake {
  readonly #tick: Tick;
  readonly #sink: FrameReader;
  readonly #maxFrameBytes: number;
  readonly #owner: IntakeOwner;
  #decoder: LengthPrefixDecoder;
  /** What arrived before handlers could be attached. */
  #held: Buffer[] | undefined = [];

  constructor(tick: Tick, sink: FrameReader, maxFrameBytes: number, owner: IntakeOwner) {
    this.#tick = tick;
    this.#sink = sink;
    this.#maxFrameBytes = maxFrameBytes;
    this.#owner = owner;
    this.#decoder = this.#newDecoder();
  }

  /** Something has arrived that nobody was handed yet. */
  get isHolding(): boolean {
    return this.#held !== undefined && this.#held.length > 0;
  }

  /** Bytes that are part of no frame yet, or that nobody was handed. */
  get heldBytes(): number {
    let bytes = this.#decoder.pendingBytes;
    for (const chunk of this.#held ?? []) bytes += chunk.length;
    return bytes;
  }

  /** Bytes arrived, valid during the call. */
  receive(chunk: Uint8Array, connection: Connection): void {
    if (this.#held === undefined) {
      this.#tick.read(this, chunk);
    } else {
      this.#held.push(Buffer.from(chunk));
      connection.pause();
    }
  }

  /** Handlers are in place: what has arrived meanwhile is read, then everything as it comes. */
  release(connection: Connection | undefined): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    connection?.resume();
    for (const chunk of held) this.#tick.read(this, chunk);
  }

  /** Another connection: what the last one left incomplete comes again. */
  reset(): void {
    this.#decoder.stop();
    this.#decoder = this.#newDecoder();
    if (this.#held !== undefined) this.#held = [];
  }

  stop(): void {
    this.#decoder.stop();
    this.#held = undefined;
  }

  /** For the tick. */
  read(chunk: Uint8Array): void {
    try {
      this.#decoder.push(chunk);
    } catch (reason) {
      this.#owner.onBroken(protocolError(reason));
      return;
    } finally {
      this.#sink.letGo();
    }
    this.#owner.onRead();
  }

  #newDecoder(): LengthPrefixDecoder {
    return new LengthPrefixDecoder(this.#sink, { maxFrameBytes: this.#maxFrameBytes });
  }
}
