// Runs the vectors of the session both ways: what we write is these bytes, and what we make of these
// bytes is this. Another implementation computed the bytes.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ByteReader } from "../../src/bytes/byte-reader.ts";
import { CodecRegistry } from "../../src/codec/codec-registry.ts";
import { taggedJsonCodec } from "../../src/codec/tagged-json.ts";
import { frameHeaderBytes, LengthPrefixDecoder } from "../../src/framing/length-prefix.ts";
import { limits } from "../../src/limits.ts";
import type { TraceContext } from "../../src/peer/handlers.ts";
import { type Goodbye, goodbyeFrame, readGoodbye } from "../../src/session/goodbye.ts";
import type { WithBytes } from "../../src/session/messages/bytes-beside.ts";
import { type Coded, DataCodecs } from "../../src/session/messages/data-codecs.ts";
import type { Entry } from "../../src/session/messages/entry-reader.ts";
import { EntryWriter } from "../../src/session/messages/entry-writer.ts";
import { currentHeaders, readTrace } from "../../src/session/messages/message-headers.ts";
import { type Name, nameFrame } from "../../src/session/messages/name-table.ts";
import { Inbox } from "../../src/session/receiving/inbox.ts";
import { Batch } from "../../src/session/sending/batch.ts";
import { ControlFrames } from "../../src/session/sending/control-frames.ts";
import {
  costOf,
  Fragments,
  type Message,
  messageFrame,
} from "../../src/session/sending/message-frames.ts";
import {
  type CallType,
  callType,
  codecId,
  entryKind,
  frameKind,
  payload,
} from "../../src/session/wire.ts";
import type { Connection } from "../../src/transport/transport.ts";
import { bytePeer } from "./byte-peer.ts";
import { noCodecs, terms } from "./session-pair.ts";

interface MessageVector {
  kind: keyof typeof entryKind;
  id?: number;
  name?: string;
  number?: number;
  type?: keyof typeof callType;
  timeoutMs?: number;
  credit?: number;
  limit?: number;
  code?: number;
  ran?: number;
  reason?: number;
  abandoned?: boolean;
  data?: unknown;
}

/** A message with data of its own: `bytes` when the data is that, else `data`. */
interface CodedVector {
  name: string;
  message: MessageVector;
  codec: number;
  body: string;
  bytes?: string;
  data?: unknown;
  cost: number;
}

interface Vectors {
  batches: {
    name: string;
    names?: Record<string, string>;
    messages: MessageVector[];
    cost: { messages: number; bytes: number };
    hex: string;
  }[];
  names: { name: string; number: number; text: string; hex: string }[];
  items: { name: string; id: number; items: unknown[]; cost: number; hex: string }[];
  messages: (CodedVector & { hex: string })[];
  large: (CodedVector & { slot: number; pieceBytes: number; hex: string[] })[];
  control: (
    | { name: string; kind: "ping" | "pong"; bytes: string; hex: string }
    | { name: string; kind: "ack"; frames: number; messages: number; bytes: number; hex: string }
  )[];
  goodbyes: { name: string; goodbye: Goodbye; hex: string }[];
  beside: (Omit<CodedVector, "codec"> & { inner: number; parts: string[]; hex: string })[];
  headers: { name: string; headers: string; trace?: TraceContext; hex: string }[];
  skipped: { name: string; counted: boolean; hex: string }[];
  refused: { name: string; code: string; hex: string }[];
}

const vectors = JSON.parse(
  readFileSync(new URL("../../../../docs/vectors/myelin-session.json", import.meta.url), "utf8"),
) as Vectors;

const bytesOf = (hex: string): Buffer => Buffer.from(hex, "hex");
const nameOf = ({ name: text = "", number: id = 0 }: MessageVector): Name => ({
  ...{ text, id, uses: 0 },
  bytes: Buffer.from(text),
});

/** What an inbox makes of frames. */
class Heard {
  readonly messages: (Partial<Entry> & { value: unknown })[] = [];
  readonly items: { id: number; items: readonly unknown[]; cost: number }[] = [];
  readonly control: { kind: number; payload: Buffer }[] = [];
  readonly inbox: Inbox;

