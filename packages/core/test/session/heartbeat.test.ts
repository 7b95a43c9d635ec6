import { VirtualClock } from "myelin/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { Heartbeat } from "../../src/session/heartbeat.ts";

/** Of a process that sleeps, too: time goes by, and nothing runs meanwhile. */
class SleepyClock extends VirtualClock {
  #sleptMs = 0;

  override now(): number {
    return super.now() + this.#sleptMs;
  }

  sleep(ms: number): void {
    this.#sleptMs += ms;
  }

  /** As in the event loop: what is in the sockets arrives between timers and immediates. */
  override setImmediate(run: () => void): void {
    super.setImmediate(() => {
      this.onArrivals?.();
      run();
    });
  }

  onArrivals: (() => void) | undefined;
}

let clock: SleepyClock;
let asked: number;
let silences: number;
let heartbeat: Heartbeat;

beforeEach(() => {
  clock = new SleepyClock();
  asked = 0;
  silences = 0;
  heartbeat = new Heartbeat(clock, 1_000, {
    ask: () => {
      asked += 1;
    },
    onSilence: () => {
      silences += 1;
    },
  });
});

describe("a heartbeat", () => {
  test("asks nothing while there are signs of life", () => {
    for (let n = 0; n < 10; n++) {
      heartbeat.heard();
      clock.advance(1_000);
    }
    expect({ asked, silences }).toEqual({ asked: 0, silences: 0 });
  });

  test("asks after an interval of silence, and gives up after another", () => {
    clock.advance(999);
    expect({ asked, silences }).toEqual({ asked: 0, silences: 0 });
    clock.advance(2);
    expect({ asked, silences }).toEqual({ asked: 1, silences: 0 });
    clock.advance(998);
    expect({ asked, silences }).toEqual({ asked: 1, silences: 0 });
    clock.advance(2);
    expect({ asked, silences }).toEqual({ asked: 1, silences: 1 });
    clock.advance(10_000);
    expect(silences).toBe(1);
  });

  test.each([0, 1, 124, 126, 600, 999])("and not much later behind bytes at %i ms", (at) => {
    clock.advance(at);
    heartbeat.heard();
    clock.advance(1_000);
    expect(asked).toBe(0);
    clock.advance(125);
    expect(asked).toBe(1);
    clock.advance(875);
    expect(silences).toBe(0);
    clock.advance(125);
    expect(silences).toBe(1);
  });

  test("an answer in time is life again", () => {
    clock.advance(1_001);
    expect(asked).toBe(1);
    heartbeat.heard();
    clock.advance(1_001);
    expect({ asked, silences }).toEqual({ asked: 1, silences: 0 });
  });

  test("finding 22: asks once more after its own process has slept, and gives up after that", () => {
    clock.advance(1_001);
    expect({ asked, silences }).toEqual({ asked: 1, silences: 0 });
    clock.sleep(60_000);
    clock.advance(125);
    expect({ asked, silences }).toEqual({ asked: 2, silences: 0 });
    clock.advance(1_000);
    expect({ asked, silences }).toEqual({ asked: 2, silences: 1 });
  });

  test("finding 22: a peer that answers when it is asked once more is alive", () => {
    clock.advance(1_001);
    clock.sleep(60_000);
    clock.advance(125);
    heartbeat.heard();
    clock.advance(1_000);
    expect({ asked, silences }).toEqual({ asked: 2, silences: 0 });
  });

  test("finding 22: what is in the socket already when it is looked is a sign of life", () => {
    clock.advance(1_001);
    clock.onArrivals = () => heartbeat.heard();
    clock.advance(1_000);
    expect({ asked, silences }).toEqual({ asked: 1, silences: 0 });
    clock.advance(10_000);
    expect({ asked, silences }).toEqual({ asked: 1, silences: 0 });
  });

  test("says nothing once it was stopped", () => {
    heartbeat.stop();
    clock.advance(10_000);
    expect({ asked, silences }).toEqual({ asked: 0, silences: 0 });
  });
});
