/**
 * The small messages of one tick on their way out: their heads in one block, their data as one JSON
 * array text, so that the peer decodes them with one parse. A batch takes messages as long as it is
 * open; sealing it makes its frame.
 */
import { ByteReader } from "../../bytes/byte-reader.ts";
import { varintLength, writeVarint } from "../../bytes/varint.ts";
import { frameHeaderBytes } from "../../framing/length-prefix.ts";
import { type NameSource, readEntry } from "../messages/entry-reader.ts";
import { type CallHead, EntryWriter } from "../messages/entry-writer.ts";
import type { Name, NameTable } from "../messages/name-table.ts";
import { type UnsentEvent, type UnsentMessage, unsentMessage } from "../messages/unsent-message.ts";
import { entryCost, frameKind, payload, tagBits } from "../wire.ts";
import { newFrame } from "./message-frames.ts";
import type { Outgoing } from "./outgoing.ts";

const noFrame = Buffer.alloc(0);
const noEntries = new EntryWriter();

/** A batch that holds what `write` puts into it, and takes no more. */
export function sealedBatch(write: (batch: Batch) => void): Batch {
  const batch = new Batch();
  write(batch);
  batch.seal();
  return batch;
}

/** Of one that has nothing else. */
export function eventsOf(batch: Batch, names: NameSource): UnsentEvent[] {
  return batch.unsent(names).filter((each) => each.kind === "event");
}

export class Batch implements Outgoing {
  #entries = new EntryWriter();
  #json = "";
  #count = 0;
  #frame: Buffer = noFrame;
  #headsAt = 0;
  /** Where heads are that were elsewhere before it was sealed. */
  #moved: ((at: number) => number) | undefined;
  readonly serial: number;
  readonly isPart: boolean;
  readonly age: number;
  joined: number[] | undefined;
  readonly body = undefined;
  events = 0;
  calls = 0;
  number = 0;
  #hasLeft = false;
  #whenLeft: (() => void)[] | undefined;

  /**
   * @param isPart the rest of that number waits still
   * @param age what is of another was accepted at another time, and does not go into one batch with it
   */
  constructor(serial = 0, isPart = false, age = 0) {
    this.serial = serial;
    this.isPart = isPart;
    this.age = age;
  }

  /** It has been handed to a connection. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** It is being handed to a connection. */
  left(): void {
    this.#hasLeft = true;
    const waiting = this.#whenLeft;
    this.#whenLeft = undefined;
    // In a turn of their own: they send, and a frame is on its way here.
    for (const run of waiting ?? []) queueMicrotask(run);
  }

