/**
 * Reads the frames of a session: checks that they keep the rules of the wire, puts together what
 * came in pieces, counts, and hands on whole messages, in order.
 */
import { isUtf8 } from "node:buffer";
import { ByteReader } from "../../bytes/byte-reader.ts";
import { decodeUtf8 } from "../../bytes/text-queue.ts";
import { parseJsonText } from "../../codec/json-text.ts";
import { MyelinError } from "../../errors.ts";
import { frameHeaderBytes } from "../../framing/length-prefix.ts";
import { WithBytes } from "../messages/bytes-beside.ts";
import { largestBody } from "../messages/data-codecs.ts";
import { type Entry, isControl, isWindowed, readEntry } from "../messages/entry-reader.ts";
import { NameBook } from "../messages/name-book.ts";
import { checkProtoKeys } from "../messages/proto-keys.ts";
import type { WindowSize } from "../sending/send-window.ts";
import { ItemsSource } from "../streams/parsed-items.ts";
import {
  codecId,
  entryCost,
  entryKind,
  firstIgnorableKind,
  frameKind,
  isCounted,
  payload,
} from "../wire.ts";
import { type ArrivingBody, BodyPlaces } from "./arriving-body.ts";
import { Assemblies, type AssembliesOptions } from "./assemblies.ts";
import { Assembly } from "./assembly.ts";
import { Receipt, ReceiveWindow } from "./receive-window.ts";

/** Who hears what arrived. What it throws ends the connection. */
export interface InboxSink {
  /** Messages of one frame follow, until `endBatch`. */
  beginBatch(): void;
  endBatch(): void;
  /** An event, a call, or anything that belongs to a call. `receipt` is there for events and calls. */
  onMessage(
    entry: Entry,
    data: unknown,
    receipt: Receipt | undefined,
    bytes?: readonly Uint8Array[],
  ): void;
  /**
   * Whether somebody reads the items of this stream.
   * @throws {MyelinError} `ERR_PROTOCOL` when its producer has no credit for another one
   */
  admitsItem(id: number): boolean;
  /** Items of a stream, at least one, and what they cost of its credit. */
  onItems(id: number, items: readonly unknown[], cost: number, source: ItemsSource): void;
  /** A frame that is not counted; the reader is at its payload. */
  onControl(kind: number, reader: ByteReader): void;
  /** The handler of an event or call has settled. */
  onSettled(): void;
}

export interface InboxOptions extends AssembliesOptions {
  /** What was granted to the peer. */
  readonly window: WindowSize;
  readonly maxFrameBytes: number;
  /** The largest message as JSON, and as plain bytes. */
  readonly maxMessageBytes: number;
  readonly maxBinaryBytes: number;
  /** Decodes data that is not in a batch. `isOwn`: nobody else has these bytes. */
  readonly decode: (codec: number, body: Buffer, isOwn: boolean) => unknown;
  /** The longest headers of a message. */
  readonly maxHeaderBytes: number;
  /** Refuse JSON that has a key `__proto__`. */
  readonly rejectProtoKeys: boolean;
}

export class Inbox {
  /** Counted frames that were handed on. */
  received = 0;
  /** Their bytes, and the messages in them. */
  bytes = 0;
  messages = 0;
  readonly window: ReceiveWindow;
  readonly #options: InboxOptions;
  readonly #sink: InboxSink;
  readonly #reader = new ByteReader();
  readonly #names = new NameBook();
  readonly #assemblies: Assemblies;
  readonly #places: BodyPlaces;
  #arriving: ArrivingBody | undefined;
  #stopped = false;

  constructor(sink: InboxSink, options: InboxOptions) {
    this.#sink = sink;
    this.#options = options;
    this.window = new ReceiveWindow(options.window, 4 * options.maxFrameBytes);
    this.#assemblies = new Assemblies(options);
    this.#places = new BodyPlaces(this.#names, this.#assemblies.bySlot);
  }

  /** Large messages that have not arrived whole. */
  get assemblies(): Assemblies {
    return this.#assemblies;
  }

  /** Hands on nothing more, not even of the frame that is being read. */
  stop(): void {
    this.#stopped = true;
    this.#arriving = undefined;
    this.#assemblies.clear();
  }

  /** The bytes that were given are all read, and are not kept: an idle peer would have its last ones here. */
  letGo(): void {
    this.#reader.clear();
  }

  /** The connection is gone, and with it the frame of which not everything was here: it comes again. */
  detached(): void {
    this.#arriving = undefined;
  }

