// How long a decision about a client may take: as long as both ends give a handshake.
import { connect, type HandshakeFailed, type ServeOptions, serve } from "myelin";
import { memoryNetwork } from "myelin/testing";
import { expect, test } from "vitest";
import { hearChannel } from "../../../../test/support/hear-channel.ts";

const address = "memory:deliberate";

/** A server that takes seven seconds to let anybody in, and its network. */
async function deliberate(options: ServeOptions) {
  const { clock, transport } = memoryNetwork();
  const shared = { clock, transports: [transport] };
  let asked = 0;
  const authorize = () => {
    asked += 1;
    return new Promise<boolean>((resolve) => clock.setTimeout(() => resolve(true), 7_000));
  };
  await clock.until(serve(address, { ...options, ...shared, authorize }));
  return { asked: () => asked, clock, shared };
}

const limits = { handshakeTimeoutMs: 15_000 };
const patient = { authorizeTimeoutMs: 10_000, limits };

test("more than five seconds, where both say so", async () => {
  const { asked, clock, shared } = await deliberate(patient);
  const connecting = connect(address, { ...shared, limits, timeoutMs: 20_000 });
  expect(await clock.until(connecting)).toMatchObject({ state: "open" });
  expect(asked()).toBe(1);
  expect(clock.now()).toBeLessThan(8_000);
});

test("a client that gives it less says what to do", async () => {
  const { clock, shared } = await deliberate(patient);
  const outcome = connect(address, { ...shared, retry: false }).catch((reason: object) => reason);
  expect(await clock.until(outcome)).toMatchObject({
    code: "ERR_TIMEOUT",
    message: expect.stringContaining("limits.handshakeTimeoutMs"),
  });
  expect(clock.now()).toBeLessThan(6_000);
});

test("no more than the server gives a handshake", async () => {
  await expect(serve(address, { authorizeTimeoutMs: 5_001 })).rejects.toMatchObject({
    code: "ERR_CONFIG",
    message: expect.stringContaining("limits.handshakeTimeoutMs (5000)"),
  });
});

test.each<[string, ServeOptions, number]>([
  ["with all defaults", {}, 4_000],
  ["where a handshake is given less", { limits: { handshakeTimeoutMs: 500 } }, 400],
  ["where a handshake is given more", { limits }, 4_000],
])("no answer is a refusal before anybody gives up, %s", async (_, options, expectedMs) => {
  const failed = hearChannel<HandshakeFailed>("myelin:handshake:failed");
  const { asked, clock, shared } = await deliberate(options);
  const outcome = connect(address, shared).catch((reason: object) => reason);
  expect(await clock.until(outcome)).toMatchObject({ code: "ERR_REFUSED" });
  expect(asked()).toBe(1);
  expect(clock.now()).toBeGreaterThanOrEqual(expectedMs);
  expect(clock.now()).toBeLessThan(expectedMs + 50);
  const cause = { code: "ERR_TIMEOUT", message: "authorize took too long" };
  expect(failed).toMatchObject([{ error: { code: "ERR_REFUSED", cause } }]);
});
