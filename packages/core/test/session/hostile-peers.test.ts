// What a peer may try that keeps the form of the wire and breaks its sense: each is answered by a code
// or costs nothing.
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { within } from "../../../../test/support/within.ts";
import { systemClock, type Timer } from "../../src/clock.ts";
import { MyelinError } from "../../src/errors.ts";
import { MemoryBudget } from "../../src/session/memory-budget.ts";
import { resumeSession } from "../../src/session/start-session.ts";
import { callType } from "../../src/session/wire.ts";
import { blockedWire } from "../findings/blocked-wire.ts";
import { batch, bytePeer, frame } from "./byte-peer.ts";
import { noCodecs, terms } from "./session-pair.ts";

const coded = (code: string) => expect.objectContaining({ code });

/** A call without data: id 1, of a name of one letter. */
const call = (type: number, name: string, ...rest: number[]): number[] => [
  ...[0x02, 1, type, 0, 1, name.charCodeAt(0)],
  ...rest,
];
const largestVarint = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];

describe("a codec", () => {
  test("that was not agreed on is not read, though it is known", async () => {
    const { peer, side } = await bytePeer({ session: { codecs: noCodecs } });
    const heard: unknown[] = [];
    side.handlers.on("x", (data) => heard.push(data));
    side.session.release();
    // An event with structured data: 9 bytes that make a buffer of 4 GiB.
    peer.say(frame(0x11, [0x21, 0, 1], "x", [5], [0xff, 0x0f, 0x42, 0xff, 0xff, 0xff, 0xff, 0x0f]));
    expect((await side.end).error).toEqual(coded("ERR_PROTOCOL"));
    expect(heard).toEqual([]);
  });
});

describe("a peer that comes back", () => {
  test("and claims more than was sent is told so, and nothing else", async () => {
    const { side } = await bytePeer({ session: { isResumable: true } });
    side.session.release();
    side.session.event("x", 1);
    side.session.detach(new MyelinError("ERR_CONNECTION_LOST", "the line broke"));
    side.session.event("x", 2);
    const next = blockedWire(0);
    expect(resumeSession(side.session, next, 99)).toBe(false);
    const error = { code: "ERR_PROTOCOL", message: "the peer acknowledged 99 frames of 1" };
    expect(await side.end).toMatchObject({ error, unsent: { events: 1 } });
    // A goodbye: ERR_PROTOCOL, never to come back, in 0 ms, 1 frame sent and none received.
    const said = Buffer.concat(next.sent).subarray(4);
    expect([...said.subarray(0, 6)]).toEqual([0x23, 1, 0, 0, 1, 0]);
    expect(said.subarray(6).toString()).toBe(error.message);
  });
});

describe("data that is no JSON", () => {
  test.each([
    ["in a batch", batch([0x11, 0, 1, 0x78], "[hunter2]")],
    ["by itself", frame(0x11, [0x21, 0, 1], "x", [1], "[hunter2]")],
  ])("%s ends the session, and is quoted to nobody", async (_, broken) => {
    const { peer, side } = await bytePeer();
    side.session.release();
    const goodbye = peer.next(0x23);
    peer.say(broken);
    const { error } = await side.end;
    expect(error).toEqual(coded("ERR_BAD_FRAME"));
    expect(inspect(error)).not.toContain("hunter");
    expect(String(await within("a goodbye", goodbye))).not.toContain("hunter");
  });
});

describe("a ping", () => {
  test.each([0, 7, 9, 60_000])("of %i bytes ends the session", async (length) => {
    const { peer, side } = await bytePeer();
    side.session.release();
    peer.say(frame(0x20, Buffer.alloc(length)));
    expect((await side.end).error).toEqual(coded("ERR_PROTOCOL"));
  });
});

describe("a pong", () => {
  test.each([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN, -1e300, -1, 1e300])(
    "of the time %d, which is made up, measures nothing",
    async (time) => {
      const { peer, side } = await bytePeer();
      side.session.release();
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(time);
      peer.say(frame(0x21, bytes));
      await peer.settled();
      expect(side.session.stats().roundTripMs).toBeUndefined();
      side.session.abort();
    },
  );
});

describe("a goodbye", () => {
  test("puts no line of its own into a log", async () => {
    const { peer, side } = await bytePeer();
    side.session.release();
    peer.say(frame(0x23, [1, 0, 0, 0, 0], "one\nof\u001b[2Jours"));
    expect((await side.end).error?.message).toBe("the peer ended the connection: one of [2Jours");
  });
});

