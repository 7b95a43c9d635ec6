// Time limits of calls in a process that comes late to its own timers.
import { VirtualClock } from "myelin/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { turns, within } from "../../../../../test/support/within.ts";
import { type Clock, systemClock, type Timer } from "../../../src/clock.ts";
import { type Deadline, Deadlines } from "../../../src/session/calls/deadlines.ts";
import { batch, bytePeer } from "../byte-peer.ts";

const virtual = (clock: VirtualClock, late: () => number): Clock => ({
  now: () => clock.now() + late(),
  setTimeout: (run, ms) => clock.setTimeout(run, ms),
  clearTimeout: (timer) => clock.clearTimeout(timer),
  setImmediate: (run) => clock.setImmediate(run),
  random: () => clock.random(),
  randomBytes: (count) => clock.randomBytes(count),
});

describe("a deadline", () => {
  let clock: VirtualClock;
  let deadlines: Deadlines;
  let expired: string[];
  /** For so long nothing ran, though time went on. */
  let blockedMs: number;

  function add(name: string, ms: number): Deadline {
    const expire = (): void => void expired.push(name);
    const links = { dueAt: 0, previous: undefined, next: undefined, list: undefined };
    const deadline: Deadline = { expire, ...links };
    deadlines.add(deadline, ms);
    return deadline;
  }

  beforeEach(() => {
    clock = new VirtualClock();
    blockedMs = 0;
    expired = [];
    deadlines = new Deadlines(virtual(clock, () => blockedMs));
  });

  test("is over when its time is, also when the process comes a little late", () => {
    add("first", 1_000);
    clock.advance(500);
    add("second", 1_000);
    clock.advance(500);
    expect(expired).toEqual(["first"]);
    blockedMs = 900;
    clock.advance(500);
    expect(expired).toEqual(["first", "second"]);
  });

  test("is put off by as long again, when the process comes later than that", () => {
    const answered = add("answered", 1_000);
    add("never answered", 1_000);
    blockedMs = 5_000;
    clock.advance(1_999);
    expect(expired).toEqual([]);
    deadlines.remove(answered);
    clock.advance(1);
    expect(expired).toEqual(["never answered"]);
    add("next", 1_000);
    clock.advance(1_000);
    expect(expired).toEqual(["never answered", "next"]);
  });

  test("is put off once, however late the process is again", () => {
    add("x", 1_000);
    blockedMs = 5_000;
    clock.advance(1_000);
    blockedMs = 50_000;
    clock.advance(1_000);
    expect(expired).toEqual(["x"]);
  });
});

test("a process that was suspended reads the answers that wait for it, before calls are over", async () => {
  let now = 0;
  const timers: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    now: () => now,
    setTimeout(run): Timer {
      timers.push(run);
      return { ref() {}, unref() {} };
    },
    clearTimeout() {},
  };
  const { peer, side } = await bytePeer({ clock }, "client");
  side.session.release();
  const outcomes: Promise<unknown>[] = ["first", "second"].map((name) =>
    side.call(name, undefined, { timeoutMs: 30_000 }),
  );
  outcomes[1]?.catch(() => {});
  await peer.settled();
  now = 300_000;
  for (const fire of timers.splice(0)) fire();
  // It takes more than one turn to read all that came meanwhile.
  await turns(5);
  peer.say(batch([0x03, 1]));
  expect(await within("the answer", outcomes[0] ?? expect.fail())).toBeUndefined();
  now += 30_000;
  for (const fire of timers.splice(0)) fire();
  await expect(within("the end", outcomes[1] ?? expect.fail())).rejects.toMatchObject({
    code: "ERR_TIMEOUT",
    ran: "maybe",
  });
  side.session.abort();
});
