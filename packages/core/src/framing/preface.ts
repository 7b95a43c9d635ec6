/**
 * The first bytes of each side, which no other protocol begins with: a byte that is neither ASCII
 * nor the beginning of UTF-8, then the line ends and the end of file that text-mode transfer damages
 * (the signature of PNG does the same, RFC 2083 section 12.11). HTTP, TLS and JSON fail on byte one.
 *
 *     preface = 89 4D 59 4C 0D 0A 1A 0A     magic: 0x89 "MYL" CR LF 0x1A LF
 *               u8 lowest version, u8 highest version, u16 reserved: 0
 *
 * The server's names one version, the one that it chose; or its own range, before it refuses.
 */
import { MyelinError } from "../errors.ts";

/** Versions of the wire, both included. */
export interface VersionRange {
  readonly lowest: number;
  readonly highest: number;
}

/** What this library speaks. */
export const ownVersions: VersionRange = Object.freeze({ lowest: 1, highest: 1 });

const magic: readonly number[] = [0x89, 0x4d, 0x59, 0x4c, 0x0d, 0x0a, 0x1a, 0x0a];
const reserved: readonly number[] = [0, 0];
/** The brace that every frame of node-ipc's begins with. */
const nodeIpcByte = 0x7b;

/** Bytes of a preface. */
export const prefaceBytes = 12;

export function encodePreface({ lowest, highest }: VersionRange): Buffer {
  return Buffer.from([...magic, lowest, highest, ...reserved]);
}

/** The highest version that both speak, if there is one. */
export function commonVersion(one: VersionRange, other: VersionRange): number | undefined {
  const highest = Math.min(one.highest, other.highest);
  return highest >= Math.max(one.lowest, other.lowest) ? highest : undefined;
}

/** `1`, or `1 to 3`. */
export function formatVersions({ lowest, highest }: VersionRange): string {
  return lowest === highest ? `${lowest}` : `${lowest} to ${highest}`;
}

/**
 * Which wire a peer speaks whose first byte this is, for a server that accepts both; undefined when
 * it is neither. Only `{` begins a frame of node-ipc's: no blanks, no byte order mark.
 */
export function dialectOf(firstByte: number): "myelin" | "node-ipc" | undefined {
  if (firstByte === magic[0]) return "myelin";
  return firstByte === nodeIpcByte ? "node-ipc" : undefined;
}

/** Takes a preface out of the beginning of a stream, whatever the pieces it arrives in. */
export class PrefaceReader {
  #length = 0;
  #lowest = 0;
  #highest = 0;
  #isNodeIpc = false;

  /** What the peer speaks; undefined until its preface is there. */
  get versions(): VersionRange | undefined {
    if (this.#length < prefaceBytes) return undefined;
    return { lowest: this.#lowest, highest: this.#highest };
  }

  /** The peer's first byte is one of node-ipc's wire. */
  get isNodeIpc(): boolean {
    return this.#isNodeIpc;
  }

  /**
   * Takes what belongs to the preface from the beginning of `chunk`.
   * @returns how many bytes that were; the rest are frames.
   * @throws {MyelinError} `ERR_PROTOCOL` at the first byte that is wrong.
   */
  push(chunk: Uint8Array): number {
    this.#isNodeIpc ||= this.#length === 0 && chunk[0] === nodeIpcByte;
    const count = Math.min(prefaceBytes - this.#length, chunk.length);
    for (let index = 0; index < count; index += 1) this.#take(chunk[index] as number);
    return count;
  }

  #take(byte: number): void {
    const at = this.#length;
    this.#length += 1;
    const lowestAt = magic.length;
    if (at < lowestAt) {
      if (byte !== magic[at]) throw new MyelinError("ERR_PROTOCOL", strangerText(at, byte));
    } else if (at === lowestAt) {
      this.#lowest = byte;
    } else if (at === lowestAt + 1) {
      this.#highest = byte;
      if (this.#lowest === 0 || byte < this.#lowest) {
        throw new MyelinError("ERR_PROTOCOL", "the peer's preface has no versions");
      }
    } else if (byte !== 0) {
      throw new MyelinError("ERR_PROTOCOL", "the peer's preface has reserved bits set");
    }
  }
}

function strangerText(at: number, byte: number): string {
  const text = "the peer does not speak the myelin wire";
  if (at > 0) return text;
  if (byte === nodeIpcByte) return `${text}: it looks like node-ipc`;
  // A handshake record, RFC 8446 section 5.1; an alert is a server's answer to what is no TLS.
  if (byte === 0x16) return `${text}: it looks like TLS`;
  if (byte === 0x15) return `${text}: it looks like TLS, which tls:// speaks`;
  // A method or the version of an answer: capital letters.
  return byte >= 0x41 && byte <= 0x5a ? `${text}: it looks like HTTP` : text;
}
