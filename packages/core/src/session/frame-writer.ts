/**
 * Hands frames to the connection: few large writes rather than many small ones, each name before its
 * first use, and every counted frame remembered until it is acknowledged.
 */
import type { Connection } from "../transport/transport.ts";
import { type Name, type NameTable, nameFrame } from "./name-table.ts";
import type { Outgoing } from "./outgoing.ts";
import { SentFrames } from "./sent-frames.ts";

/** What is written to: a connection that is established. */
export type Link = Pick<Connection, "send" | "writable" | "pendingBytes">;

/** Frames that leave together and are shorter than this are joined into one write. */
const joinedBytes = 64 * 1024;

export class FrameWriter {
  readonly sent: SentFrames;
  readonly #names: NameTable;
  readonly #announced: boolean[] = [];
  #link: Link | undefined;
  #leaving: Buffer[] = [];
  #leavingBytes = 0;

  /** @param keepsSent what was sent is kept whole until it is acknowledged */
  constructor(names: NameTable, keepsSent: boolean) {
    this.#names = names;
    this.sent = new SentFrames(keepsSent);
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

  attach(link: Link | undefined): void {
    this.#link = link;
    this.#leaving = [];
    this.#leavingBytes = 0;
  }

  /** Sends a counted frame. */
  transmit(outgoing: Outgoing): void {
    outgoing.left();
    for (const id of outgoing.names) this.#announce(id);
    this.write(outgoing.frame);
    this.sent.add(outgoing);
  }

  /** Sends a frame that is not counted. */
  write(frame: Buffer): void {
    this.#leaving.push(frame);
    this.#leavingBytes += frame.length;
    if (this.#leavingBytes >= joinedBytes) this.flush();
  }

  /** Hands everything to the connection. */
  flush(): void {
    const frames = this.#leaving;
    const link = this.#link;
    if (frames.length === 0 || link === undefined) return;
    const bytes = this.#leavingBytes;
    this.#leaving = [];
    this.#leavingBytes = 0;
    try {
      if (frames.length === 1) link.send(frames[0] as Buffer);
      else if (bytes < 2 * joinedBytes) link.send(Buffer.concat(frames, bytes));
      else for (const frame of frames) link.send(frame);
    } catch {
      // The connection is closing: its end is about to be told.
      this.attach(undefined);
    }
  }

  #announce(id: number): void {
    if (this.#announced[id] === true) return;
    this.#announced[id] = true;
    const outgoing = nameFrame(this.#names.byId(id) as Name);
    this.write(outgoing.frame);
    this.sent.add(outgoing);
  }
}
