// A farewell that has begun, and somebody who has less patience.
import { connect, serve } from "myelin";
import { expect, test } from "vitest";
import { within } from "../../../../test/support/within.ts";
import { type Clock, systemClock, type Timer } from "../../src/clock.ts";
import { bytePeer, frame } from "../session/byte-peer.ts";
import { freshAddress, keep, pair } from "./pairing.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const never = () => new Promise<never>(() => {});
const patiently = { drainMs: 600_000, timeoutMs: 600_000 };

test("a second close of a server waits no longer than it says", async () => {
  const { client, server } = await pair({ server: { handlers: { never } } });
  const call = client.call("never", 1, { timeoutMs: 0 }).catch((error: unknown) => error);
  await client.flush();
  const first = server.close(patiently);
  await within("it is closed", server.close({ drainMs: 0 }));
  await first;
  expect(await call).toEqual(coded("ERR_CLOSED", { ran: "maybe" }));
});

test("a second close of a peer waits no longer than it says", async () => {
  const { client, peer } = await pair({ server: { handlers: { never } } });
  client.call("never", 1, { timeoutMs: 0 }).catch(() => {});
  await client.flush();
  const first = peer.close(patiently);
  await within("it is closed", peer.close({ drainMs: 0 }));
  await first;
});

test("a second close that has more patience shortens nothing", async () => {
  const server = keep(await serve(freshAddress(), { handlers: { never } }));
  const client = keep(await connect(server.address, { retry: false }));
  client.call("never", 1, { timeoutMs: 0 }).catch(() => {});
  await client.flush();
  const first = client.close({ drainMs: 1 });
  await within("it is closed", Promise.all([first, client.close(patiently)]));
});

const goodbye = frame(0x23, [0, 1, 0, 0, 0]);

test("whoever closes behind the other end's goodbye waits no longer than it says", async () => {
  const { peer, side } = await bytePeer();
  side.session.release();
  side.session.event("unheard", 1);
  peer.say(goodbye);
  await peer.settled();
  const closing = side.session.close({ drainMs: 0, timeoutMs: 20, retry: "now" });
  const cause = { message: "closing took longer than 20 ms" };
  await expect(closing).rejects.toEqual(
    coded("ERR_UNDELIVERED", { cause: expect.objectContaining(cause) as unknown }),
  );
});

test("an answer to a goodbye does not keep the process alive, a close does", async () => {
  const held = new Set<Timer>();
  const clock: Clock = {
    ...systemClock,
    setTimeout(run, ms) {
      const timer = systemClock.setTimeout(run, ms);
      const { ref } = timer;
      timer.ref = () => {
        held.add(timer);
        ref.call(timer);
      };
      return timer;
    },
  };
  const { peer, side } = await bytePeer({ clock });
  side.session.release();
  side.session.event("unheard", 1);
  peer.say(goodbye);
  await peer.settled();
  expect(held.size).toBe(0);
  const closing = side.session.close({ drainMs: 0, timeoutMs: 20, retry: "now" });
  expect(held.size).toBe(1);
  await expect(closing).rejects.toEqual(coded("ERR_UNDELIVERED"));
});