  constructor(hex: readonly string[]) {
    const registry = new CodecRegistry();
    this.inbox = new Inbox(
      {
        beginBatch: () => {},
        endBatch: () => {},
        onMessage: (entry, value, receipt) => {
          this.messages.push({ ...entry, value });
          receipt?.settle();
        },
        admitsItem: () => true,
        onItems: (id, items, cost) => this.items.push({ id, items, cost }),
        onControl: (kind, reader) => {
          this.control.push({ kind, payload: Buffer.from(reader.view(reader.remaining)) });
        },
        onSettled: () => {},
      },
      {
        ...terms,
        maxStreams: 100,
        now: () => 0,
        onOpening() {},
        decode: (codec, body, isOwn) => registry.byId(codec)?.decode(body, isOwn),
        maxHeaderBytes: limits.maxHeaderBytes,
        rejectProtoKeys: false,
      },
    );
    const decoder = new LengthPrefixDecoder(this.inbox, terms);
    for (const each of hex) {
      const bytes = bytesOf(each);
      decoder.push(bytes);
      // As those of a reused buffer would be.
      bytes.fill(0xdd);
    }
  }

  /** What was settled, all of it: what the frames took of the window. */
  get cost(): { messages: number; bytes: number } {
    const { settledBytes: bytes, settledMessages: messages } = this.inbox.window;
    return { messages, bytes };
  }
}

/** The entry as a reader must give it. */
function entryOf(message: MessageVector, names: Record<string, string> = {}): Partial<Entry> {
  const { kind, number = 0, type = "call", timeoutMs, ran, code, reason, limit, credit } = message;
  return {
    kind: entryKind[kind],
    abandoned: message.abandoned ?? false,
    id: message.id ?? 0,
    name: message.name ?? names[number] ?? "",
    detail: kind === "call" ? callType[type] : (code ?? reason ?? 0),
    amount: timeoutMs ?? ran ?? 0,
    credit: credit ?? limit ?? 0,
    headers: undefined,
  };
}

function callHead(message: MessageVector) {
  const { id = 0, type = "call", timeoutMs = 0, credit } = message;
  const name = nameOf(message);
  return { id, type: callType[type] satisfies CallType, name, timeoutMs, since: 0, credit };
}

/** Adds a message to a batch, as those do who send. */
function addTo(batch: Batch, message: MessageVector): void {
  const { kind, id = 0, data, code = 0, ran = 0, reason = 0, limit = 0 } = message;
  const json = "data" in message ? JSON.stringify(data) : undefined;
  switch (kind) {
    case "event":
      batch.event(nameOf(message), json);
      break;
    case "call": {
      const at = batch.call(callHead(message), json);
      if (message.abandoned === true) batch.abandon(at);
      break;
    }
    case "result":
      batch.result(id, json);
      break;
    case "error":
      batch.error(id, code, ran, json);
      break;
    case "cancel":
      batch.cancel(id, reason);
      break;
    case "end":
      batch.end(id);
      break;
    case "fail":
      batch.fail(id, json ?? "");
      break;
    case "stop":
      batch.stop(id);
      break;
    case "credit":
      batch.credit(id, limit);
      break;
    case "item":
      throw new Error("an item is in no batch");
  }
}

function codedMessage({ message, codec, body }: CodedVector): Message {
  const entry = new EntryWriter();
  const { id = 0 } = message;
  if (message.kind === "event") entry.event(nameOf(message), payload.coded);
  else if (message.kind === "call") entry.call(callHead(message), payload.coded);
  else if (message.kind === "result") entry.result(id, payload.coded);
  else entry.item(id, payload.coded);
  const isWindowed = message.kind === "event" || message.kind === "call";
  return {
    entry,
    codec,
    body: bytesOf(body),
    isOwn: false,
    kind: isWindowed ? (message.kind as "event") : "other",
  };
}

/** What a message with data of its own is when it has arrived. */
function expectHeard(heard: Heard, { message, bytes, data, cost }: CodedVector): void {
  const value = bytes === undefined ? data : new Uint8Array(bytesOf(bytes));
  if (message.kind === "item") {
    expect(heard.items).toEqual([{ id: message.id, items: [value], cost }]);
    return;
  }
  expect(heard.messages).toEqual([{ ...entryOf(message), data: payload.coded, value }]);
  const isWindowed = message.kind === "event" || message.kind === "call";
  expect(heard.cost).toEqual({ messages: isWindowed ? 1 : 0, bytes: isWindowed ? cost : 0 });
}

