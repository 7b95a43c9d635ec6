// Events that were accepted at different times and wait for the window together keep their ages.
import { expect, test } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import { NameTable } from "../../../src/session/messages/name-table.ts";
import { ItemRoom } from "../../../src/session/sending/item-room.ts";
import { Outbox } from "../../../src/session/sending/outbox.ts";
import { KeptItems } from "../../../src/session/streams/kept-items.ts";

test("also when the window opens before the connection takes them", () => {
  const now = 1_000_000;
  const names = new NameTable();
  const outbox = new Outbox({
    clock: { ...systemClock, now: () => now },
    names,
    window: { messages: 2, bytes: 1 << 20 },
    maxFrameBytes: 1 << 18,
    maxMessageBytes: 1 << 24,
    maxOpenMessages: 4,
    items: new ItemRoom({
      bodies: { borrow() {}, giveBack() {} },
      clock: systemClock,
      allKept: new KeptItems(),
      maxKeptBytes: 1,
      plentyBytes: 1 << 20,
      underWayBytes: () => 0,
      maxBytes: () => 1 << 20,
      onMore() {},
    }),
    bodies: { borrow() {}, giveBack() {} },
    way: { now: () => now, roundTripMs: () => undefined },
    keepsSent: false,
    onPumped() {},
    onGone() {},
  });
  const link = { writable: true, pendingBytes: 0, send: () => true, sendAll: () => true };
  outbox.attach(link);
  const event = (data: string): void => outbox.event(names.use("event"), data, undefined);
  event("0");
  event("1");
  for (const ageMs of [50_000, 1_000]) {
    outbox.date(now - ageMs);
    event(`${ageMs}`);
  }
  outbox.date(Number.POSITIVE_INFINITY);
  outbox.flush();
  Object.assign(link, { writable: false, pendingBytes: 1 << 24 });
  outbox.arrived(outbox.sent.sent);
  outbox.settle(2, 0);
  outbox.detach();
  const ages = outbox.unsent().map((each) => {
    const [event] = each.kind === "events" ? each.unpack() : [];
    return [event?.encoded, now - each.since];
  });
  expect(ages).toEqual([
    ["50000", 50_000],
    ["1000", 1_000],
  ]);
});
