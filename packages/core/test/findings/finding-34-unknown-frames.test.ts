// A peer of a later version, which says what this one does not know: it is skipped where the wire allows
// it, and counted where that was agreed on, or both would disagree about what has arrived.
import { expect, test } from "vitest";
import { batch, bytePeer, frame } from "../session/byte-peer.ts";

const event = batch([0x01, 0, 1, 0x78]);

test("finding 34: frames that may be ignored are, and acknowledged where they count", async () => {
  const { peer, side } = await bytePeer();
  let heard = 0;
  side.handlers.on("x", () => void (heard += 1));
  side.session.release();
  const pong = peer.next(0x21);
  const ack = peer.next(0x22);
  peer.say(
    event,
    frame(0x80),
    frame(0xbf, "later"),
    event,
    frame(0xc0),
    frame(0xff, "later"),
    event,
  );
  peer.say(frame(0x20, "are you?"));
  await pong;
  expect(heard).toBe(3);
  // Three events, and the two that are counted.
  expect((await ack)[0]).toBe(5);
  expect(peer.isClosed).toBe(false);
});

test("finding 34: a frame that must be understood ends the session", async () => {
  const { peer, side } = await bytePeer();
  side.session.release();
  peer.say(frame(0x7f));
  expect(await side.end).toMatchObject({ error: { code: "ERR_PROTOCOL" } });
});
