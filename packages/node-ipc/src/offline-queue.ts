/**
 * Messages emitted while there is no connection, encoded and in order. Bounded: the newest are
 * refused, and that is told once per outage.
 */
import type { Defaults } from "./defaults.ts";
import { IPCProtocolError } from "./protocol-error.ts";

export type Frame = string | Uint8Array;

/** Says whether a queue has room, and tells of an outage's refusals once. */
export class QueueBound {
  #refused = 0;

  /** Undefined when there is room for `frame`; else the refusal, with an error for the first. */
  refusal(
    frame: Frame,
    held: { messages: number; bytes: number },
    config: Defaults,
  ): { error: IPCProtocolError | undefined } | undefined {
    const hasRoom =
      held.messages < config.maxQueueMessages && held.bytes + sizeOf(frame) <= config.maxQueueBytes;
    if (hasRoom) return undefined;
    this.#refused += 1;
    return { error: this.#refused === 1 ? this.#fullError() : undefined };
  }

  /** The next refusal belongs to a new outage. */
  reset(): void {
    this.#refused = 0;
  }

  #fullError(): IPCProtocolError {
    const message =
      "too many messages wait for the server: the newest are refused (maxQueueMessages, maxQueueBytes)";
    const error = new IPCProtocolError("ERR_IPC_QUEUE_FULL", message, { count: 1 });
    // The count goes on while the outage lasts, for a program that keeps the error.
    return Object.defineProperty(error, "count", { enumerable: true, get: () => this.#refused });
  }
}

/** The bytes of a frame on the wire. */
export function sizeOf(frame: Frame): number {
  return typeof frame === "string" ? Buffer.byteLength(frame) : frame.length;
}

export class OfflineQueue {
  #frames: Frame[] = [];
  #bytes = 0;
  readonly #bound = new QueueBound();

  get size(): number {
    return this.#frames.length;
  }

  /** Takes a frame, or refuses it with the error to tell, if there is one to tell. */
  add(frame: Frame, config: Defaults): { error: IPCProtocolError | undefined } | undefined {
    const held = { messages: this.#frames.length, bytes: this.#bytes };
    const refusal = this.#bound.refusal(frame, held, config);
    if (refusal !== undefined) return refusal;
    this.#frames.push(frame);
    this.#bytes += sizeOf(frame);
    return undefined;
  }

  /** Empties the queue and ends the outage. */
  takeAll(): Frame[] {
    const frames = this.#frames;
    this.#frames = [];
    this.#bytes = 0;
    this.#bound.reset();
    return frames;
  }

  /** Takes over what another client has queued. */
  adopt(other: OfflineQueue): void {
    this.#bytes += other.#bytes;
    this.#frames = [...other.takeAll(), ...this.#frames];
  }
}