  /** @throws {MyelinError} `ERR_PROTOCOL`, `ERR_BAD_FRAME` or `ERR_TOO_LARGE`: the peer broke a rule. */
  onFrame(kind: number, bytes: Buffer, start: number, end: number): void {
    if (this.#stopped) return;
    // Counted before anybody hears of it: a handler that throws must not have it sent again.
    if (isCounted(kind)) {
      this.received += 1;
      this.bytes += frameHeaderBytes + end - start;
    }
    const reader = this.#reader.reset(bytes, start, end);
    switch (kind) {
      case frameKind.batch:
        this.#readBatch(bytes, end - start);
        break;
      case frameKind.items:
        this.#readItems(bytes, end - start);
        break;
      case frameKind.message:
        this.#readMessage(end - start);
        break;
      case frameKind.opening:
        this.#readOpening();
        break;
      case frameKind.fragment:
        this.#readFragment();
        break;
      case frameKind.name:
        this.#names.define(reader);
        break;
      case frameKind.ping:
      case frameKind.pong:
      case frameKind.ack:
      case frameKind.goodbye:
        this.#sink.onControl(kind, reader);
        break;
      default:
        if (kind < firstIgnorableKind) {
          throw new MyelinError("ERR_PROTOCOL", `a frame of unknown kind ${kind}`);
        }
    }
  }

  /** A long frame is on its way. @returns where its body goes, if it can be written there at once */
  onBegin(
    kind: number,
    bytes: Buffer,
    start: number,
    end: number,
    payloadBytes: number,
  ): Buffer | undefined {
    if (this.#stopped) return undefined;
    const arriving = this.#places.begin(kind, bytes, start, end, payloadBytes);
    this.#arriving = arriving;
    return arriving?.kind === frameKind.message ? arriving.body : arriving?.part;
  }

  /** It is whole. */
  onPlaced(): void {
    const arriving = this.#arriving;
    this.#arriving = undefined;
    if (arriving === undefined || this.#stopped) return;
    this.received += 1;
    this.bytes += frameHeaderBytes + arriving.payloadBytes;
    if (arriving.kind === frameKind.message) {
      const { body, entry, payloadBytes } = arriving;
      this.#checkHeaders(entry);
      this.#checkCoded(entry);
      this.#checkSize(codecId.bytes, body.length);
      const cost = payloadBytes + entryCost;
      this.#decodeAndHandOn(entry, codecId.bytes, body, cost, true);
      return;
    }
    const { part, slot } = arriving;
    this.#handOnWhole(slot, this.#assemblies.reserved(slot, part.length));
  }

  #readBatch(bytes: Buffer, length: number): void {
    const reader = this.#reader;
    const count = reader.varint();
    // Each has a byte at least; an empty batch would cost nothing.
    if (count === 0 || count > reader.remaining) {
      throw new MyelinError("ERR_PROTOCOL", `a batch of ${count} messages`);
    }
    const entries: Entry[] = [];
    let withData = 0;
    let windowed = 0;
    for (let index = 0; index < count; index += 1) {
      const entry = this.#readEntry();
      if (entry.data === payload.coded || entry.kind === entryKind.item) {
        throw new MyelinError("ERR_PROTOCOL", "data of its own in a batch");
      }
      if (entry.data === payload.json) withData += 1;
      if (isWindowed(entry)) windowed += 1;
      if (!isControl(entry)) this.messages += 1;
      entries.push(entry);
    }
    const data = this.#readArray(bytes, withData);
    const receipt = this.#receipt(windowed, length + entryCost * windowed);
    let next = 0;
    let handedOn = 0;
    this.#sink.beginBatch();
    try {
      for (const entry of entries) {
        const value = entry.data === payload.json ? data[next++] : undefined;
        const own = isWindowed(entry) ? receipt : undefined;
        this.#sink.onMessage(entry, value, own);
        if (own !== undefined) handedOn += 1;
        if (this.#stopped) return;
      }
    } finally {
      // Those that no handler has are not to count as at work when the session is over.
      for (; handedOn < windowed; handedOn += 1) receipt?.settle();
      this.#sink.endBatch();
    }
  }

  #readItems(bytes: Buffer, length: number): void {
    const id = this.#reader.varint();
    const count = this.#reader.varint();
    if (count === 0) throw new MyelinError("ERR_PROTOCOL", "items without any");
    const { position, remaining } = this.#reader;
    const items = this.#readArray(bytes, count);
    this.messages += count;
    const text = bytes.subarray(position, position + remaining);
    const source = new ItemsSource(text, false, parseItems);
    this.#sink.onItems(id, items, length + entryCost * count, source);
  }

  /** The rest of the frame: a JSON array with so many elements. */
  #readArray(bytes: Buffer, count: number): readonly unknown[] {
    const { remaining, position } = this.#reader;
    if (count === 0) {
      if (remaining > 0) throw new MyelinError("ERR_PROTOCOL", "data that belongs to no message");
      return [];
    }
    const text = bytes.subarray(position, position + remaining);
    if (this.#options.rejectProtoKeys) checkProtoKeys(text);
    const array = parse(text);
    if (!Array.isArray(array) || array.length !== count) {
      throw new MyelinError("ERR_BAD_FRAME", "the data of a batch does not match its messages");
    }
    return array;
  }

  #readMessage(length: number): void {
    const reader = this.#reader;
    const entry = this.#readEntry();
    const codec = this.#readCodec(entry);
    this.#checkSize(codec, reader.remaining);
    // A view: who decodes copies what it keeps.
    const body = reader.view(reader.remaining);
    this.#decodeAndHandOn(entry, codec, body, length + entryCost, false);
  }

  #readOpening(): void {
    const reader = this.#reader;
    const slot = reader.varint();
    const total = reader.varint();
    const entry = this.#readEntry();
    const codec = this.#readCodec(entry);
    this.#checkSize(codec, total);
    const isItem = entry.kind === entryKind.item;
    this.#assemblies.checkSlot(slot, isItem ? entry.id : undefined);
    const isWanted = !isItem || this.#sink.admitsItem(entry.id);
    const assembly = new Assembly(entry, codec, total, isWanted);
    assembly.add(reader.view(reader.remaining));
    if (assembly.isComplete) throw new MyelinError("ERR_PROTOCOL", "a message opens complete");
    this.#assemblies.open(slot, assembly);
  }

