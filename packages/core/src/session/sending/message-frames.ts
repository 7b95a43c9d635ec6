/** Messages whose data is not in a batch: a frame of their own, or several when they are large. */
import { varintLength, writeVarint } from "../../bytes/varint.ts";
import { frameHeaderBytes, writeFrameHeader } from "../../framing/length-prefix.ts";
import type { MessagePlace } from "../calls/call-place.ts";
import { isShared } from "../held-bodies.ts";
import { type Coded, copiedBytes, ownCopy } from "../messages/data-codecs.ts";
import type { CallHead, EntryWriter } from "../messages/entry-writer.ts";
import { codecId, entryCost, frameKind, payload } from "../wire.ts";
import { goneError } from "./lent-bytes.ts";
import type { Outgoing } from "./outgoing.ts";

const noBytes = Buffer.alloc(0);

/** A call that gets its number when it is its turn: one that is taken back before leaves no gap. */
export interface CallToOpen {
  readonly head: CallHead;
  readonly call: {
    /** By which its session knows it, as long as it has no number, too. */
    readonly id: number;
    /** It is about to have its place among what leaves. */
    number(): number;
    /** It waits for that. */
    waits(): void;
  };
}

/** One message with data of its own. */
export interface Message extends Coded {
  /** Holds the message's head and nothing else; of a call nothing before it is its turn. */
  readonly entry: EntryWriter;
  /** Of a call. */
  readonly opening?: CallToOpen | undefined;
  readonly kind: "event" | "call" | "other";
  /** As {@link Outgoing.serial}. */
  readonly serial?: number;
  /** Of a call: where it is, to be taken back. */
  readonly place?: MessagePlace | undefined;
}

/**
 * One that has its place in the order. What was found out of its body is kept with it: the memory of a
 * body that is not copied may be gone when it is its turn.
 */
export interface AcceptedMessage extends Message {
  readonly serial: number;
  body: Uint8Array;
  codec: number;
  /** Bytes of its body. */
  bytes: number;
  /** The memory budget was told of its body. */
  isBorrowed: boolean;
  /** Where it waits. */
  queue: { shrank(bytes: number): void } | undefined;
  /** What it takes of memory beside its body, roughly. */
  readonly besideBytes: number;
}

/** What a frame is worth. */
type Counts = Pick<Outgoing, "events" | "calls" | "names" | "serial">;

/** A frame that is whole. */
export class SingleFrame implements Outgoing {
  frame: Buffer;
  body: Uint8Array | undefined;
  readonly events: number;
  readonly calls: number;
  readonly names: readonly number[];
  readonly serial: number;
  readonly length: number;
  readonly borrowedBytes: number;
  number = 0;
  isOfStream = false;
  whole: Uint8Array | undefined;
  onLeft: (() => void) | undefined;

  /** @param whole all of the message that `body` is a part of */
  constructor(
    frame: Buffer,
    counts: Partial<Counts> = {},
    body?: Uint8Array,
    whole: Uint8Array | undefined = body,
  ) {
    this.frame = frame;
    this.body = body;
    this.whole = whole;
    this.events = counts.events ?? 0;
    this.calls = counts.calls ?? 0;
    this.names = counts.names ?? [];
    this.serial = counts.serial ?? 0;
    this.length = frame.length + (body?.length ?? 0);
    this.borrowedBytes = body !== undefined && isShared(body) ? body.length : 0;
  }

  get isEvents(): boolean {
    return this.events > 0;
  }

  left(): void {
    this.onLeft?.();
  }

  forgetFrame(): void {
    this.frame = noBytes;
    this.body = undefined;
    this.whole = undefined;
  }
}

/** The head is written and gets its number, if it has none, and time has passed. */
export function writeCallHead({ entry, opening }: Message, now: number): void {
  if (opening !== undefined && entry.length === 0) {
    opening.head.id = opening.call.number();
    entry.call(opening.head, payload.coded);
  }
  entry.elapse(now);
}

/** A head of some kilobytes keeps a slab of the pool that its buffer was taken from. */
const slabShare = 3;

/** What a head takes of memory, as long as it waits. */
export function headCost(head: EntryWriter | CallHead): number {
  if ("length" in head) return slabShare * head.length;
  return slabShare * (head.name.bytes.length + (head.headers?.length ?? 0));
}

/** What a message takes of the peer's window, or an item of its stream's credit. */
export function costOf({ entry, body }: Message, isLarge: boolean): number {
  return (isLarge ? body.length : entry.length + 1 + body.length) + entryCost;
}

