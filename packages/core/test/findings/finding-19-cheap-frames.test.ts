// What is cheap to send and dear to handle: the attacks on HTTP/2, said in frames of ours.
import { describe, expect, test } from "vitest";
import { writeVarint } from "../../src/bytes/varint.ts";
import { batch, bytePeer, frame } from "../session/byte-peer.ts";
import { Side } from "../session/session-pair.ts";
import { blockedWire } from "./blocked-wire.ts";

const tag = { call: 0x02, cancel: 0x05 };

function varint(value: number): readonly number[] {
  const bytes = Buffer.alloc(8);
  return [...bytes.subarray(0, writeVarint(bytes, 0, value))];
}

/** A call of "x" without data and without end. */
const call = (id: number) => batch([tag.call, ...varint(id), 0, 0, 1, 0x78, 0]);
const cancel = (id: number) => batch([tag.cancel, ...varint(id), 0]);
const ping = (n: number) => frame(0x20, [n & 255, n >> 8, 0, 0, 0, 0, 0, 0]);

describe("finding 19", () => {
  test("rapid reset: a cancelled call keeps its place until its handler is done", async () => {
    const { peer, side } = await bytePeer({ session: { maxInboundCalls: 10 } });
    let started = 0;
    let finish!: () => void;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    side.handlers.handle("x", {
      type: 0,
      run: () => {
        started += 1;
        return finished;
      },
    });
    side.session.release();
    // No more than the window allows: what is refused gives its place back at once.
    for (let id = 1; id < 10_000; id += 2) {
      peer.say(call(id), cancel(id));
      if (id % 501 === 0) await peer.settled();
    }
    await peer.settled();
    expect(started).toBe(10);
    finish();
    await peer.settled();
    peer.say(call(10_001));
    await peer.settled();
    expect(started).toBe(11);
    expect(peer.isClosed).toBe(false);
  });

  test("a flood of pings whose pongs are not read: one is kept, the newest", () => {
    const wire = blockedWire();
    const { session } = new Side(wire, "server", {});
    session.release();
    for (let n = 0; n < 10_000; n += 1) session.receive(ping(n), wire);
    expect(wire.sent).toEqual([]);
    wire.pendingBytes = 0;
    session.drained();
    const pongs = Buffer.concat(wire.sent);
    // An acknowledgement of nothing, and the pong.
    expect(pongs.subarray(-13)).toEqual(Buffer.from([9, 0, 0, 0, 0x21, 15, 39, 0, 0, 0, 0, 0, 0]));
    expect(pongs.length).toBeLessThan(32);
  });

  test("a flood of small frames whose acknowledgements are not read: one is kept", () => {
    const wire = blockedWire();
    const { session } = new Side(wire, "server", {});
    session.release();
    const event = batch([0x01, 0, 1, 0x78]);
    for (let n = 0; n < 10_000; n += 1) session.receive(event, wire);
    wire.pendingBytes = 0;
    session.drained();
    expect(Buffer.concat(wire.sent).length).toBeLessThan(32);
    expect(session.received).toBe(10_000);
  });

  test("calls whose answers are not read: the peer is cut, and what it is owed stays bounded", () => {
    const wire = blockedWire();
    const maxQueuedBytes = 64 * 1024;
    const side = new Side(wire, "server", { session: { maxQueuedBytes } });
    side.handlers.handle("x", { type: 0, run: () => "y".repeat(1_000) });
    side.session.release();
    let most = 0;
    for (let id = 1; id < 10_000; id += 2) {
      side.session.receive(call(id), wire);
      most = Math.max(most, side.session.stats().pendingBytes - wire.pendingBytes);
    }
    // With what was refused, which is little, and comes to an end.
    expect(most).toBeLessThan(2.25 * maxQueuedBytes + 1024 * 1024 + 256 * 1024);
    return expect(side.end).resolves.toMatchObject({ error: { code: "ERR_SLOW_PEER" } });
  });
});
