import { VirtualClock } from "myelin/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { Heartbeat } from "../../src/session/heartbeat.ts";

let clock: VirtualClock;
let asked: number;
let silences: number;
let heartbeat: Heartbeat;

beforeEach(() => {
  clock = new VirtualClock();
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
    clock.advance(1_001);
    expect({ asked, silences }).toEqual({ asked: 0, silences: 0 });
    clock.advance(1_001);
    expect({ asked, silences }).toEqual({ asked: 1, silences: 0 });
    clock.advance(1_001);
    expect({ asked, silences }).toEqual({ asked: 1, silences: 1 });
    clock.advance(10_000);
    expect(silences).toBe(1);
  });

  test("an answer in time is life again", () => {
    clock.advance(2_002);
    expect(asked).toBe(1);
    heartbeat.heard();
    clock.advance(1_001);
    expect({ asked, silences }).toEqual({ asked: 1, silences: 0 });
  });

  test("says nothing once it was stopped", () => {
    heartbeat.stop();
    clock.advance(10_000);
    expect({ asked, silences }).toEqual({ asked: 0, silences: 0 });
  });
});
