// Calls that wait for the peer's window: their time runs meanwhile, and the peer learns what is left.
import { expect, test } from "vitest";
import { ByteReader } from "../../../src/bytes/byte-reader.ts";
import { systemClock } from "../../../src/clock.ts";
import { type Entry, readEntry } from "../../../src/session/messages/entry-reader.ts";
import { NameBook } from "../../../src/session/messages/name-book.ts";
import { frameKind } from "../../../src/session/wire.ts";
import { bytePeer, frame } from "../byte-peer.ts";
import { terms } from "../session-pair.ts";

const pad = "x".repeat(20_000);

test.each([
  ["in a batch", "small"],
  ["with data of its own", pad],
  ["in pieces", pad.repeat(10)],
])("%s", async (_, data) => {
  let now = 1_000;
  const clock = { ...systemClock, now: () => now };
  const { peer, side } = await bytePeer(
    { clock, terms: { ...terms, window: { messages: 1, bytes: 2 ** 20 } } },
    "client",
  );
  side.session.release();
  const first = peer.next(frameKind.batch);
  void side.call("first", undefined, { timeoutMs: 0 }).catch(() => {});
  await first;
  void side.call("later", data, { timeoutMs: 10_000 }).catch(() => {});
  await peer.settled();
  now += 4_000;
  const before = peer.frames.length;
  // One message has settled.
  peer.say(frame(frameKind.ack, [1, 1, 0]));
  await peer.settled();
  const entries = peer.frames.slice(before).flatMap(({ kind, payload }): Entry[] => {
    const reader = new ByteReader().reset(payload);
    if (kind === frameKind.batch) reader.varint();
    else if (kind === frameKind.opening) reader.skip(1 + 3);
    else if (kind !== frameKind.message) return [];
    return [readEntry(reader, new NameBook())];
  });
  expect(entries).toMatchObject([{ name: "later", amount: 6_000 }]);
  side.session.abort();
});
