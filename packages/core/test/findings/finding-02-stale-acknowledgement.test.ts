// What waits to be told when a connection breaks is old by the time there is another one: the peer has
// heard the newer count in the greeting, and takes a smaller one for a broken rule.
import { expect, test } from "vitest";
import { batch } from "../session/byte-peer.ts";
import { Side } from "../session/session-pair.ts";
import { blockedWire } from "./blocked-wire.ts";

const event = batch([0x01, 0x00, 0x01, 0x78]);
const ackKind = 0x22;

test("finding 2: a session that goes on acknowledges what it has, not what it had", () => {
  const blocked = blockedWire();
  const { session } = new Side(blocked, "server", { session: { isResumable: true } });
  session.release();
  // So many that an acknowledgement is due, which the connection does not take.
  for (let n = 0; n < 40; n += 1) session.receive(event, blocked);
  session.lost(undefined, blocked);
  const next = blockedWire(0);
  session.resume(next, 0);
  const said = Buffer.concat(next.sent);
  expect(said[4]).toBe(ackKind);
  expect(said[5]).toBe(40);
});