describe("time limits", () => {
  test("all different, of calls that are over, hold no timers", async () => {
    let timers = 0;
    const live = new Set<Timer>();
    const clock = {
      ...systemClock,
      setTimeout(run: () => void, ms: number): Timer {
        const timer = systemClock.setTimeout(run, ms);
        // Those of acknowledgements apart.
        if (ms > 1_000) timers += 1;
        live.add(timer);
        return timer;
      },
      clearTimeout(timer: Timer | undefined): void {
        if (timer !== undefined) live.delete(timer);
        systemClock.clearTimeout(timer);
      },
    };
    const { peer, side } = await bytePeer({ clock });
    side.handlers.handle("c", { type: callType.call, run: () => 1 });
    side.session.release();
    for (let n = 0; n < 1_000; n += 1) {
      const id = 2 * n + 1;
      const varint = id < 128 ? [id] : [(id & 0x7f) | 0x80, id >>> 7];
      const timeoutMs = [0x80 | (n & 0x7f), 0x80 | (n >>> 7), 0x80, 0x80, 1];
      peer.say(batch([0x02, ...varint, 0, 0, 1, 0x63, ...timeoutMs]));
    }
    await peer.settled();
    expect(timers).toBe(1_000);
    expect(live.size).toBeLessThanOrEqual(65);
    side.session.abort();
  });
});

describe("credit without end", () => {
  test("does not make an endless stream fill the memory of its producer", async () => {
    const { peer, side } = await bytePeer();
    let produced = 0;
    side.handlers.handle("s", {
      type: callType.stream,
      *run() {
        // More than the session may ever ask for, and less than the machine has.
        while (produced < 200_000) {
          produced += 1;
          yield "x".repeat(1_000);
        }
      },
    });
    side.session.release();
    // The connection takes nothing: what it is given stays with it.
    Object.defineProperty(side.connection, "pendingBytes", { get: () => 2 ** 20 });
    peer.say(batch(call(callType.stream, "s", 0, ...largestVarint)));
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(produced).toBeGreaterThan(0);
    expect(produced).toBeLessThan(1_000);
    side.session.abort();
  });

  test("tiny items that wait count with what each of them takes", async () => {
    const budget = new MemoryBudget(2 ** 30);
    const { peer, side } = await bytePeer({ session: { budget } });
    let produced = 0;
    side.handlers.handle("s", {
      type: callType.stream,
      *run() {
        for (; produced < 200_000; produced += 1) yield new Uint8Array(1);
      },
    });
    side.session.release();
    Object.defineProperty(side.connection, "pendingBytes", { get: () => 2 ** 20 });
    peer.say(batch(call(callType.stream, "s", 0, ...largestVarint)));
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(produced).toBeGreaterThan(100);
    expect(budget.measure()).toBeGreaterThan(produced * 256);
    side.session.abort();
    expect(budget.measure()).toBe(0);
  });

  test("gets the whole of a stream that ends", async () => {
    const { peer, side } = await bytePeer();
    side.handlers.handle("s", {
      type: callType.stream,
      *run() {
        for (let n = 0; n < 3_000; n += 1) yield "x".repeat(1_000);
      },
    });
    side.session.release();
    const result = peer.next(0x10);
    peer.say(batch(call(callType.stream, "s", 0, ...largestVarint)));
    await result;
    const items = peer.frames.filter(({ kind }) => kind === 0x15);
    const bytes = items.reduce((sum, { payload }) => sum + payload.length, 0);
    expect(bytes).toBeGreaterThan(3_000_000);
    side.session.abort();
  });
});

describe("items beyond their credit", () => {
  const size = { maxFrameBytes: 4_096, streamWindowBytes: 4_096 };
  const items = frame(0x15, [1, 1], JSON.stringify(["x".repeat(1_000)]));

  test.each([
    { frames: 12, isCut: false },
    { frames: 40, isCut: true },
  ])("are borne as far as frames are large here: $frames of them", async ({ frames, isCut }) => {
    const { peer, side } = await bytePeer({ terms: { ...terms, ...size } });
    side.handlers.handle("u", { type: callType.upload, run: () => new Promise(() => {}) });
    side.session.release();
    peer.say(batch(call(callType.upload, "u", 0)));
    for (let n = 0; n < frames; n += 1) peer.say(items);
    if (isCut) {
      expect((await within("the end", side.end)).error).toEqual(coded("ERR_PROTOCOL"));
    } else {
      await peer.settled();
      expect(peer.isClosed).toBe(false);
      side.session.abort();
    }
  });
});

