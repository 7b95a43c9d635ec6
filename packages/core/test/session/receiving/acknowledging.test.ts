// The peer hears soon what has arrived, also when little did: what it cannot know it reports as lost.
import { expect, test } from "vitest";
import { within } from "../../../../../test/support/within.ts";
import { batch, bytePeer } from "../byte-peer.ts";

const event = batch([0x01, 0x00, 0x01, 0x78]);
const ackKind = 0x22;

test.each([true, false])(
  "a few frames are acknowledged together, soon (resumable: %s)",
  async (isResumable) => {
    const { peer, side } = await bytePeer({ session: { isResumable } });
    let heard = 0;
    side.handlers.on("x", () => void heard++);
    side.session.release();
    for (let round = 1; round <= 2; round += 1) {
      const acknowledged = peer.next(ackKind);
      peer.say(event, event, event);
      const [frames] = await within("the acknowledgement", acknowledged);
      expect([frames, heard]).toEqual([3 * round, 3 * round]);
    }
    expect(peer.frames.map(({ kind }) => kind)).toEqual([ackKind, ackKind]);
    side.session.abort();
  },
);
