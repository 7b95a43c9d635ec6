/**
 * Hands frames to the connection: few large writes rather than many small ones, each name before its
 * first use, and every counted frame remembered until it is acknowledged.
 */
import { Fifo } from "../../fifo.ts";
import type { Connection } from "../../transport/transport.ts";
import type { SharedBodies } from "../held-bodies.ts";
import { type Name, type NameTable, nameFrame } from "../messages/name-table.ts";
import { goneError } from "./lent-bytes.ts";
import type { Outgoing } from "./outgoing.ts";
import { PinnedBodies } from "./pinned-bodies.ts";
import { SentFrames } from "./sent-frames.ts";

/** What is written to: a connection that is established. */
export type Link = Pick<Connection, "send" | "sendAll" | "writable" | "pendingBytes">;

/** So much is handed on at once. */
const handedOnBytes = 64 * 1024;
/** Parts that are shorter are joined with their neighbours: a copy costs less than a write. */
const joinedBytes = 8 * 1024;

export class FrameWriter {
  readonly sent: SentFrames;
  readonly #pinned: PinnedBodies;
  readonly #names: NameTable;
  readonly #announced: boolean[] = [];
  #link: Link | undefined;
  #leaving: Uint8Array[] = [];
  #leavingBytes = 0;
  /** Bytes that were written since the connection is there. */
  #written = 0;
  /** Frames of streams that the system had not taken when that was looked at, and where each ends. */
  readonly #ofStreams = new Fifo<{ readonly bytes: number; readonly end: number }>();
  #pendingStreamBytes = 0;

  /** @param keepsSent what was sent is kept whole until it is acknowledged */
  constructor(names: NameTable, keepsSent: boolean, bodies: SharedBodies) {
    this.#names = names;
    this.sent = new SentFrames(keepsSent, bodies);
    this.#pinned = new PinnedBodies(bodies);
  }

  get link(): Link | undefined {
    return this.#link;
  }

  /**
   * Bytes that the system has not taken. What a connection holds that takes more is not counted: it
   * is little, and nobody is told when it has left.
   */
  get pendingBytes(): number {
    const link = this.#link;
    const held = link === undefined || link.writable ? 0 : link.pendingBytes;
    return this.#leavingBytes + held;
  }

  /** Those of them that are not of streams. Of what has left since the last frame was handed on it knows nothing. */
  get pendingMessageBytes(): number {
    return Math.max(0, this.pendingBytes - this.#pendingStreamBytes);
  }

  /** Bytes of the large bodies of which the connection has a part. */
  get pinnedBytes(): number {
    return this.#pinned.bytes;
  }

  /** Those of `pendingBytes` that are parts of large bodies. */
  get pendingBodyBytes(): number {
    return this.#pinned.bytesBehind(this.#written - this.pendingBytes);
  }

  /** Bytes of the largest message of which a part has left and is held. Looks at each of them. */
  get largestBytes(): number {
    return Math.max(this.#pinned.largestBytes, this.sent.largestBytes);
  }

  /** The connection may have got rid of some of what it had. */
  unpin(): void {
    if (this.#pinned.isEmpty && this.#ofStreams.size === 0) return;
    const gone = this.#written - this.pendingBytes;
    this.#pinned.left(gone);
    for (;;) {
      const { first } = this.#ofStreams;
      if (first === undefined || first.end > gone) return;
      this.#ofStreams.shift();
      this.#pendingStreamBytes -= first.bytes;
    }
  }

  attach(link: Link | undefined): void {
    this.#pinned.clear();
    this.#link = link;
    this.#leaving = [];
    this.#leavingBytes = 0;
    this.#written = 0;
    this.#ofStreams.clear();
    this.#pendingStreamBytes = 0;
  }

  /** Sends a counted frame. */
  transmit(outgoing: Outgoing): void {
    outgoing.left();
    for (const id of outgoing.names) this.#announce(id);
    this.writeFrame(outgoing);
    this.sent.add(outgoing);
  }

  /**
   * Writes a counted frame, without counting it.
   * @throws {MyelinError} `ERR_NOT_SERIALIZABLE` when the memory of its body is gone
   */
  writeFrame({ body, frame, isOfStream, length, whole }: Outgoing): void {
    if (body !== undefined && frame.length + body.length !== length) throw goneError();
    if (isOfStream === true) {
      this.#ofStreams.push({ bytes: length, end: this.#written + length });
      this.#pendingStreamBytes += length;
    }
    if (body === undefined) return this.write(frame);
    this.#add(frame);
    if (whole !== undefined) {
      this.#pinned.add({ body: whole, bytes: body.length, end: this.#written + body.length });
    }
    this.write(body);
  }

  /** Sends a frame that is not counted. */
  write(frame: Uint8Array): void {
    this.#add(frame);
    if (this.#leavingBytes >= handedOnBytes) this.flush();
  }

  /** Hands everything to the connection. */
  flush(): void {
    const frames = this.#leaving;
    const link = this.#link;
    if (frames.length === 0 || link === undefined) return;
    this.#leaving = [];
    this.#leavingBytes = 0;
    try {
      const parts = frames.length === 1 ? frames : joinShort(frames);
      if (parts.length > 1 && link.sendAll !== undefined) link.sendAll(parts);
      else for (const part of parts) link.send(part);
      this.unpin();
    } catch {
      // The connection is closing: its end is about to be told.
      this.attach(undefined);
    }
  }

  #add(part: Uint8Array): void {
    this.#leaving.push(part);
    this.#leavingBytes += part.length;
    this.#written += part.length;
  }

  #announce(id: number): void {
    if (this.#announced[id] === true) return;
    this.#announced[id] = true;
    const outgoing = nameFrame(this.#names.byId(id) as Name);
    this.write(outgoing.frame);
    this.sent.add(outgoing);
  }
}

/** The same bytes, with fewer borders between them. */
function joinShort(parts: readonly Uint8Array[]): Uint8Array[] {
  const joined: Uint8Array[] = [];
  let start = 0;
  for (let index = 0; index <= parts.length; index += 1) {
    const part = parts[index];
    if (part !== undefined && part.length < joinedBytes) continue;
    const short = parts.slice(start, index);
    if (short.length > 0)
      joined.push(short.length === 1 ? (short[0] as Uint8Array) : Buffer.concat(short));
    if (part !== undefined) joined.push(part);
    start = index + 1;
  }
  return joined;
}
