/**
 * Holds the text of a message that has not arrived whole. Large messages are decoded while they
 * arrive, block by block: when the last byte comes, most of the work is done, and the bytes need not
 * be copied into one piece first.
 */
import { isAscii } from "node:buffer";
import { ByteQueue } from "./byte-queue.ts";

/** Bytes that are decoded at once. */
const blockBytes = 1024 * 1024;
/** Below this many bytes asking whether they are ASCII costs more than it saves. */
const worthAsking = 512;

export class TextQueue {
  readonly #bytes = new ByteQueue();
  readonly #kept: number;
  #text = "";
  #decodedBytes = 0;

  /** @param kept the last so many bytes stay bytes, for {@link tail}. */
  constructor(kept: number) {
    this.#kept = kept;
  }

  /** Bytes that were pushed and not taken. */
  get length(): number {
    return this.#decodedBytes + this.#bytes.length;
  }

  /** Takes the bytes over; the chunk is not kept. */
  push(chunk: Uint8Array): void {
    this.#bytes.push(chunk);
    if (this.#bytes.length >= blockBytes) this.#decodeBlock();
  }

  /** The last `count` bytes, at most as many as are kept; valid until the next call. */
  tail(count: number): Buffer {
    return this.#bytes.tail(count);
  }

  /** All text, without its last `cut` bytes. The queue is empty afterwards. */
  takeAll(cut: number): string {
    const rest = this.#bytes.takeAll();
    const text = this.#text + decodeUtf8(rest, rest.length - cut);
    this.#text = "";
    this.#decodedBytes = 0;
    return text;
  }

  #decodeBlock(): void {
    const block = this.#bytes.peek();
    const end = startOfCharacter(block, block.length - this.#kept);
    this.#text += decodeUtf8(block, end);
    this.#decodedBytes += end;
    this.#bytes.discard(end);
  }
}

/** The text of the first `end` bytes. Broken UTF-8 becomes U+FFFD. */
export function decodeUtf8(bytes: Buffer, end: number): string {
  if (end < worthAsking) return bytes.toString("utf8", 0, end);
  const used = end === bytes.length ? bytes : bytes.subarray(0, end);
  // Most text is ASCII, which is copied instead of decoded. (Node 18 before 18.15 cannot tell.)
  return used.toString(isAscii?.(used) ? "latin1" : "utf8");
}

/** The last place at or before `index` where a character begins. */
function startOfCharacter(bytes: Buffer, index: number): number {
  // A character has at most three continuation bytes (10xxxxxx); more are broken wherever they are cut.
  for (let back = 0; back < 4 && index - back > 0; back += 1) {
    if (((bytes[index - back] as number) & 0xc0) !== 0x80) return index - back;
  }
  return index;
}
