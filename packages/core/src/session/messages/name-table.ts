/**
 * The names that an endpoint sends, each a small number once it has proved to come back. One table
 * serves all sessions of an endpoint, so that a frame has the same bytes for every peer and a
 * broadcast can share them; which names a peer has been told is the session's to know.
 */
import type { ByteReader } from "../../bytes/byte-reader.ts";
import { varintLength, writeVarint } from "../../bytes/varint.ts";
import { MyelinError } from "../../errors.ts";
import { frameHeaderBytes } from "../../framing/length-prefix.ts";
import { limits } from "../../limits.ts";
import { newFrame, SingleFrame } from "../sending/message-frames.ts";
import { frameKind } from "../wire.ts";
import type { NameSource } from "./entry-reader.ts";
import { readName } from "./name-book.ts";

/** A name that is sent with messages. */
export interface Name {
  readonly text: string;
  readonly bytes: Buffer;
  /** The number under which it travels; 0: it travels as text. */
  id: number;
  /** How often it was sent without a number. */
  uses: number;
}

const noBytes = Buffer.alloc(0);

/** A name gets its number at this use: those made up for a single message never do. */
const usesBeforeNumber = 3;

export class NameTable implements NameSource {
  readonly #names = new Map<string, Name>();
  readonly #numbered: Name[] = [];

  /** @param known names that are certain to be used: they are numbered at once */
  constructor(known: Iterable<string> = []) {
    for (const text of known) this.#number(this.#add(text));
  }

  /**
   * The name as it is to be sent now.
   * @throws {MyelinError} `ERR_CONFIG` when it is no name.
   */
  use(text: string): Name {
    const name = this.#names.get(text) ?? this.#add(text);
    if (name.id === 0) {
      name.uses += 1;
      if (name.uses >= usesBeforeNumber) this.#number(name);
    }
    return name;
  }

  /** Reads a name that was written with this table. */
  read(reader: ByteReader): string {
    const id = reader.varint();
    return id === 0 ? readName(reader, reader.varint()) : (this.byId(id) as Name).text;
  }

  /** The name of a number that this table gave. */
  byId(id: number): Name | undefined {
    return this.#numbered[id - 1];
  }

  #add(text: string): Name {
    const bytes = checkName(text);
    const name: Name = { text, bytes, id: 0, uses: 0 };
    // Names made up at run time must not fill the memory: when there are too many candidates, all of
    // them start anew.
    if (this.#names.size >= 2 * limits.maxNames) this.#forgetCandidates();
    this.#names.set(text, name);
    return name;
  }

  #number(name: Name): void {
    if (this.#numbered.length >= limits.maxNames) return;
    this.#numbered.push(name);
    name.id = this.#numbered.length;
  }

  #forgetCandidates(): void {
    for (const [text, { id }] of this.#names) if (id === 0) this.#names.delete(text);
  }
}

/**
 * The name as it travels.
 * @throws {MyelinError} `ERR_CONFIG` when it is none: not text, empty, too long, or with half a
 * character in it, which would arrive as another.
 */
export function checkName(text: string): Buffer {
  const bytes = typeof text === "string" ? Buffer.from(text, "utf8") : noBytes;
  if (bytes.length === 0 || bytes.toString("utf8") !== text) {
    const what = typeof text === "string" ? JSON.stringify(text) : typeof text;
    throw new MyelinError("ERR_CONFIG", `a name must be text, not ${what}`);
  }
  if (bytes.length <= limits.maxNameBytes) return bytes;
  const message = `a name has at most ${limits.maxNameBytes} bytes: ${text.slice(0, 40)}...`;
  throw new MyelinError("ERR_CONFIG", message);
}

/** Tells the peer what a number stands for. */
export function nameFrame({ id, bytes }: Name): SingleFrame {
  const frame = newFrame(frameKind.name, varintLength(id) + bytes.length);
  frame.set(bytes, writeVarint(frame, frameHeaderBytes, id));
  return new SingleFrame(frame, {});
}