  /** Calls back when it has left: for what must not come before it. */
  whenLeft(run: () => void): void {
    if (this.#hasLeft) run();
    else (this.#whenLeft ??= []).push(run);
  }

  /** Roughly the bytes of the frame to be: exactly so for what is ASCII. */
  get size(): number {
    return this.#frame === noFrame ? this.#entries.length + this.#json.length : this.#frame.length;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  get frame(): Buffer {
    return this.#frame;
  }

  get length(): number {
    return this.#frame.length;
  }

  get names(): readonly number[] {
    return this.#entries.names;
  }

  get isEvents(): boolean {
    return this.events === this.#count;
  }

  /** Events and calls: what the peer's window counts. */
  get windowed(): number {
    return this.events + this.calls;
  }

  /** What it takes of the peer's window. */
  get cost(): number {
    const { windowed } = this;
    return windowed === 0 ? 0 : this.size - frameHeaderBytes + entryCost * windowed;
  }

  event(name: Name, json: string | undefined, headers?: Buffer): void {
    this.#entries.event(name, this.#data(json), headers);
    this.events += 1;
  }

  /** Another one, of nothing but events, goes with it. */
  append(other: Batch): void {
    this.#entries.append(other.#entries);
    if (this.#json === "") this.#json = other.#json;
    else if (other.#json !== "") this.#json += `,${other.#json.slice(1)}`;
    this.#count += other.#count;
    this.events += other.events;
    (this.joined ??= []).push(other.serial);
  }

  /** Makes two of one of nothing but events: so many of them, and the others. It is of no use then. */
  split(count: number, names: NameTable): readonly [Batch, Batch] {
    const first = new Batch(this.serial, true, this.age);
    const rest = new Batch(this.serial, false, this.age);
    for (const [index, event] of eventsOf(this, names).entries()) {
      const { encoded, headers, name } = event;
      const target = index < count ? first : rest;
      // What is in a batch is text, or nothing.
      target.event(names.use(name), encoded as string | undefined, headers);
    }
    return [first, rest];
  }

  /** @returns where its head is, for {@link abandon}. */
  call(head: CallHead, json: string | undefined): number {
    const at = this.#entries.length;
    this.#entries.call(head, this.#data(json));
    this.calls += 1;
    return at;
  }

  result(id: number, json: string | undefined): void {
    this.#entries.result(id, this.#data(json));
  }

  error(id: number, code: number, ran: number, json: string | undefined): void {
    this.#entries.error(id, code, ran, this.#data(json));
  }

  cancel(id: number, reason: number): void {
    this.#count += 1;
    this.#entries.cancel(id, reason);
  }

  end(id: number): void {
    this.#count += 1;
    this.#entries.end(id);
  }

  fail(id: number, json: string): void {
    this.#entries.fail(id, this.#data(json));
  }

  stop(id: number): void {
    this.#count += 1;
    this.#entries.stop(id);
  }

  credit(id: number, limit: number): void {
    this.#count += 1;
    this.#entries.credit(id, limit);
  }

  /** The call whose head was put there is counted by the peer, but not started. */
  abandon(at: number): void {
    if (this.#headsAt === 0) this.#entries.abandon(at);
    else if (this.#frame !== noFrame) {
      const tagAt = this.#headsAt + (this.#moved?.(at) ?? at);
      this.#frame[tagAt] = (this.#frame[tagAt] as number) | tagBits.abandoned;
    }
  }

  /** Makes the frame. The batch takes no more messages. `now`: time limits of its calls run. */
  seal(now?: number): void {
    if (now !== undefined) this.#moved = this.#entries.elapse(now);
    const json = this.#json === "" ? "" : `${this.#json}]`;
    const jsonBytes = Buffer.byteLength(json);
    const headsAt = frameHeaderBytes + varintLength(this.#count);
    const jsonAt = headsAt + this.#entries.length;
    const frame = newFrame(frameKind.batch, jsonAt + jsonBytes - frameHeaderBytes);
    writeVarint(frame, frameHeaderBytes, this.#count);
    this.#entries.copyTo(frame, headsAt);
    // Text that has as many bytes as units is ASCII, which is copied instead of encoded.
    frame.write(json, jsonAt, jsonBytes === json.length ? "latin1" : "utf8");
    this.#json = "";
    this.#headsAt = headsAt;
    this.#frame = frame;
  }

  /** It has left and will not be needed again: only what it counted for is kept. */
  forgetFrame(): void {
    this.#frame = noFrame;
    this.#entries = noEntries;
  }

  /** Its events and calls, but for those taken back, as they were put in. It takes no more. */
  unsent(names: NameSource): UnsentMessage[] {
    if (this.#frame === noFrame) this.seal();
    const reader = new ByteReader().reset(this.#frame);
    reader.skip(this.#headsAt);
    const entries = Array.from({ length: this.#count }, () => readEntry(reader, names));
    const json = this.#frame.toString("utf8", reader.position);
    const data = json === "" ? [] : (JSON.parse(json) as unknown[]);
    return entries.flatMap((entry) => {
      const encoded = entry.data === payload.json ? JSON.stringify(data.shift()) : undefined;
      return unsentMessage(entry, encoded);
    });
  }

  #data(json: string | undefined): number {
    this.#count += 1;
    if (json === undefined) return payload.none;
    this.#json += this.#json === "" ? `[${json}` : `,${json}`;
    return payload.json;
  }
}
