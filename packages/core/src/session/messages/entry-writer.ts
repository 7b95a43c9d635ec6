/** Writes the heads of messages, one behind the other; `docs/protocol-myelin.md` has their layout. */
import { ByteReader } from "../../bytes/byte-reader.ts";
import { writeVarint } from "../../bytes/varint.ts";
import { type CallType, entryKind, tagBits } from "../wire.ts";
import type { Name } from "./name-table.ts";

const firstBytes = 64;
/** No head is longer, a name and headers in it apart. */
const longestHeadBytes = 48;

/** What the head of a call says. */
export interface CallHead {
  /** Given when it is written. */
  id: number;
  readonly type: CallType;
  readonly name: Name;
  /** 0: none. */
  readonly timeoutMs: number;
  /** When that began, by the clock of the session. */
  readonly since: number;
  readonly headers?: Buffer | undefined;
  /** Bytes of items that the handler may send at first; for streams and duplexes. */
  readonly credit?: number | undefined;
}

/** `data` is where a message's data is: one of `payload` in wire.ts. */
export class EntryWriter {
  #block: Buffer = Buffer.allocUnsafe(firstBytes);
  #length = 0;
  readonly #names: number[] = [];
  /** Where the time limits of calls are, and since when each runs. */
  #limits: { readonly at: number; readonly since: number }[] | undefined;

  get length(): number {
    return this.#length;
  }

  /** Numbers of the names that were written. */
  get names(): readonly number[] {
    return this.#names;
  }

  /** Everything written; valid until the next head. */
  get bytes(): Buffer {
    return this.#block.subarray(0, this.#length);
  }

  copyTo(target: Buffer, at: number): void {
    this.#block.copy(target, at, 0, this.#length);
  }

  /** All heads of another one, which has no calls. */
  append(other: EntryWriter): void {
    const { bytes, names } = other;
    if (this.#length + bytes.length > this.#block.length) this.#grow(this.#length + bytes.length);
    this.#block.set(bytes, this.#length);
    this.#length += bytes.length;
    for (const id of names) this.#uses(id);
  }

  event(name: Name, data: number, headers?: Buffer): void {
    this.#begin(entryKind.event, data, name.bytes.length, headers);
    this.#name(name);
    if (headers !== undefined) this.#bytes(headers);
  }

  call(head: CallHead, data: number): void {
    const { id, type, name, since, timeoutMs, credit, headers } = head;
    this.#begin(entryKind.call, data, name.bytes.length, headers);
    this.#varint(id);
    this.#byte(type);
    this.#name(name);
    if (timeoutMs > 0) (this.#limits ??= []).push({ at: this.#length, since });
    this.#varint(timeoutMs);
    if (credit !== undefined) this.#varint(credit);
    if (headers !== undefined) this.#bytes(headers);
  }

  result(id: number, data: number): void {
    this.#begin(entryKind.result, data);
    this.#varint(id);
  }

  error(id: number, code: number, ran: number, data: number): void {
    this.#begin(entryKind.error, data);
    this.#varint(id);
    this.#byte(code);
    this.#byte(ran);
  }

  cancel(id: number, reason: number): void {
    this.#begin(entryKind.cancel, 0);
    this.#varint(id);
    this.#byte(reason);
  }

  item(id: number, data: number): void {
    this.#begin(entryKind.item, data);
    this.#varint(id);
  }

  end(id: number): void {
    this.#begin(entryKind.end, 0);
    this.#varint(id);
  }

  fail(id: number, data: number): void {
    this.#begin(entryKind.fail, data);
    this.#varint(id);
  }

  stop(id: number): void {
    this.#begin(entryKind.stop, 0);
    this.#varint(id);
  }

  credit(id: number, limit: number): void {
    this.#begin(entryKind.credit, 0);
    this.#varint(id);
    this.#varint(limit);
  }

  /**
   * Subtracts from the time limit of each call what has passed of it; 1 ms stays at least.
   * @returns where the head that began at an offset begins now; undefined when all are where they were
   */
  elapse(now: number): ((at: number) => number) | undefined {
    const limits = this.#limits;
    this.#limits = undefined;
    const [first] = limits ?? [];
    if (limits === undefined || first === undefined || now - first.since < 1) return undefined;
    const before = Buffer.from(this.bytes);
    const reader = new ByteReader();
    const moves: { readonly from: number; readonly by: number }[] = [];
    let copied = 0;
    this.#length = 0;
    for (const { at, since } of limits) {
      this.#length += before.copy(this.#block, this.#length, copied, at);
      const timeoutMs = reader.reset(before, at).varint();
      copied = reader.position;
      this.#varint(Math.max(1, timeoutMs - Math.floor(now - since)));
      moves.push({ from: copied, by: copied - this.#length });
    }
    this.#length += before.copy(this.#block, this.#length, copied);
    return (at) => moves.reduce((moved, { by, from }) => (from <= at ? at - by : moved), at);
  }

  /** The head that begins at `at` is counted by the peer, but not acted on. */
  abandon(at: number): void {
    this.#block[at] = (this.#block[at] as number) | tagBits.abandoned;
  }

  #begin(kind: number, data: number, nameBytes = 0, headers?: Buffer): void {
    const needed = this.#length + longestHeadBytes + nameBytes + (headers?.length ?? 0);
    if (needed > this.#block.length) this.#grow(needed);
    this.#byte(kind | data | (headers === undefined ? 0 : tagBits.headers));
  }

  #name(name: Name): void {
    const { id, bytes } = name;
    this.#varint(id);
    if (id === 0) this.#bytes(bytes);
    else this.#uses(id);
  }

  #uses(id: number): void {
    // Most ticks use one name or two.
    if (!this.#names.includes(id)) this.#names.push(id);
  }

  #bytes(bytes: Buffer): void {
    this.#varint(bytes.length);
    this.#block.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #byte(value: number): void {
    this.#block[this.#length++] = value;
  }

  #varint(value: number): void {
    this.#length = writeVarint(this.#block, this.#length, value);
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#block.length * 2));
    this.copyTo(larger, 0);
    this.#block = larger;
  }
}
