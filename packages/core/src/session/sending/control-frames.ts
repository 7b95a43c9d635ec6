/**
 * What goes before everything else. Of each kind only the newest is kept: a peer that asks without
 * reading the answers must not make us collect them.
 */
import { varintLength, writeVarint } from "../../bytes/varint.ts";
import { MyelinError } from "../../errors.ts";
import { frameHeaderBytes } from "../../framing/length-prefix.ts";
import { frameKind } from "../wire.ts";
import { Batch } from "./batch.ts";
import { newFrame } from "./message-frames.ts";

/** Bytes of a ping and of its pong: a longer one would be sent back at its full length. */
const pingBytes = 8;

/** No cancel, stop or credit is longer; a batch has so many of each as fit in a third of its frame. */
const controlBytes = 17;

/** What an acknowledgement says, counted from the beginning of the session. */
export interface Acknowledgement {
  /** Counted frames that were handed on. */
  readonly frames: number;
  /** Events and calls whose handlers have settled, and what they cost. */
  readonly messages: number;
  readonly bytes: number;
}

export class ControlFrames {
  #ping: Buffer | undefined;
  #pong: Buffer | undefined;
  #acknowledgement: Acknowledgement | undefined;
  readonly #credits = new Map<number, number>();
  readonly #cancels: { readonly id: number; readonly reason: number }[] = [];
  readonly #stops: number[] = [];

  get isEmpty(): boolean {
    return (
      this.#acknowledgement === undefined &&
      this.#pong === undefined &&
      this.#ping === undefined &&
      !this.#hasCounted
    );
  }

  ping(bytes: Uint8Array): void {
    this.#ping = eightBytes(frameKind.ping, bytes);
  }

  /** @throws {MyelinError} `ERR_PROTOCOL` when that is not what a ping holds. */
  pong(bytes: Uint8Array): void {
    if (bytes.length !== pingBytes) {
      throw new MyelinError("ERR_PROTOCOL", `a ping of ${bytes.length} bytes`);
    }
    this.#pong = eightBytes(frameKind.pong, bytes);
  }

  acknowledge(numbers: Acknowledgement): void {
    this.#acknowledgement = numbers;
  }

  credit(id: number, limit: number): void {
    this.#credits.set(id, limit);
  }

  cancel(id: number, reason: number): void {
    this.#cancels.push({ id, reason });
  }

  stop(id: number): void {
    this.#stops.push(id);
  }

  /**
   * Cancels, stops and credits, which are counted and may have to be sent again: of each as many as have
   * at most so many bytes.
   */
  takeCounted(maxBytes: number): Batch | undefined {
    if (!this.#hasCounted) return undefined;
    const batch = new Batch();
    const most = Math.max(1, Math.floor(maxBytes / controlBytes));
    for (const { id, reason } of this.#cancels.splice(0, most)) batch.cancel(id, reason);
    for (const id of this.#stops.splice(0, most)) batch.stop(id);
    let room = most;
    for (const [id, limit] of this.#credits) {
      if (room === 0) break;
      room -= 1;
      batch.credit(id, limit);
      this.#credits.delete(id);
    }
    batch.seal();
    return batch;
  }

  /** The frames that are not counted: they concern this connection, not the session. */
  takeUncounted(): Buffer[] {
    const frames = [];
    if (this.#acknowledgement !== undefined) frames.push(ackFrame(this.#acknowledgement));
    if (this.#pong !== undefined) frames.push(this.#pong);
    if (this.#ping !== undefined) frames.push(this.#ping);
    this.#acknowledgement = undefined;
    this.#pong = undefined;
    this.#ping = undefined;
    return frames;
  }

  get #hasCounted(): boolean {
    return this.#cancels.length > 0 || this.#stops.length > 0 || this.#credits.size > 0;
  }
}

function eightBytes(kind: number, bytes: Uint8Array): Buffer {
  const frame = newFrame(kind, bytes.length);
  frame.set(bytes, frameHeaderBytes);
  return frame;
}

function ackFrame({ frames, messages, bytes }: Acknowledgement): Buffer {
  const length = varintLength(frames) + varintLength(messages) + varintLength(bytes);
  const frame = newFrame(frameKind.ack, length);
  let at = writeVarint(frame, frameHeaderBytes, frames);
  at = writeVarint(frame, at, messages);
  writeVarint(frame, at, bytes);
  return frame;
}