/** The one frame of a message that is not large. */
export function messageFrame(message: Message): SingleFrame {
  const { entry, codec, body } = message;
  const headBytes = entry.length + 1;
  const isApart = staysApart(message);
  const frame = isApart
    ? newHead(frameKind.message, headBytes, body.length)
    : newFrame(frameKind.message, headBytes + body.length);
  entry.copyTo(frame, frameHeaderBytes);
  frame[frameHeaderBytes + entry.length] = codec;
  if (!isApart) frame.set(body, frameHeaderBytes + headBytes);
  const single = new SingleFrame(frame, countsOf(message), isApart ? body : undefined);
  message.place?.framed(single);
  return single;
}

/** Bytes from which on writing them apart costs less than copying them. */
const worthApart = 4 * 1024;

/** The body need not be copied: nobody changes it, or so the sender has promised. */
function staysApart({ body, isOwn }: Message): boolean {
  return body.length > (isOwn ? worthApart : copiedBytes);
}

/** A message that waits: its bytes are the sender's no more, unless they are borrowed. */
export function ownMessage(message: Message): Message {
  return message.isOwn ? message : { ...message, ...ownCopy(message) };
}

/** Cuts a large message into frames, one at a time, so that others can go between them. */
export class Fragments {
  readonly message: Message;
  /** The number by which the peer keeps the pieces together; free again when the last has left. */
  readonly slot: number;
  /** Its body counts as one that others may hold, too: its memory may be gone when that is to be asked. */
  readonly isBorrowed: boolean;
  readonly #size: number;
  readonly #total: number;
  #sent = 0;

  /**
   * @param size bytes of the body in each frame
   * @param total bytes of the body as it was when it was accepted
   */
  constructor(message: Message, slot: number, size: number, total: number = message.body.length) {
    this.message = message;
    this.slot = slot;
    this.isBorrowed = isShared(message.body);
    this.#size = size;
    this.#total = total;
  }

  /** The peer has a part of it, or is about to. */
  get isBegun(): boolean {
    return this.#sent > 0;
  }

  get isDone(): boolean {
    return this.#sent === this.#total;
  }

  /** All but the last part has left. */
  get isNearlyDone(): boolean {
    return !this.isDone && this.remaining <= this.#size;
  }

  /** Bytes of the body that have not left. */
  get remaining(): number {
    return this.#total - this.#sent;
  }

  /** Bytes of the next frame, its head apart; 0 when all have been made. */
  get nextBytes(): number {
    return Math.min(this.remaining, this.#size);
  }

  /** @throws {MyelinError} `ERR_NOT_SERIALIZABLE` when the memory of its body is gone */
  next(): SingleFrame {
    const isFirst = this.#sent === 0;
    const end = Math.min(this.#sent + this.#size, this.#total);
    const { body } = this.message;
    if (body.length !== this.#total) throw goneError();
    const part = body.subarray(this.#sent, end);
    this.#sent = end;
    this.message.place?.leaves(this.isDone);
    const counts = this.isDone ? countsOf(this.message) : {};
    if (!isFirst) {
      const fragment = new SingleFrame(this.#fragment(part), counts, part, body);
      if (this.isDone) this.message.place?.endsIn(fragment);
      return fragment;
    }
    const { names } = this.message.entry;
    return new SingleFrame(this.#opening(part), { ...counts, names }, part, body);
  }

  #opening(part: Uint8Array): Buffer {
    const { entry, codec, body } = this.message;
    const headBytes = varintLength(this.slot) + varintLength(body.length) + entry.length + 1;
    const frame = newHead(frameKind.opening, headBytes, part.length);
    let at = writeVarint(frame, frameHeaderBytes, this.slot);
    at = writeVarint(frame, at, body.length);
    entry.copyTo(frame, at);
    at += entry.length;
    frame[at] = codec;
    return frame;
  }

  #fragment(part: Uint8Array): Buffer {
    const headBytes = varintLength(this.slot);
    const frame = newHead(frameKind.fragment, headBytes, part.length);
    writeVarint(frame, frameHeaderBytes, this.slot);
    return frame;
  }
}

/** A frame of the right size whose payload is still to be written, from `frameHeaderBytes` on. */
export function newFrame(kind: number, payloadBytes: number): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + payloadBytes);
  writeFrameHeader(frame, 0, kind, payloadBytes);
  return frame;
}

/** The same without room for the body, which follows it. */
function newHead(kind: number, headBytes: number, bodyBytes: number): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + headBytes);
  writeFrameHeader(frame, 0, kind, headBytes + bodyBytes);
  return frame;
}

function countsOf(message: Message): Counts {
  const { kind, entry, serial = 0 } = message;
  return {
    events: kind === "event" ? 1 : 0,
    calls: kind === "call" ? 1 : 0,
    names: entry.names,
    serial,
  };
}

/** What is left of a message is its head. */
export function emptyBody(message: AcceptedMessage): void {
  Object.assign(message, { body: noBytes, codec: codecId.bytes, bytes: 0, isBorrowed: false });
}
