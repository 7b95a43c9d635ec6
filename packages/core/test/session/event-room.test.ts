// When those who wait for room on a wire of events only are told of it.
import { expect, test } from "vitest";
import { Tick } from "../../src/bytes/tick.ts";
import { EventRoom } from "../../src/session/event-room.ts";
import { SlowPeer } from "../../src/session/sending/slow-peer.ts";

function crowded() {
  const state = { waitingBytes: 500, drains: 0 };
  const holdings = { maxQueuedBytes: 1_000, isToBlame: () => true, awaitRoom() {} };
  const due: (() => void)[] = [];
  const tick = new Tick((run) => void due.push(run));
  const slowPeer = new SlowPeer({
    ...{ policy: "wait", holdings, highWaterMarkBytes: 500 },
    queue: { largestBytes: 0, dropEvents: () => ({ events: 0, bytes: 0 }) },
    waitingBytes: () => state.waitingBytes,
    ...{ onDropped() {}, onTooSlow() {} },
  });
  const room = new EventRoom({ tick, holdings, slowPeer, onDrain: () => void state.drains++ });
  const endTick = (): void => {
    for (const run of due.splice(0)) run();
  };
  return { due, endTick, room, state, tick };
}

test("at the end of the tick, behind what was collected before", () => {
  const { endTick, room, state, tick } = crowded();
  tick.await({ endTick: () => void (state.waitingBytes = 0) });
  room.await();
  endTick();
  expect(state.drains).toBe(1);
});

test("in the tick after that in which something leaves behind them", () => {
  const { endTick, room, state, tick } = crowded();
  const writer = {
    endTick() {
      room.leaving();
      state.waitingBytes = 0;
    },
  };
  room.await();
  tick.await(writer);
  endTick();
  expect(state.drains).toBe(0);
  endTick();
  expect(state.drains).toBe(1);
});

test("not while more than a half of the mark waits, and nobody looks again and again", () => {
  const { due, endTick, room, state } = crowded();
  room.await();
  endTick();
  expect(due).toEqual([]);
  state.waitingBytes = 251;
  room.leaving();
  endTick();
  expect([state.drains, due]).toEqual([0, []]);
  state.waitingBytes = 250;
  room.check();
  expect(state.drains).toBe(1);
});

test("nobody who does not wait, and each once", () => {
  const { due, room, state } = crowded();
  state.waitingBytes = 0;
  room.leaving();
  room.check();
  expect([state.drains, due]).toEqual([0, []]);
  room.await();
  room.check();
  room.check();
  expect(state.drains).toBe(1);
});
