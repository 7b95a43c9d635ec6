// Whether a peer takes what waits for it: asked for, looked at, and never held against one whose turn it was not.
import { VirtualClock } from "myelin/testing";
import { beforeEach, expect, test } from "vitest";
import { TakingWatch } from "../../../src/session/sending/taking-watch.ts";

const fresh = {
  ...{ acknowledged: 0, isWaiting: true, matters: false, stuck: 0, taken: 0 },
  onArrivals: undefined as (() => void) | undefined,
};
const state = { ...fresh };
beforeEach(() => void Object.assign(state, fresh));

function watching() {
  const clock = new VirtualClock();
  let sleptMs = 0;
  const watch = new TakingWatch({
    clock: {
      now: () => clock.now() + sleptMs,
      setTimeout: (run, ms) => clock.setTimeout(run, ms),
      clearTimeout: (timer) => clock.clearTimeout(timer),
      // As in the event loop: what is in the sockets arrives between timers and immediates.
      setImmediate: (run) =>
        clock.setImmediate(() => {
          state.onArrivals?.();
          run();
        }),
    },
    acknowledged: () => state.acknowledged,
    isWaiting: () => state.isWaiting,
    matters: () => state.matters,
    onStuck: () => void state.stuck++,
    onTaken: () => void state.taken++,
  });
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 125) await clock.advanceAsync(125);
  };
  const sleep = (ms: number): void => {
    sleptMs += ms;
  };
  return { pass, sleep, watch };
}

test("who takes nothing for a second does not, until it does", async () => {
  const { pass, watch } = watching();
  expect(watch.isTaking()).toBe(true);
  await pass(875);
  expect(state.stuck).toBe(0);
  await pass(250);
  expect(state.stuck).toBe(1);
  expect(watch.isTaking()).toBe(false);
  state.acknowledged = 1;
  expect(watch.isTaking()).toBe(true);
});

test("what is in the socket already when it is looked was taken", async () => {
  const { pass, watch } = watching();
  watch.isTaking();
  await pass(875);
  state.onArrivals = () => {
    state.acknowledged = 1;
  };
  await pass(125);
  expect(state).toMatchObject({ stuck: 0, taken: 1 });
});

test("who was stuck may take what is sent over another connection", async () => {
  const { pass, watch } = watching();
  watch.isTaking();
  await pass(1_000);
  expect(watch.isTaking()).toBe(false);
  watch.forget();
  expect(watch.isTaking()).toBe(true);
  await pass(875);
  expect(watch.isTaking()).toBe(true);
  await pass(250);
  expect(watch.isTaking()).toBe(false);
});

test("who comes back while it is looked has a second of its own", async () => {
  const { pass, watch } = watching();
  watch.isTaking();
  await pass(875);
  state.onArrivals = () => {
    state.onArrivals = undefined;
    watch.forget();
    watch.isTaking();
  };
  await pass(875);
  expect(state.stuck).toBe(0);
  await pass(250);
  expect(state.stuck).toBe(1);
});

test("nobody is held to take what is not there", async () => {
  const { pass, watch } = watching();
  expect(watch.isTaking()).toBe(true);
  state.isWaiting = false;
  await pass(3_000);
  expect(watch.isTaking()).toBe(true);
  expect(state).toMatchObject({ stuck: 0, taken: 1 });
});

test("this process slept: what it did not look at counts for nothing", async () => {
  const { pass, sleep, watch } = watching();
  watch.isTaking();
  await pass(750);
  // However often it does.
  for (let times = 0; times < 20; times += 1) {
    sleep(1_000);
    await pass(125);
  }
  await pass(125);
  expect(state.stuck).toBe(0);
  await pass(125);
  expect(state.stuck).toBe(1);
});

test.each([true, false])(
  "who has taken something is looked at again if it matters: %s",
  async (matters) => {
    const { pass, watch } = watching();
    state.matters = matters;
    watch.isTaking();
    await pass(500);
    state.acknowledged = 1;
    await pass(3_000);
    expect(state.stuck).toBe(matters ? 1 : 0);
  },
);

test("a watch that was stopped tells nothing", async () => {
  const { pass, watch } = watching();
  watch.isTaking();
  await pass(500);
  watch.stop();
  await pass(3_000);
  expect(state.stuck).toBe(0);
});
