// Feeds a session what its peer might have said, changed at will and cut anywhere, and tells what came
// of it. The test beside it and `npm run fuzz` share this.

import fc from "fast-check";
import { isMyelinError } from "../../src/errors.ts";
import type { CallRequest } from "../../src/session/calls/call-opening.ts";
import { currentHeaders } from "../../src/session/messages/message-headers.ts";
import type { ItemReceiver } from "../../src/session/streams/item-receiver.ts";
import { type CallType, callType } from "../../src/session/wire.ts";
import type { Connection, Sink } from "../../src/transport/transport.ts";
import { frame } from "./byte-peer.ts";
import { noCodecs, type PairOptions, Side, sessionPair, terms } from "./session-pair.ts";

const headerBytes = 5;
const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const traced = currentHeaders({ current: () => ({ traceparent, tracestate: "a=1" }) });
const ackKind = 0x22;
const goodbyeKind = 0x23;

/** Small, so that little is much. */
const options: PairOptions = {
  terms: {
    ...terms,
    maxFrameBytes: 4_096,
    maxMessageBytes: 65_536,
    maxBinaryBytes: 131_072,
    window: { messages: 200, bytes: 100_000 },
  },
};
/** Structured clone is for peers that are trusted. */
const untrusting: PairOptions = { ...options, session: { codecs: noCodecs } };

/** What one run came to. */
export interface Outcome {
  /** How the session ended by itself: a code, "in order", or not at all. */
  readonly end: string | undefined;
  /** The peer said that it ends the session, or that a rule was broken. */
  readonly byGoodbye: boolean;
  /** What handlers and owners were told. */
  readonly heard: readonly string[];
  readonly saidBytes: number;
  /** Counted frames that it took in. */
  readonly frames: number;
  /** What went wrong with the session itself: anything here is a mistake of ours. */
  readonly mistakes: readonly string[];
}

/** A connection without any delay: what is sent is counted, what arrives is pushed. */
class DirectConnection implements Connection {
  readonly kind = "stream";
  readonly local = undefined;
  readonly remote = undefined;
  readonly peer = { credentials: "unknown" } as const;
  readonly pendingBytes = 0;
  readonly writable = true;
  saidBytes = 0;
  isOver = false;
  #sink: Sink | undefined;

  open(sink: Sink): void {
    this.#sink = sink;
  }

  send(data: Uint8Array | string): boolean {
    this.saidBytes += data.length;
    return true;
  }

  /** The bytes are overwritten afterwards, as those of a reused buffer would be. */
  push(bytes: Uint8Array): void {
    if (this.isOver) return;
    const chunk = Buffer.from(bytes);
    this.#sink?.onData(chunk);
    chunk.fill(0xdd);
  }