describe("a batch", () => {
  test.each(vectors.batches)("$name", ({ names = {}, messages, cost, hex }) => {
    const batch = new Batch();
    for (const message of messages) addTo(batch, message);
    batch.seal();
    expect(batch.frame.toString("hex")).toBe(hex);
    expect({ messages: batch.windowed, bytes: batch.cost }).toEqual(cost);

    const definitions = Object.entries(names).map(([number, text]) =>
      nameFrame({ ...nameOf({ kind: "event", name: text }), id: Number(number) }).frame.toString(
        "hex",
      ),
    );
    const heard = new Heard([...definitions, hex]);
    expect(heard.messages).toEqual(
      messages.map((message) => ({
        ...entryOf(message, names),
        data: "data" in message ? payload.json : payload.none,
        value: message.data,
      })),
    );
    expect(heard.cost).toEqual(cost);
    expect(heard.inbox.received).toBe(definitions.length + 1);
  });
});

describe("bytes beside data", () => {
  test.each(vectors.beside)("$name", (vector) => {
    const { body, cost, data, hex, inner, message, parts } = vector;
    const bytes = parts.map(bytesOf);
    const codecs = new DataCodecs({
      registry: new CodecRegistry(),
      agreed: noCodecs,
      ...{ maxMessageBytes: 1_000, maxBinaryBytes: 1_000, maxBatchedLength: 1_000 },
    });
    const written = taggedJsonCodec.decode(Buffer.from(JSON.stringify(data ?? null)));
    const codec = inner === codecId.tagged ? "tagged" : undefined;
    const encoded = codecs.encode(data === undefined ? undefined : written, codec, {
      bytes,
    }) as Coded;
    expect(Buffer.from(encoded.body).toString("hex")).toBe(body);
    const coded = codedMessage({ ...vector, codec: codecId.jsonAndBytes });
    expect(messageFrame(coded).frame.toString("hex")).toBe(hex);
    expect(costOf(coded, false)).toBe(cost);
    const read = codecs.decode(codecId.jsonAndBytes, bytesOf(body), false) as WithBytes;
    expect(read.data).toEqual(data === undefined ? undefined : written);
    expect(read.bytes).toEqual(bytes.map((each) => new Uint8Array(each)));
    expect(new Heard([hex]).messages).toMatchObject([{ kind: entryOf(message).kind }]);
  });
});

describe("headers", () => {
  test.each(vectors.headers)("$name", ({ headers, hex, trace }) => {
    const block = bytesOf(headers);
    const batch = new Batch();
    batch.event(nameOf({ kind: "event", name: "x" }), undefined, block);
    batch.seal();
    expect(batch.frame.toString("hex")).toBe(hex);
    expect(new Heard([hex]).messages[0]?.headers).toEqual(block);
    expect(readTrace(block)).toEqual(trace);
    if (trace !== undefined && !headers.startsWith("ac")) {
      expect(currentHeaders({ current: () => trace })?.toString("hex")).toBe(headers);
    }
  });
});

describe("a name", () => {
  test.each(vectors.names)("$name", ({ number, text, hex }) => {
    const name = { ...nameOf({ kind: "event", name: text }), id: number };
    expect(nameFrame(name).frame.toString("hex")).toBe(hex);
    const use = new Batch();
    use.event(name, undefined);
    use.seal();
    expect(new Heard([hex, use.frame.toString("hex")]).messages[0]?.name).toBe(text);
  });
});

describe("items", () => {
  test.each(vectors.items)("$name", ({ id, items, cost, hex }) => {
    expect(new Heard([hex]).items).toEqual([{ id, items, cost }]);
  });

  test.each(vectors.items)("$name: written", async ({ id, items, hex }) => {
    const { peer, side } = await bytePeer();
    const run = (): unknown => {
      // The first message of a tick leaves at once, alone.
      side.session.event("first", undefined);
      return items;
    };
    side.handlers.handle("s", { type: callType.stream, run });
    side.session.release();
    const written = peer.next(frameKind.items);
    const call = new Batch();
    const stream = { kind: "call", id, type: "stream", name: "s", credit: 65_536 } as const;
    call.call(callHead(stream), undefined);
    call.seal();
    peer.say(call.frame);
    expect((await written).equals(bytesOf(hex).subarray(frameHeaderBytes))).toBe(true);
    side.session.abort();
  });
});

