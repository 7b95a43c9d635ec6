/**
 * Frames that say their length first: the framing of the myelin wire.
 *
 *     frame = u32 n, little-endian: the bytes that follow, at least 1
 *             u8 kind
 *             n - 1 bytes of payload
 *
 * A frame that arrives whole is reported in place, without a copy. One that does not is copied once
 * into a block that grows with what has arrived, not with what its header promises.
 */
import { asBuffer } from "../bytes/as-buffer.ts";
import { ByteQueue } from "../bytes/byte-queue.ts";
import { readU32 } from "../bytes/byte-reader.ts";
import { MyelinError } from "../errors.ts";
import type { FrameDecoder } from "./framing.ts";

const lengthBytes = 4;

/** Bytes of a frame before its payload. */
export const frameHeaderBytes = 5;

/**
 * Writes the header of a frame at `offset`.
 * @returns the offset of the payload.
 */
export function writeFrameHeader(
  bytes: Uint8Array,
  offset: number,
  kind: number,
  payloadBytes: number,
): number {
  const length = payloadBytes + 1;
  bytes[offset] = length;
  bytes[offset + 1] = length >>> 8;
  bytes[offset + 2] = length >>> 16;
  bytes[offset + 3] = length >>> 24;
  bytes[offset + 4] = kind;
  return offset + frameHeaderBytes;
}

/** Receives whole frames, in order, by direct calls. */
export interface BinaryFrameSink {
  /**
   * A long frame is on its way, of which the bytes from `start` to `end` are there: the first of a
   * payload of `payloadBytes`. Called at most once for each frame, and not for every one.
   * @returns memory for the last bytes of the payload, so that they are copied there as they arrive:
   * when it is full {@link onPlaced} is called, and `onFrame` is not. Undefined: no such wish.
   */
  onBegin?(
    kind: number,
    bytes: Buffer,
    start: number,
    end: number,
    payloadBytes: number,
  ): Buffer | undefined;
  /** The memory that `onBegin` gave last is full. */
  onPlaced?(): void;

  /**
   * The payload is `bytes` from `start` to `end`. They are valid only during the call, and others'
   * frames are around them.
   */
  onFrame(kind: number, bytes: Buffer, start: number, end: number): void;
}

/** Below this, copying a frame twice costs less than asking. */
const placedBytes = 16 * 1024;

/** An error of the sink passes through; the decoder is of no use afterwards. */
export class LengthPrefixDecoder implements FrameDecoder {
  /**
   * The largest length that a frame may have, its kind included. It is asked when the length of a
   * frame has arrived, so that the sink can change it for the frame after the one it is shown.
   */
  maxFrameBytes: number;
  readonly #sink: BinaryFrameSink;
  #pending: ByteQueue | undefined;
  /** Bytes that the incomplete frame has in all, with its header; 0 as long as that is not known. */
  #pendingFrameBytes = 0;
  /** Where the rest of the incomplete frame goes, and how much of that is there. */
  #place: Buffer | undefined;
  #placed = 0;
  #stopped = false;

  constructor(sink: BinaryFrameSink, options: { maxFrameBytes: number }) {
    this.#sink = sink;
    this.maxFrameBytes = options.maxFrameBytes;
  }

  get pendingBytes(): number {
    return this.#place === undefined ? (this.#pending?.length ?? 0) : this.#placed;
  }

  stop(): void {
    this.#stopped = true;
    this.#pending = undefined;
    this.#place = undefined;
  }

  /**
   * @returns how many bytes of the chunk were used: all of them, unless the sink stopped the decoder.
   * @throws {MyelinError} `ERR_TOO_LARGE`, and `ERR_PROTOCOL` for a frame without a kind.
   */
  push(chunk: Uint8Array): number {
    if (this.#stopped) return 0;
    const bytes = asBuffer(chunk);
    const { length } = bytes;
    let at = 0;
    if (this.#place !== undefined) at = this.#fill(this.#place, bytes, 0);
    else if (this.pendingBytes > 0) at = this.#complete(bytes);
    while (length - at >= lengthBytes && !this.#stopped) {
      const end = at + this.#frameBytesAt(bytes, at);
      if (end > length) {
        if (this.#begin(bytes, at, end)) return length;
        this.#pendingFrameBytes = end - at;
        break;
      }
      this.#sink.onFrame(bytes[at + lengthBytes] as number, bytes, at + frameHeaderBytes, end);
      at = end;
    }
    if (this.#stopped) return at;
    if (at < length) this.#keep(bytes.subarray(at));
    return length;
  }

  /** Asks for memory for a frame that ends at `end`, behind the bytes. @returns whether there is any */
  #begin(bytes: Buffer, at: number, end: number): boolean {
    const { length } = bytes;
    const start = at + frameHeaderBytes;
    if (end - start < placedBytes || length <= start) return false;
    const kind = bytes[at + lengthBytes] as number;
    const place = this.#sink.onBegin?.(kind, bytes, start, length, end - start);
    if (place === undefined) return false;
    this.#place = place;
    this.#placed = 0;
    this.#fill(place, bytes, end - place.length);
    return true;
  }

  /** @returns where the next frame starts in `bytes` */
  #fill(place: Buffer, bytes: Buffer, start: number): number {
    const end = Math.min(bytes.length, start + place.length - this.#placed);
    this.#placed += bytes.copy(place, this.#placed, start, end);
    if (this.#placed === place.length) {
      this.#place = undefined;
      this.#sink.onPlaced?.();
    }
    return end;
  }

  /**
   * Adds to the incomplete frame what belongs to it, and reports it when it is whole.
   * @returns where the next frame starts in `bytes`.
   */
  #complete(bytes: Buffer): number {
    const pending = this.#pending as ByteQueue;
    let at = 0;
    if (this.#pendingFrameBytes === 0) {
      at = Math.min(lengthBytes - pending.length, bytes.length);
      pending.push(bytes.subarray(0, at));
      if (pending.length < lengthBytes) return at;
      this.#pendingFrameBytes = this.#frameBytesAt(pending.peek(), 0);
    }
    const missing = this.#pendingFrameBytes - pending.length;
    const end = Math.min(at + missing, bytes.length);
    pending.push(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    if (pending.length < this.#pendingFrameBytes) return end;
    this.#pendingFrameBytes = 0;
    const frame = pending.takeAll();
    this.#sink.onFrame(frame[lengthBytes] as number, frame, frameHeaderBytes, frame.length);
    return end;
  }

  /** Bytes of the frame whose length is at `at`, with its header. */
  #frameBytesAt(bytes: Buffer, at: number): number {
    const length = readU32(bytes, at);
    if (length > this.maxFrameBytes) {
      this.stop();
      throw new MyelinError("ERR_TOO_LARGE", `a frame exceeds ${this.maxFrameBytes} bytes`);
    }
    if (length === 0) {
      this.stop();
      throw new MyelinError("ERR_PROTOCOL", "a frame has no kind");
    }
    return lengthBytes + length;
  }

  #keep(bytes: Buffer): void {
    this.#pending ??= new ByteQueue();
    this.#pending.push(bytes);
  }
}
