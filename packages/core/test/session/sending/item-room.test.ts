// What sources gave without room for it, of all sessions together.
import { expect, test } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import { ItemRoom } from "../../../src/session/sending/item-room.ts";
import { type KeptItem, KeptItems } from "../../../src/session/streams/kept-items.ts";

const maxKeptBytes = 1_000_000;

function rooms(count: number): { allKept: KeptItems; rooms: ItemRoom[] } {
  const allKept = new KeptItems();
  const options = {
    clock: systemClock,
    bodies: { borrow() {}, giveBack() {} },
    allKept,
    maxKeptBytes,
    plentyBytes: 0,
    underWayBytes: () => 1,
    maxBytes: () => 0,
    onMore() {},
  };
  return { allKept, rooms: Array.from({ length: count }, () => new ItemRoom(options)) };
}

const itemOf = (bytes: number): KeptItem => ({ bytes, shared: undefined });

/** @returns whether it was kept */
function give(room: ItemRoom, item: KeptItem): boolean {
  const isKept = !room.isTooMuch(item);
  if (isKept) room.keep(item);
  return isKept;
}

test("of however many sessions it is no more than twice what it may be", () => {
  const { allKept, rooms: all } = rooms(100);
  const kept = all.filter((room) => give(room, itemOf(100_000)));
  expect(kept).toHaveLength(20);
  expect(allKept.bytes).toBe(2 * maxKeptBytes);
  // What takes less than it costs to remember it is never refused.
  expect(all.filter((room) => give(room, itemOf(10)))).toHaveLength(80);
  for (const room of kept) room.letGo(itemOf(100_000));
  expect(give(all[0] as ItemRoom, itemOf(100_000))).toBe(true);
});

test("one that is larger than that is not refused for its size", () => {
  const { rooms: all } = rooms(2);
  const [first, second] = all as [ItemRoom, ItemRoom];
  expect(give(first, itemOf(3 * maxKeptBytes))).toBe(true);
  expect(give(second, itemOf(3 * maxKeptBytes))).toBe(false);
});

test("one that others have kept is there already", () => {
  const { allKept, rooms: all } = rooms(3);
  const body = new Uint8Array(3 * maxKeptBytes);
  const item = { bytes: body.length, shared: body };
  expect(all.map((room) => give(room, item))).toEqual([true, true, true]);
  expect(allKept.bytes).toBe(body.length);
});