describe("a message of its own", () => {
  test.each(vectors.messages)("$name", (vector) => {
    const message = codedMessage(vector);
    expect(messageFrame(message).frame.toString("hex")).toBe(vector.hex);
    expect(costOf(message, false)).toBe(vector.cost);
    expectHeard(new Heard([vector.hex]), vector);
  });

  test.each(vectors.large)("in pieces: $name", (vector) => {
    const message = codedMessage(vector);
    const fragments = new Fragments(message, vector.slot, vector.pieceBytes);
    const frames: string[] = [];
    while (!fragments.isDone) {
      const { body = Buffer.alloc(0), frame } = fragments.next();
      frames.push(Buffer.concat([frame, body]).toString("hex"));
    }
    expect(frames).toEqual(vector.hex);
    expect(costOf(message, true)).toBe(vector.cost);
    expectHeard(new Heard(vector.hex), vector);
  });
});

describe("control", () => {
  test.each(vectors.control)("$name", (vector) => {
    const frames = new ControlFrames();
    if (vector.kind === "ack") frames.acknowledge(vector);
    else frames[vector.kind](bytesOf(vector.bytes));
    expect(frames.takeUncounted().map((frame) => frame.toString("hex"))).toEqual([vector.hex]);

    const heard = new Heard([vector.hex]);
    expect(heard.inbox.received).toBe(0);
    const [{ kind, payload: content } = { kind: 0, payload: Buffer.alloc(0) }] = heard.control;
    expect(kind).toBe(frameKind[vector.kind]);
    if (vector.kind !== "ack") {
      expect(content.toString("hex")).toBe(vector.bytes);
      return;
    }
    const reader = new ByteReader().reset(content);
    const numbers = [reader.varint(), reader.varint(), reader.varint()];
    expect(numbers).toEqual([vector.frames, vector.messages, vector.bytes]);
    expect(reader.remaining).toBe(0);
  });

  test.each(vectors.goodbyes)("goodbye: $name", ({ goodbye, hex }) => {
    expect(goodbyeFrame(goodbye).toString("hex")).toBe(hex);
    const heard = new Heard([hex]);
    expect(heard.control.map(({ kind }) => kind)).toEqual([frameKind.goodbye]);
    const [said] = heard.control;
    expect(readGoodbye(new ByteReader().reset(said?.payload ?? Buffer.alloc(0)))).toEqual(goodbye);
  });
});

describe("what is skipped", () => {
  test.each(vectors.skipped)("$name", ({ counted, hex }) => {
    const heard = new Heard([hex]);
    expect(heard.inbox.received).toBe(counted ? 1 : 0);
    expect([heard.messages, heard.items, heard.control]).toEqual([[], [], []]);
  });
});

/** What a connection was given last: it is broken at once, so that it may never arrive. */
function lastWritten(connection: Connection): () => Buffer {
  const send = connection.send.bind(connection);
  let last: Uint8Array = new Uint8Array();
  connection.send = (bytes) => {
    last = Buffer.from(bytes as Uint8Array);
    return send(bytes);
  };
  return () => Buffer.from(last);
}

describe("what ends the session", () => {
  test.each(vectors.refused)("$name", async ({ hex, code }) => {
    const { peer, side } = await bytePeer({ session: { codecs: noCodecs } });
    side.session.release();
    const goodbye = lastWritten(side.connection);
    peer.say(bytesOf(hex));
    expect((await side.end).error).toEqual(expect.objectContaining({ code }));
    const reader = new ByteReader().reset(goodbye());
    reader.skip(frameHeaderBytes);
    const { code: number, retry } = readGoodbye(reader);
    expect({ number, retry }).toEqual({
      number: ["", "ERR_PROTOCOL", "ERR_BAD_FRAME", "ERR_TOO_LARGE"].indexOf(code),
      retry: "never",
    });
  });
});
