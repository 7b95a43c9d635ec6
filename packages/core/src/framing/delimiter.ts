/**
 * Frames of JSON text that end in a delimiter: the framing of node-ipc's wire.
 * Reading looks at each byte once: a piece is searched when it arrives, and what is left of it waits
 * in a growing block until its end comes.
 */
import { asBuffer } from "../bytes/as-buffer.ts";
import { decodeUtf8, TextQueue } from "../bytes/text-queue.ts";
import { MyelinError } from "../errors.ts";
import type { FrameDecoder, FrameSink } from "./framing.ts";

// What JSON.stringify writes outside strings (structure, numbers, true, false, null) or in an escape
// (\ u b f n r t and hexadecimal digits). A delimiter of these alone could not be told from content.
const writtenByJson = /^[{}[\],:"\\+\-.0-9a-fA-Ftrulsn]$/;
const firstPrintable = 0x20;

/** A checked delimiter: ends frames, and keeps itself out of their content. */
export class Delimiter {
  readonly text: string;
  readonly bytes: Buffer;
  readonly #lastByte: number;
  /** The code point that is escaped inside strings; undefined where JSON always escapes it itself. */
  readonly #escaped: { from: string; to: string } | undefined;

  /** @throws {MyelinError} `ERR_CONFIG` when JSON could contain the delimiter outside a string. */
  constructor(text: string) {
    // Half of a character has no UTF-8.
    const isText = !/\p{Surrogate}/u.test(text);
    const candidates = isText
      ? [...text].filter((character) => !writtenByJson.test(character))
      : [];
    const [first] = candidates;
    if (first === undefined) {
      throw new MyelinError(
        "ERR_CONFIG",
        `the delimiter ${JSON.stringify(text)} needs a character that JSON never writes outside a string`,
      );
    }
    this.text = text;
    this.bytes = Buffer.from(text, "utf8");
    this.#lastByte = this.bytes.at(-1) as number;
    // Control characters never appear in the output of JSON.stringify: nothing to look for.
    const isSafe = candidates.some((character) => character.charCodeAt(0) < firstPrintable);
    this.#escaped = isSafe ? undefined : { from: first, to: escapeOf(first) };
  }

  /** Where the last delimiter in `bytes` ends; 0 when there is none. */
  lastEnd(bytes: Buffer): number {
    const { length } = this.bytes;
    if (length > 1) {
      const last = bytes.lastIndexOf(this.bytes);
      return last === -1 ? 0 : last + length;
    }
    // Most pieces end where a message does.
    if (bytes.length > 0 && bytes[bytes.length - 1] === this.#lastByte) return bytes.length;
    return bytes.lastIndexOf(this.#lastByte) + 1;
  }

  /** The frame of a JSON text. */
  frame(json: string): string {
    const escaped = this.#escaped;
    // The escaped character occurs inside strings only, where `\uXXXX` means the same.
    if (escaped !== undefined && json.includes(this.text)) {
      return json.replaceAll(escaped.from, escaped.to) + this.text;
    }
    return json + this.text;
  }
}

function escapeOf(character: string): string {
  let escape = "";
  for (let index = 0; index < character.length; index += 1) {
    escape += `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`;
  }
  return escape;
}

export interface DelimiterDecoderOptions {
  delimiter: Delimiter;
  /** The largest frame, in bytes without its delimiter. */
  maxFrameBytes: number;
}

/** Reports each frame as text, without its delimiter. Broken UTF-8 becomes U+FFFD. */
export class DelimiterDecoder implements FrameDecoder {
  readonly #sink: FrameSink<string>;
  readonly #delimiter: Delimiter;
  readonly #maxFrameBytes: number;
  #pending: TextQueue | undefined;
  #stopped = false;

  constructor(sink: FrameSink<string>, options: DelimiterDecoderOptions) {
    this.#sink = sink;
    this.#delimiter = options.delimiter;
    this.#maxFrameBytes = options.maxFrameBytes;
  }

  get pendingBytes(): number {
    return this.#pending?.length ?? 0;
  }

  stop(): void {
    this.#stopped = true;
    this.#pending = undefined;
  }

  push(chunk: Uint8Array): void {
    if (this.#stopped) return;
    let bytes = asBuffer(chunk);
    if (this.#pending !== undefined && this.#pending.length > 0) {
      const start = this.#endOfPending(bytes);
      if (start === undefined) return;
      bytes = bytes.subarray(start);
    }
    const end = this.#delimiter.lastEnd(bytes);
    if (end === 0) {
      this.#keep(bytes);
      return;
    }
    const rest = this.#report(decodeUtf8(bytes, end));
    if (this.#stopped) return;
    // A delimiter that overlaps itself (`##` in `a###`) is matched from the left.
    if (rest.length > 0) this.#keep(Buffer.from(rest, "utf8"));
    if (end < bytes.length) this.#keep(bytes.subarray(end));
  }

  /**
   * Looks for the end of the pending frame and reports it.
   * @returns where the next frame starts in `bytes`, or undefined when all was consumed.
   */
  #endOfPending(bytes: Buffer): number | undefined {
    const pending = this.#pending as TextQueue;
    const { bytes: delimiter } = this.#delimiter;
    const before = pending.length;
    const [only] = delimiter;
    const end =
      delimiter.length === 1 ? bytes.indexOf(only as number) + 1 : this.#findAcross(bytes);
    if (end === 0) {
      this.#keep(bytes);
      return undefined;
    }
    const frameBytes = before + end - delimiter.length;
    if (frameBytes > this.#maxFrameBytes) this.#refuse();
    pending.push(bytes.subarray(0, end));
    this.#sink.onFrame(pending.takeAll(delimiter.length));
    return this.#stopped || end === bytes.length ? undefined : end;
  }

  /** The end, in `bytes`, of the first delimiter that may begin in what is pending; 0 for none. */
  #findAcross(bytes: Buffer): number {
    const pending = this.#pending as TextQueue;
    const { bytes: delimiter } = this.#delimiter;
    const tail = pending.tail(delimiter.length - 1);
    const seam = Buffer.concat([tail, bytes.subarray(0, delimiter.length - 1)]);
    const atSeam = seam.indexOf(delimiter);
    if (atSeam !== -1) return atSeam + delimiter.length - tail.length;
    const inside = bytes.indexOf(delimiter);
    return inside === -1 ? 0 : inside + delimiter.length;
  }

  /** Reports the frames of `text`, all of which end in it. Returns what is left behind the last. */
  #report(text: string): string {
    const delimiter = this.#delimiter.text;
    const width = delimiter.length;
    const mayExceed = text.length * 3 > this.#maxFrameBytes;
    let start = 0;
    let end = text.indexOf(delimiter);
    while (end !== -1) {
      const frame = text.slice(start, end);
      if (mayExceed && Buffer.byteLength(frame) > this.#maxFrameBytes) this.#refuse();
      this.#sink.onFrame(frame);
      if (this.#stopped) return "";
      start = end + width;
      end = text.indexOf(delimiter, start);
    }
    return start === text.length ? "" : text.slice(start);
  }

  #keep(bytes: Buffer): void {
    // Three more than the delimiter may need: a character's bytes are not decoded apart.
    this.#pending ??= new TextQueue(this.#delimiter.bytes.length + 2);
    // The last bytes may be the beginning of the delimiter, which does not count.
    const mayBeDelimiter = this.#delimiter.bytes.length - 1;
    if (this.#pending.length + bytes.length - mayBeDelimiter > this.#maxFrameBytes) this.#refuse();
    this.#pending.push(bytes);
  }

  #refuse(): never {
    this.stop();
    throw new MyelinError("ERR_TOO_LARGE", `a frame exceeds ${this.#maxFrameBytes} bytes`);
  }
}