  #readFragment(): void {
    const slot = this.#reader.varint();
    this.#handOnWhole(slot, this.#assemblies.add(slot, this.#reader.view(this.#reader.remaining)));
  }

  /** Hands a large message on if it is complete. */
  #handOnWhole(slot: number, assembly: Assembly): void {
    if (!assembly.isComplete) return;
    this.#assemblies.close(slot, assembly);
    if (!assembly.isWanted) {
      this.messages += 1;
      return;
    }
    const { entry, codec, body, total } = assembly;
    this.#decodeAndHandOn(entry, codec, body, total + entryCost, true);
  }

  #decodeAndHandOn(entry: Entry, codec: number, body: Buffer, cost: number, isOwn: boolean): void {
    const receipt = isWindowed(entry) ? this.#receipt(1, cost) : undefined;
    try {
      const { decode } = this.#options;
      const data = decode(codec, body, isOwn);
      if (entry.kind === entryKind.item) {
        this.messages += 1;
        const source = new ItemsSource(body, isOwn, (own) => [decode(codec, own, true)]);
        this.#sink.onItems(entry.id, [data], cost, source);
      } else this.#handOn(entry, data, receipt);
    } catch (reason) {
      // No handler has it: it is not to count as one that is at work when the session is over.
      receipt?.settle();
      throw reason;
    }
  }

  #readCodec(entry: Entry): number {
    this.#checkCoded(entry);
    return this.#reader.u8();
  }

  #checkCoded({ data }: Entry): void {
    if (data === payload.coded) return;
    throw new MyelinError("ERR_PROTOCOL", "a message of its own without data of its own");
  }

  #checkSize(codec: number, bytes: number): void {
    const max = largestBody(codec, this.#options);
    if (bytes > max) {
      throw new MyelinError("ERR_TOO_LARGE", `a message of ${bytes} bytes exceeds ${max}`);
    }
  }

  #checkHeaders({ headers }: Entry): void {
    if (headers !== undefined && headers.length > this.#options.maxHeaderBytes) {
      throw new MyelinError("ERR_PROTOCOL", `headers of ${headers.length} bytes`);
    }
  }

  #handOn(entry: Entry, data: unknown, receipt: Receipt | undefined): void {
    this.messages += 1;
    if (data instanceof WithBytes) {
      if (!isWindowed(entry)) {
        throw new MyelinError("ERR_PROTOCOL", "bytes beside what is no event and no call");
      }
      this.#sink.onMessage(entry, data.data, receipt, data.bytes);
    } else {
      this.#sink.onMessage(entry, data, receipt);
    }
  }

  #readEntry(): Entry {
    const entry = readEntry(this.#reader, this.#names);
    this.#checkHeaders(entry);
    return entry;
  }

  #receipt(messages: number, bytes: number): Receipt | undefined {
    if (messages === 0) return undefined;
    this.window.receive(messages, bytes);
    return new Receipt(this.window, messages, bytes, this.#sink);
  }
}

const parseItems = (text: Buffer) => parse(text) as readonly unknown[];

function parse(bytes: Buffer): unknown {
  const text = decodeUtf8(bytes, bytes.length);
  // What is no UTF-8 has become U+FFFD: two readers would mend it differently.
  if (text.includes("\ufffd") && !isUtf8(bytes)) {
    throw new MyelinError("ERR_BAD_FRAME", "data that is no UTF-8");
  }
  try {
    return parseJsonText(text);
  } catch (cause) {
    throw new MyelinError("ERR_BAD_FRAME", "data that is no JSON", { cause });
  }
}
