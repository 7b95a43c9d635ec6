// What is told of events that are dropped: how many, and how large they were.
import type { SlowPeerPolicy } from "myelin";
import { expect, test } from "vitest";
import { SlowPeer } from "../../../src/session/sending/slow-peer.ts";

function full(policy: SlowPeerPolicy, oldest: { events: number; bytes: number }) {
  const told: [events: number, bytes: number][] = [];
  const slowPeer = new SlowPeer({
    policy,
    holdings: { maxQueuedBytes: 1_000, isToBlame: () => true },
    highWaterMarkBytes: 500,
    queue: { largestBytes: 0, dropEvents: () => oldest },
    waitingBytes: () => 1_000 - oldest.bytes,
    onDropped: (...dropped) => void told.push(dropped),
    onTooSlow() {},
  });
  return { slowPeer, told };
}

const none = { events: 0, bytes: 0 };

test.each<[SlowPeerPolicy, { events: number; bytes: number }, number, [boolean, number, number]]>([
  ["drop-newest", none, 0, [false, 1, 70]],
  ["drop-oldest", none, 0, [false, 1, 70]],
  ["drop-oldest", { events: 3, bytes: 300 }, 0, [true, 3, 300]],
  // They were dropped for nothing: it has no room all the same.
  ["drop-oldest", { events: 3, bytes: 300 }, 400, [false, 4, 770]],
])("%s, where %o go for an event: what is told", (policy, oldest, added, expected) => {
  const { slowPeer, told } = full(policy, oldest);
  const [isAdmitted, ...dropped] = expected;
  expect(slowPeer.admitsEvent(added, added + 70)).toBe(isAdmitted);
  expect(told).toEqual([dropped]);
});

test.each<[SlowPeerPolicy, boolean, string]>([
  ["wait", false, "ERR_QUEUE_FULL"],
  ["wait", true, "dropped"],
  ["disconnect", false, "ERR_QUEUE_FULL"],
  ["disconnect", true, "dropped"],
])(
  "%s, of what many get: %s; what is too much beside the largest message",
  (policy, isForMany, expected) => {
    const outcomes: string[] = [];
    const slowPeer = new SlowPeer({
      policy,
      // Others hold the rest: the peer itself may have ten times as much.
      holdings: { maxQueuedBytes: 1_000, isToBlame: (bytes) => bytes >= 10_000 },
      highWaterMarkBytes: 500,
      queue: { largestBytes: 20_000, dropEvents: () => none },
      waitingBytes: () => 22_000,
      onDropped: () => void outcomes.push("dropped"),
      onTooSlow: () => void outcomes.push("cut"),
    });
    expect(slowPeer.isFull()).toBe(true);
    try {
      slowPeer.admitsEvent(0, 70, isForMany);
    } catch (error) {
      outcomes.push((error as { code: string }).code);
    }
    expect(outcomes).toEqual([expected]);
  },
);
