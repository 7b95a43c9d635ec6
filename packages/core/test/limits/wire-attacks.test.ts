// A peer that writes what it likes, against each limit of a session. What is allowed passes, the next
// bit of it does not, and says which rule was broken.
import { describe, expect, test } from "vitest";
import { turns, within } from "../../../../test/support/within.ts";
import { systemClock } from "../../src/clock.ts";
import { limits } from "../../src/limits.ts";
import { MemoryBudget } from "../../src/session/memory-budget.ts";
import { callType } from "../../src/session/wire.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { batch, bytePeer, frame } from "../session/byte-peer.ts";
import type { PairOptions, Side } from "../session/session-pair.ts";

const coded = (code: string) => expect.objectContaining({ code });

function varint(value: number): number[] {
  const bytes = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

/** The head of an event of the name "x". */
const event = [0x01, 0, 1, 0x78];
const codedEvent = [0x21, 0, 1, 0x78];
/** The same with headers of so many bytes that mean nothing. */
const withHeaders = (bytes: number): number[] => {
  const record = [99, ...varint(bytes), ...Array<number>(bytes).fill(0)];
  return [0x61, 0, 1, 0x78, ...varint(record.length), ...record];
};
/** A call of a name of one letter, without a time limit. */
const call = (id: number, type: number, name: string, ...rest: number[]): number[] => [
  ...[0x02, ...varint(id), type, 0, 1, name.charCodeAt(0), 0],
  ...rest,
];
const codecs = { json: 1, bytes: 2 } as const;

/** The beginning of a large event: one byte of `total`. */
const opening = (slot: number, total: number, codec: number = codecs.bytes): Buffer =>
  frame(0x12, varint(slot), varint(total), codedEvent, [codec], "y");

/** A session whose listeners of "x" never settle. */
async function busy(options: PairOptions = {}) {
  const { peer, side } = await bytePeer(options);
  side.handlers.on("x", () => new Promise(() => {}));
  side.session.release();
  return { peer, side };
}

describe("one frame", () => {
  test("that is too long is refused by its length, before any of it is there", async () => {
    const { peer, side } = await busy({ terms: { maxFrameBytes: 1_000 } });
    const header = Buffer.from([0, 0, 0, 0, 0x10]);
    header.writeUInt32LE(1_001);
    peer.say(header);
    expect((await side.end).error).toEqual(coded("ERR_TOO_LARGE"));
  });
});

describe("one message", () => {
  const most = { maxMessageBytes: 100_000, maxBinaryBytes: 200_000 };

  test.each([
    ["of JSON", codecs.json, most.maxMessageBytes],
    ["of bytes", codecs.bytes, most.maxBinaryBytes],
  ])("%s may be so large, and no byte more", async (_, codec, bytes) => {
    const { peer, side } = await busy({ terms: most });
    peer.say(opening(0, bytes, codec));
    await peer.settled();
    expect(peer.isClosed).toBe(false);
    peer.say(opening(1, bytes + 1, codec));
    expect((await side.end).error).toEqual(coded("ERR_TOO_LARGE"));
  });

  test.each([
    ["of JSON", codecs.json, (bytes: number) => JSON.stringify("y".repeat(bytes - 2))],
    ["of bytes", codecs.bytes, (bytes: number) => "y".repeat(bytes)],
  ])("%s may not be larger because it fits into one frame", async (_, codec, body) => {
    const limit = 2_000;
    const terms = { maxMessageBytes: limit, maxBinaryBytes: limit };
    const { peer, side } = await busy({ terms });
    peer.say(frame(0x11, codedEvent, [codec], body(limit)));
    await peer.settled();
    expect(peer.isClosed).toBe(false);
    peer.say(frame(0x11, codedEvent, [codec], body(limit + 1)));
    expect((await side.end).error).toEqual(coded("ERR_TOO_LARGE"));
  });

  test.each([
    ["with long headers", withHeaders(limits.maxHeaderBytes), 30_000, "ERR_PROTOCOL"],
    ["with much in it", codedEvent, 60_000, "ERR_TOO_LARGE"],
  ])("%s is refused also when its frame comes in pieces", async (_, head, bytes, code) => {
    const { peer, side } = await busy({ terms: { maxBinaryBytes: 50_000 } });
    const whole = frame(0x11, head, [codecs.bytes], "y".repeat(bytes));
    peer.say(whole.subarray(0, 10_000));
    await turns();
    peer.say(whole.subarray(10_000));
    expect((await side.end).error).toEqual(coded(code));
  });

  test("of a terabyte costs nothing but its announcement", async () => {
    const { peer, side } = await busy();
    peer.say(opening(0, 2 ** 40));
    expect((await side.end).error).toEqual(coded("ERR_TOO_LARGE"));
  });
});

describe("messages that are begun", () => {
  test("are four at most, so that beginning is not free", async () => {
    const { peer, side } = await busy();
    for (let slot = 0; slot < 4; slot += 1) peer.say(opening(slot, 1_000_000));
    await peer.settled();
    expect(peer.isClosed).toBe(false);
    peer.say(opening(4, 1_000_000));
    expect((await side.end).error).toEqual(coded("ERR_PROTOCOL"));
  });

  test("are fewer where a side wants fewer", async () => {
    const { peer, side } = await busy({ terms: { maxOpenMessages: 1 } });
    peer.say(opening(0, 1_000_000), opening(1, 1_000_000));
    expect((await side.end).error).toEqual(coded("ERR_PROTOCOL"));
  });

  test("take memory as they arrive, not as they are announced", async () => {
    const { peer, side } = await busy();
    for (let slot = 0; slot < 4; slot += 1) peer.say(opening(slot, limits.maxBinaryBytes));
    const before = process.memoryUsage().arrayBuffers;
    await peer.settled();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
    side.session.abort();
  });
});

describe("a message that does not go on", () => {
  /** Lets everything that is under way arrive, and then so much time pass. */
  async function pass(clock: VirtualClock, peer: { settled(): Promise<void> }, ms: number) {
    await peer.settled();
    await clock.advanceAsync(ms);
  }

  /** How it ends by now: waiting for it would move time on until any limit is over. */
  async function endBy(clock: VirtualClock, end: Side["end"], ms: number): Promise<unknown> {
    const { error } = await clock.until(end);
    expect(clock.now()).toBeLessThanOrEqual(ms);
    return error;
  }

  test("ends the session after a while: ERR_TIMEOUT", async () => {
    const clock = new VirtualClock();
    const { peer, side } = await busy({ clock, session: { messageProgressTimeoutMs: 1_000 } });
    peer.say(opening(0, 1_000_000));
    await pass(clock, peer, 999);
    await peer.settled();
    expect(peer.isClosed).toBe(false);
    expect(await endBy(clock, side.end, 1_010)).toEqual(coded("ERR_TIMEOUT"));
  });

  test("not as long as parts of it come", async () => {
    const clock = new VirtualClock();
    const { peer, side } = await busy({ clock, session: { messageProgressTimeoutMs: 1_000 } });
    peer.say(opening(0, 1_000_000));
    for (let n = 0; n < 10; n += 1) {
      await pass(clock, peer, 900);
      peer.say(frame(0x13, [0], "part"));
    }
    await peer.settled();
    expect(peer.isClosed).toBe(false);
    expect(await endBy(clock, side.end, 9_000 + 1_010)).toEqual(coded("ERR_TIMEOUT"));
  });

  test("neither while its last part may wait for handlers of ours", async () => {
    const clock = new VirtualClock();
    const { peer, side } = await busy({
      clock,
      terms: { window: { messages: 4, bytes: 1_000_000 } },
      session: { messageProgressTimeoutMs: 1_000 },
    });
    peer.say(batch(event), batch(event), opening(0, 1_000_000));
    await pass(clock, peer, 5_000);
    await peer.settled();
    expect(peer.isClosed).toBe(false);
    side.session.abort();
  });

  test("an item of a stream is no exception", async () => {
    const clock = new VirtualClock();
    const { peer, side } = await busy({ clock, session: { messageProgressTimeoutMs: 1_000 } });
    side.handlers.handle("u", { type: callType.upload, run: () => new Promise(() => {}) });
    peer.say(batch(call(1, callType.upload, "u")));
    peer.say(frame(0x12, [5], varint(1_000_000), [0x26, 1, codecs.bytes], "y"));
    await pass(clock, peer, 500);
    expect(await endBy(clock, side.end, 1_010)).toEqual(coded("ERR_TIMEOUT"));
  });
});

describe("a sender that is faster than the handlers", () => {
  test("is under a window of messages", async () => {
    const { peer, side } = await busy({ terms: { window: { messages: 100, bytes: 1_000_000 } } });
    for (let n = 0; n < 100; n += 1) peer.say(batch(event));
    await peer.settled();
    expect(peer.isClosed).toBe(false);
    peer.say(batch(event));
    expect((await side.end).error).toEqual(coded("ERR_PROTOCOL"));
  });

  test("is under a window of bytes", async () => {
    const { peer, side } = await busy({
      terms: { window: { messages: 1_000, bytes: 100_000 }, maxFrameBytes: 10_000 },
    });
    let heard = 0;
    side.handlers.on("y", () => {
      heard += 1;
      return new Promise(() => {});
    });
    const data = `["${"y".repeat(5_000)}"]`;
    for (let n = 0; n < 100; n += 1) peer.say(batch([0x11, 0, 1, 0x79], data));
    expect((await side.end).error).toEqual(coded("ERR_PROTOCOL"));
    expect(heard * 5_000).toBeLessThanOrEqual(100_000 + 4 * 10_000 + 5_000);
  });

  test("leaves nothing at work that breaks its window", async () => {
    const budget = new MemoryBudget(100_000);
    const terms = { window: { messages: 100, bytes: 1_000_000 }, maxFrameBytes: 20_000 };
    const { peer, side } = await busy({ terms, session: { budget } });
    const events = Array.from({ length: 4_000 }, () => event).flat();
    peer.say(frame(0x10, varint(4_000), events));
    expect((await side.end).error).toEqual(coded("ERR_PROTOCOL"));
    expect(budget.isOutlived).toBe(false);
  });
});

describe("opening and cancelling in a loop", () => {
  test("starts no more handlers than are allowed at once", async () => {
    const { peer, side } = await busy({ session: { maxInboundCalls: 10 } });
    let started = 0;
    side.handlers.handle("c", {
      type: callType.call,
      run: () => {
        started += 1;
        return new Promise(() => {});
      },
    });
    for (let id = 1; id < 1_000; id += 2) {
      peer.say(batch(call(id, callType.call, "c")), batch([0x05, ...varint(id), 0]));
    }
    await peer.settled();
    expect(started).toBe(10);
    side.session.abort();
  });
});

describe("names", () => {
  test("have numbers up to a limit", async () => {
    const { peer, side } = await busy();
    for (let id = 1; id <= limits.maxNames; id += 1) peer.say(frame(0x14, varint(id), `n${id}`));
    await peer.settled();
    expect(peer.isClosed).toBe(false);
    peer.say(frame(0x14, varint(limits.maxNames + 1), "one too many"));
    expect((await side.end).error).toEqual(coded("ERR_PROTOCOL"));
  });

  test("that this side makes up travel as text when there are too many (finding 16)", async () => {
    const { peer, side } = await busy({ terms: { window: { messages: 100_000, bytes: 2 ** 30 } } });
    for (let n = 0; n < 2 * limits.maxNames; n += 1) {
      for (let use = 0; use < 3; use += 1) side.session.event(`name ${n}`, undefined);
    }
    await peer.settled();
    expect(peer.frames.filter(({ kind }) => kind === 0x14)).toHaveLength(limits.maxNames);
    side.session.abort();
  });

  const long = "n".repeat(limits.maxNameBytes + 1);
  test.each([
    ["defined", frame(0x14, [1], long)],
    ["used", batch([0x01, 0, ...varint(long.length), ...Buffer.from(long)])],
  ])("are no place for data, when %s", async (_, bytes) => {
    const { peer, side } = await busy();
    peer.say(bytes);
    expect((await side.end).error).toEqual(coded("ERR_PROTOCOL"));
  });
});

/** Of a credit in a batch of one: count, tag, id, limit. */
function limitOf(payload: Buffer): number {
  return [...payload.subarray(3)].reduceRight((sum, byte) => sum * 128 + (byte & 0x7f), 0);
}

describe("items of a stream", () => {
  async function upload(options: PairOptions = {}) {
    const ends = await busy(options);
    ends.side.handlers.handle("u", { type: callType.upload, run: () => new Promise(() => {}) });
    ends.peer.say(batch(call(1, callType.upload, "u")));
    return ends;
  }

  test("that nobody asked for end the session", async () => {
    const { peer, side } = await upload();
    const items = frame(0x15, [1, 1], `["${"y".repeat(50_000)}"]`);
    for (let n = 0; n < 40; n += 1) peer.say(items);
    expect((await side.end).error).toEqual(coded("ERR_PROTOCOL"));
  });

  test("begin with as much as the window says", async () => {
    const { peer, side } = await upload({ terms: { streamWindowBytes: 1_024 } });
    const items = frame(0x15, [1, 1], `["${"y".repeat(50_000)}"]`);
    // What a sender may be wrong by, and one more.
    const most = Math.ceil((1_024 + 4 * limits.maxFrameBytes) / 50_000);
    for (let n = 0; n < most; n += 1) peer.say(items);
    await peer.settled();
    expect(peer.isClosed).toBe(false);
    peer.say(items);
    expect((await side.end).error).toEqual(coded("ERR_PROTOCOL"));
  });

  test("are read as fast when very many of them came one by one", async () => {
    const timed = async (count: number): Promise<number> => {
      const { peer, side } = await bytePeer({ terms: { streamWindowBytes: 2 ** 26 } });
      let read!: () => void;
      const begins = new Promise<void>((resolve) => {
        read = resolve;
      });
      side.handlers.handle("u", {
        type: callType.upload,
        async run(items) {
          await begins;
          for await (const _ of items as AsyncIterable<unknown>);
        },
      });
      side.session.release();
      peer.say(batch(call(1, callType.upload, "u")));
      const thousand = Buffer.concat(Array(1_000).fill(frame(0x15, [1, 1], "[1]")));
      for (let sent = 0; sent < count; sent += 1_000) peer.say(thousand);
      peer.say(batch([0x07, 1]));
      await peer.settled();
      const start = performance.now();
      const answer = peer.next(0x10);
      read();
      await answer;
      const ms = performance.now() - start;
      side.session.abort();
      return ms;
    };
    await timed(10_000);
    // An array that is shifted would take minutes for so many.
    expect(await timed(320_000)).toBeLessThan(100 * Math.max(20, await timed(10_000)));
  });

  test("that are large are refused when they begin, without credit for them", async () => {
    const { peer, side } = await upload();
    const items = frame(0x15, [1, 1], `["${"y".repeat(50_000)}"]`);
    for (let n = 0; n < 23; n += 1) peer.say(items);
    await peer.settled();
    expect(peer.isClosed).toBe(false);
    peer.say(frame(0x12, [5], varint(1_000_000), [0x26, 1, codecs.bytes], "y"));
    expect((await side.end).error).toEqual(coded("ERR_PROTOCOL"));
  });

  /** Reads an upload of one item after the other; time passes between them. @returns the windows */
  async function windowsOf(
    itemMs: number,
    roundTripMs?: number,
    maxStreamWindowBytes: number = limits.maxStreamWindowBytes,
  ): Promise<number[]> {
    let now = 1_000;
    const clock = { ...systemClock, now: () => now };
    const session = { isMeasured: true, maxStreamWindowBytes };
    const { peer, side } = await bytePeer({ clock, session });
    side.handlers.handle("u", {
      type: callType.upload,
      async run(items) {
        for await (const _ of items as AsyncIterable<unknown>);
      },
    });
    const ping = peer.next(0x20);
    side.session.release();
    const asked = await ping;
    now += roundTripMs ?? 0;
    if (roundTripMs !== undefined) peer.say(frame(0x21, asked));
    peer.say(batch(call(1, callType.upload, "u")));
    await peer.settled();
    const windows: number[] = [];
    const cost = 70_000;
    for (let sent = cost; sent <= 10 * cost; sent += cost) {
      now += itemMs;
      const { length } = peer.frames;
      peer.say(frame(0x15, [1, 1], `["${"y".repeat(cost - 64 - 2 - 4)}"]`));
      await peer.settled();
      for (const { kind, payload } of peer.frames.slice(length)) {
        if (kind === 0x10 && payload[1] === 0x0a) windows.push(limitOf(payload) - sent);
      }
    }
    side.session.abort();
    return windows;
  }

  const [window, twice, fourTimes] = [65_536, 2 * 65_536, 4 * 65_536];

  test("get a window that grows while it is consumed within two round trips", async () => {
    const windows = await windowsOf(60, 100);
    // From there on a window takes longer than that.
    expect([...new Set(windows)]).toEqual([twice, fourTimes]);
  });

  test("get one that stays as it is where the reader is slow, or the way was never measured", async () => {
    expect([...new Set(await windowsOf(300, 100))]).toEqual([window]);
    expect([...new Set(await windowsOf(0))]).toEqual([window]);
  });

  test("get a window that grows up to a limit, however long the way and fast the reader", async () => {
    expect(Math.max(...(await windowsOf(0, 100)))).toBeGreaterThan(fourTimes);
    expect([...new Set(await windowsOf(0, 100, 200_000))]).toEqual([twice, 200_000]);
  });
});

describe("a peer that reads and acknowledges nothing", () => {
  test("is not remembered without end", async () => {
    const { peer, side } = await bytePeer({ session: { maxQueuedBytes: 100_000 } });
    side.handlers.handle("c", { type: callType.call, run: () => 1 });
    side.session.release();
    for (let id = 1; id < 20_000; id += 2) peer.say(batch(call(id, callType.call, "c")));
    expect((await side.end).error).toEqual(coded("ERR_SLOW_PEER"));
  });

  // Nothing comes by which this side would be led to look, and nothing waits.
  test("nor while it is silent and hears of a stream", async () => {
    const window = { messages: 2 ** 50, bytes: 2 ** 50 };
    const { peer, side } = await bytePeer({
      terms: { window },
      session: { maxQueuedBytes: 100_000, highWaterMarkBytes: 100_000 },
    });
    const over = new AbortController();
    void side.end.then(() => over.abort());
    let sent = 0;
    const tiny = new Uint8Array(1);
    side.handlers.handle("s", {
      type: callType.stream,
      async *run() {
        for (; sent < 5_000 && !over.signal.aborted; sent += 1) yield turns(1).then(() => tiny);
      },
    });
    side.session.release();
    peer.say(batch(call(1, callType.stream, "s", ...varint(2 ** 50))));
    const { error } = await within("the end", side.end);
    expect(error).toEqual(coded("ERR_SLOW_PEER"));
    expect(peer.frames.length).toBeLessThan(2_000);
  });

  test("nor is sent events without end: what is remembered of them counts as what waits", async () => {
    const window = { messages: 2 ** 50, bytes: 2 ** 50 };
    const { peer, side } = await bytePeer({
      terms: { window },
      session: { maxQueuedBytes: 100_000 },
    });
    side.session.release();
    const sendAll = async () => {
      for (let sent = 0; sent < 5_000; sent += 1) {
        side.session.event("e", 1);
        await turns(1);
      }
    };
    await expect(sendAll()).rejects.toEqual(coded("ERR_QUEUE_FULL"));
    expect(peer.frames.length).toBeLessThan(2_000);
  });
});