  abort(): void {
    if (this.isOver) return;
    this.isOver = true;
    queueMicrotask(() => this.#sink?.onClose());
  }

  async close(): Promise<void> {
    this.abort();
  }

  pause(): void {}
  resume(): void {}
  ref(): void {}
  unref(): void {}
}

/** Handlers of every kind, and calls of its own, so that answers have somewhere to go. */
function prepare(side: Side, heard: string[]): void {
  const { handlers, session } = side;
  handlers.on("event", (data, { bytes, trace }) => {
    const place = trace === undefined ? "" : " in a trace";
    heard.push(`event ${typeof data} beside ${bytes.length} parts${place}`);
  });
  handlers.on("async", async (data) => void heard.push(`async ${typeof data}`));
  handlers.on("broken", () => {
    heard.push("broken");
    throw new Error("a listener's mistake");
  });
  handlers.handle("echo", { type: callType.call, run: async (data) => data });
  handlers.handle("fail", {
    type: callType.call,
    run: () => {
      throw new Error("a handler's mistake");
    },
  });
  handlers.handle("count", {
    type: callType.stream,
    async *run() {
      for (let n = 0; n < 50; n += 1) yield { n };
    },
  });
  handlers.handle("sum", {
    type: callType.upload,
    async run(items) {
      let count = 0;
      for await (const item of items as AsyncIterable<unknown>) count += item === null ? 0 : 1;
      heard.push(`sum ${count}`);
      return count;
    },
  });
  handlers.handle("through", { type: callType.duplex, run: (items) => items });
  session.release();
  const open = (type: CallType, name: string, more: Partial<CallRequest> = {}): void => {
    // Reads until the end, whatever it is.
    const read = async (output: ItemReceiver | undefined): Promise<void> => {
      for (let step = await output?.next(); step?.done === false; ) {
        heard.push(`item of ${name}`);
        step = await output?.next();
      }
    };
    session.open({
      request: { type, name, timeoutMs: 0, ...more },
      onOpen({ output }) {
        read(output).catch(() => heard.push(`items of ${name} broke off`));
      },
      resolve: () => heard.push(`result of ${name}`),
      reject: (error) => heard.push(`error of ${name}: ${error.code}`),
    });
  };
  open(callType.call, "echo", { data: { from: "this side" } });
  open(callType.stream, "count");
  open(callType.upload, "sum", { source: [1, 2, 3] });
}

/**
 * Everything a peer says in a conversation that uses all there is, frame by frame, but its acks: they
 * would be for frames that another session has not sent yet.
 */
export async function recordedFrames(): Promise<readonly Buffer[]> {
  const { client, server } = await sessionPair(options);
  const said: Buffer[] = [];
  const send = client.connection.send.bind(client.connection);
  client.connection.send = (data) => {
    said.push(Buffer.from(data as Uint8Array));
    return send(data);
  };
  prepare(server, []);
  prepare(client, []);
  for (const data of [undefined, 1, "zwei", { drei: [3] }, new Uint8Array(3)]) {
    client.session.event("event", data);
    client.session.event("async", data);
  }
  client.session.event("broken", null);
  client.session.event("event", { map: new Map([[1, 2n]]) }, "tagged");
  client.session.event("event", "x".repeat(9_000));
  client.session.event("event", new Uint8Array(7_000));
  const beside = { bytes: [new Uint8Array(3), new Uint8Array(0), new Uint8Array(5_000)] };
  client.session.event("event", { beside: true }, undefined, beside);
  client.session.event("async", undefined, undefined, { bytes: [new Uint8Array(2)] });
  client.session.event("event", "in a trace", undefined, undefined, traced);
  client.session.event("async", new Uint8Array(6), undefined, undefined, traced);
  const aborted = new AbortController();
  const calls = [
    client.call("echo", "small"),
    client.call("echo", new Uint8Array(6_000)),
    client.call("fail"),
    client.call("nobody"),
    client.call("echo", 1, { timeoutMs: 10_000, headers: traced }),
    client.call("echo", "with bytes", { options: beside, headers: traced }),
    client.call("sum", undefined, {
      type: callType.upload,
      source: [1, new Uint8Array(5_000), "two"],
    }),
    client.call("sum", undefined, { type: callType.upload, source: failing() }),
    client.call("sum", undefined, {
      ...{ type: callType.upload, source: never(), signal: aborted.signal },
    }),
    client.call("through", undefined, { type: callType.duplex, source: [1, 2] }),
  ];
  const settled = Promise.allSettled(calls);
  await client.session.flush();
  aborted.abort();
  await settled;
  await client.session.close({ drainMs: 1_000, timeoutMs: 5_000, retry: "now" });
  const frames = framesOf(Buffer.concat(said));
  // A goodbye acknowledges, too; this one acknowledges nothing.
  const goodbye = frame(goodbyeKind, [0, 1, 0, 0, 0]);
  return frames
    .filter((each) => each[headerBytes - 1] !== ackKind)
    .map((each) => (each[headerBytes - 1] === goodbyeKind ? goodbye : each));
}

function* failing(): Generator<unknown> {
  yield 1;
  throw new Error("a source's mistake");
}

async function* never(): AsyncGenerator<unknown> {
  yield 1;
  await new Promise(() => {});
}

function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + headerBytes - 1 + bytes.readUInt32LE(at);
    frames.push(bytes.subarray(at, end));
    at = end;
  }
  return frames;
}

/** What is done to the frames, and where the bytes are cut. */
export interface Attack {
  readonly mutations: readonly Mutation[];
  readonly cuts: readonly number[];
}

interface Mutation {
  readonly kind:
    | ("byte" | "bit" | "insert" | "delete" | "truncate")
    | ("drop" | "repeat" | "swap" | "rekind" | "resize" | "invent");
  readonly frame: number;
  readonly at: number;
  readonly value: number;
  readonly bytes: Uint8Array;
}

export const attacks: fc.Arbitrary<Attack> = fc.record({
  mutations: fc.array(
    fc.record({
      kind: fc.constantFrom<Mutation["kind"]>(
        ...(["byte", "bit", "insert", "delete", "truncate", "drop", "repeat"] as const),
        ...(["swap", "rekind", "resize", "invent"] as const),
      ),
      frame: fc.nat(),
      // Heads are where the rules are.
      at: fc.oneof(fc.nat(24), fc.nat()),
      value: fc.oneof(fc.nat(255), fc.constantFrom(0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x22, 0x23)),
      bytes: fc.uint8Array({ maxLength: 24 }),
    }),
    { maxLength: 6 },
  ),
  cuts: fc.array(fc.nat(), { maxLength: 12 }),
});