describe("a large item whose stream is cancelled", () => {
  test("goes out whole, so that its slot is free again", async () => {
    const { peer, side } = await bytePeer();
    const total = 600_000;
    let cleanedUp!: (value: unknown) => void;
    const isCancelled = new Promise((resolve) => {
      cleanedUp = resolve;
    });
    side.handlers.handle("s", {
      type: callType.stream,
      *run() {
        try {
          for (;;) yield Buffer.alloc(total);
        } finally {
          cleanedUp(undefined);
        }
      },
    });
    side.session.release();
    // The connection takes one write, and no more before it is told to.
    const { connection } = side;
    const send = connection.send.bind(connection);
    let isFull = false;
    connection.send = (bytes) => {
      isFull = true;
      return send(bytes);
    };
    Object.defineProperty(connection, "pendingBytes", { get: () => (isFull ? 2 ** 20 : 0) });
    const opening = peer.next(0x12);
    peer.say(batch(call(callType.stream, "s", 0, 0x80, 0x80, 0x04)));
    const first = await opening;
    peer.say(batch([0x05, 1, 0]));
    await isCancelled;
    connection.send = send;
    isFull = false;
    side.session.drained();
    await peer.settled();
    const headBytes = 1 + 3 + 2 + 1;
    const parts = peer.frames.filter(({ kind }) => kind === 0x13);
    const rest = parts.reduce((sum, { payload }) => sum + payload.length - 1, 0);
    expect(first.length - headBytes).toBe(65_536);
    expect(rest).toBe(total - 65_536);
    side.session.abort();
  });
});

describe("a cancel that overtakes its call", () => {
  const opening = [0x22, 1, callType.call, 0, 1, 0x63, 0, 2];

  test("of which only a part has arrived: it is not started", async () => {
    const { peer, side } = await bytePeer();
    const ran: unknown[] = [];
    side.handlers.handle("c", { type: callType.call, run: (data) => ran.push(data) });
    side.session.release();
    peer.say(frame(0x12, [0, 4], opening, "ab"), batch([0x05, 1, 0]), frame(0x13, [0], "cd"));
    peer.say(batch([0x12, 3, callType.call, 0, 1, 0x63, 0], "[3]"));
    await peer.settled();
    expect(ran).toEqual([3]);
    expect(side.session.stats().activeHandlers).toBe(0);
    side.session.abort();
  });

  test("is remembered, but not for ever: a peer may cancel what it never calls", async () => {
    const { peer, side } = await bytePeer({ session: { maxInboundCalls: 10 } });
    const ran: unknown[] = [];
    side.handlers.handle("c", { type: callType.call, run: (data) => ran.push(data) });
    side.session.release();
    for (let id = 1; id < 120; id += 2) peer.say(batch([0x05, id, 0]));
    // The first cancel is forgotten, the last is not.
    for (const id of [1, 119]) peer.say(batch([0x12, id, callType.call, 0, 1, 0x63, 0], `[${id}]`));
    await peer.settled();
    expect(ran).toEqual([1]);
    side.session.abort();
  });
});

describe("what belongs to no call", () => {
  test.each([
    ["items for a call of its own that it never made", frame(0x15, [1, 1], "[1]")],
    ["items for a call that we never made", frame(0x15, [2, 1], "[1]")],
    ["a large item for a call that it never made", frame(0x12, [5, 9, 0x26, 1, 2], "x")],
    ["credit for a call of its own that it never made", batch([0x0a, 1, 5])],
    ["credit for a call that we never made", batch([0x0a, 2, 5])],
    ["an end of what it never began", batch([0x07, 1])],
    ["a result of what we never asked", batch([0x03, 2])],
    [
      "a second call of the same id",
      Buffer.concat([batch(call(0, "c", 0)), batch(call(0, "c", 0))]),
    ],
    ["a call far ahead of its turn", batch([0x02, 0xff, 0xff, 0x7f, 0, 0, 1, 0x63, 0])],
  ])("%s ends the session", async (_, bytes) => {
    const { peer, side } = await bytePeer();
    side.handlers.handle("c", { type: callType.call, run: () => 1 });
    side.session.release();
    peer.say(bytes);
    expect((await side.end).error).toEqual(coded("ERR_PROTOCOL"));
  });

  test("but late items and credit for a call that is over do no harm", async () => {
    const { peer, side } = await bytePeer();
    side.handlers.handle("c", { type: callType.call, run: () => 1 });
    side.session.release();
    peer.say(
      batch(call(0, "c", 0)),
      frame(0x15, [1, 1], "[1]"),
      batch([0x0a, 1, 5]),
      batch([0x07, 1]),
    );
    await peer.settled();
    expect(peer.isClosed).toBe(false);
    side.session.abort();
  });
});

describe("a peer that is gone before there are handlers", () => {
  test.each([true, false])("has said what it said (resumable: %s)", async (isResumable) => {
    const { peer, side } = await bytePeer({ session: { isResumable } });
    const heard: unknown[] = [];
    side.handlers.on("x", (data) => heard.push(data));
    peer.say(batch([0x11, 0, 1, 0x78], "[1]"));
    await new Promise(setImmediate);
    peer.abort();
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    side.session.release();
    expect(heard).toEqual([1]);
    if (isResumable) {
      expect(side.detachments).toBe(1);
      side.session.abort();
    }
    await side.end;
  });
});