function mutate(frames: Buffer[], { kind, frame: number, at, value, bytes }: Mutation): void {
  const index = number % frames.length;
  const chosen = frames[index];
  if (chosen === undefined) return;
  const place = at % chosen.length;
  const changed = Buffer.from(chosen);
  switch (kind) {
    case "byte":
      changed[place] = value;
      frames[index] = changed;
      break;
    case "bit":
      changed[place] = (changed[place] as number) ^ (1 << (value & 7));
      frames[index] = changed;
      break;
    case "insert":
      frames[index] = resized(
        Buffer.concat([chosen.subarray(0, place), bytes, chosen.subarray(place)]),
      );
      break;
    case "delete":
      frames[index] = resized(
        Buffer.concat([chosen.subarray(0, place), chosen.subarray(place + (value & 15))]),
      );
      break;
    case "truncate":
      frames[index] = chosen.subarray(0, place);
      break;
    case "drop":
      if (frames.length > 1) frames.splice(index, 1);
      break;
    case "repeat":
      frames.splice(at % frames.length, 0, chosen);
      break;
    case "swap":
      frames[index] = frames[at % frames.length] as Buffer;
      frames[at % frames.length] = chosen;
      break;
    case "rekind":
      changed[headerBytes - 1] = value;
      frames[index] = changed;
      break;
    case "resize":
      changed[value & 3] = at & 0xff;
      frames[index] = changed;
      break;
    case "invent":
      frames.splice(index, 0, frame(value, bytes));
      break;
  }
}

/** The length says what there is again, so that the change reaches what reads the payload. */
function resized(bytes: Buffer): Buffer {
  if (bytes.length > headerBytes) bytes.writeUInt32LE(bytes.length - headerBytes + 1, 0);
  return bytes;
}

/** What is said, in pieces. */
export function piecesOf(recorded: readonly Buffer[], { cuts, mutations }: Attack): Buffer[] {
  const frames = [...recorded];
  for (const mutation of mutations) mutate(frames, mutation);
  const bytes = Buffer.concat(frames);
  const places = cuts.map((cut) => cut % (bytes.length + 1)).sort((one, other) => one - other);
  return [0, ...places].map((start, index) => bytes.subarray(start, places[index]));
}

const event = frame(0x10, [1, 0x11, 0, 5], "event", "[1]");

/** Feeds a new session, and looks at it until nothing moves any more. */
export async function attack(pieces: readonly Buffer[]): Promise<Outcome> {
  const heard: string[] = [];
  const mistakes: string[] = [];
  const onMistake = (reason: unknown): void => void mistakes.push(String(reason));
  process.on("unhandledRejection", onMistake);
  process.on("uncaughtException", onMistake);
  const connection = new DirectConnection();
  const side = new Side(connection, "server", untrusting);
  let ends = 0;
  let end: string | undefined;
  let byGoodbye = false;
  void side.end.then(({ error }) => {
    ends += 1;
    end = error?.code ?? "in order";
    byGoodbye = error?.message.startsWith("the peer ended the connection: ") ?? true;
  });
  try {
    prepare(side, heard);
    for (const piece of pieces) connection.push(piece);
  } catch (reason) {
    mistakes.push(`thrown: ${isMyelinError(reason) ? reason.code : String(reason)}`);
  }
  await quiet(() => heard.length + connection.saidBytes);
  if (ends > 0) {
    // It is over: nothing that still comes is heard, nor answered.
    const before = heard.length + connection.saidBytes;
    side.session.receive(event, connection);
    await quiet(() => heard.length + connection.saidBytes);
    if (heard.length + connection.saidBytes !== before) mistakes.push("something after the end");
  }
  const { saidBytes } = connection;
  const frames = side.session.received;
  const outcome = { end, byGoodbye, heard: [...heard], saidBytes, frames, mistakes };
  side.session.abort();
  await quiet(() => heard.length);
  process.off("unhandledRejection", onMistake);
  process.off("uncaughtException", onMistake);
  return outcome;
}

/** Turns of the event loop, until one in which nothing has changed. */
async function quiet(progress: () => number): Promise<void> {
  for (let before = -1; before !== progress(); ) {
    before = progress();
    await new Promise(setImmediate);
  }
}

const codesOfBreaches: ReadonlySet<string> = new Set([
  "ERR_PROTOCOL",
  "ERR_BAD_FRAME",
  "ERR_TOO_LARGE",
]);

/** What an outcome must be, whatever was said; the rest is a mistake of ours. */
export function faultsOf(outcome: Outcome, pieces: readonly Buffer[]): readonly string[] {
  const { byGoodbye, end, mistakes, saidBytes } = outcome;
  const faults = [...mistakes];
  if (end !== undefined && !byGoodbye && !codesOfBreaches.has(end)) faults.push(`ended by ${end}`);
  const receivedBytes = pieces.reduce((sum, { length }) => sum + length, 0);
  // Echoes, refusals and acks: a few bytes for each that came, and what it says without being asked.
  if (saidBytes > 20_000 + 64 * receivedBytes) faults.push(`${saidBytes} bytes were said`);
  return faults;
}
