// Back-pressure along a faulty line: who sends heeds who reads, and what is only late is on its way.
import { tcp } from "myelin";
import { connectedPair, faulty } from "myelin/testing";
import { expect, test } from "vitest";
import { until } from "../../../../test/support/within.ts";

test.each(["up", "down"])("a delay takes nothing from what passes in a time, %s", (way) => {
  const { accepted, clock, dialled } = connectedPair({ delayMs: 25 });
  const [from, to] = way === "up" ? [dialled, accepted] : [accepted, dialled];
  let got = 0;
  from.open({ onData() {}, onClose() {}, onDrain() {} });
  to.open({ onData: (chunk) => void (got += chunk.length), onClose() {}, onDrain() {} });
  const bytes = 4 * 1024 * 1024;
  for (let left = bytes; left > 0; left -= 16 * 1024) {
    const isTaken = from.send(Buffer.alloc(16 * 1024));
    if (way === "up") expect(isTaken).toBe(true);
  }
  clock.advance(30);
  expect(got).toBe(bytes);
});

test.each([
  ["up", {}],
  ["down", {}],
  ["up", { delayMs: 2_000 }],
  ["down", { delayMs: 2_000 }],
  ["down", { chunkBytes: [100, 1_000] }],
] as const)("who sends heeds who reads, or what is on its way: %s, %j", (way, faults) => {
  const { accepted, clock, dialled } = connectedPair(faults);
  const [from, to] = way === "up" ? [dialled, accepted] : [accepted, dialled];
  let sent = 0;
  let got = 0;
  let most = 0;
  const go = (): void => {
    while (from.writable && sent < 64 * 1024 * 1024) {
      sent += 64 * 1024;
      from.send(Buffer.alloc(64 * 1024));
      most = Math.max(most, sent - got);
    }
  };
  from.open({ onData() {}, onClose() {}, onDrain: go });
  to.open({
    onData: ({ length }) => {
      got += length;
      // It takes one piece in a millisecond.
      to.pause();
      clock.setTimeout(() => to.resume(), 1);
    },
    onClose() {},
    onDrain() {},
  });
  go();
  for (let turn = 0; turn < 300; turn += 1) clock.advance(10);
  expect(got).toBeGreaterThan(0);
  expect(most).toBeLessThan("delayMs" in faults ? 18_000_000 : 1_000_000);
});

test("who sends over a network heeds a reader that pauses behind each piece", async () => {
  const total = 64 * 1024 * 1024;
  let sent = 0;
  let got = 0;
  let most = 0;
  const listener = await tcp().listen({ scheme: "tcp", host: "127.0.0.1", port: 0 }, (sender) => {
    const go = (): void => {
      while (sent < total && sender.writable) {
        sent += 64 * 1024;
        sender.send(Buffer.alloc(64 * 1024));
      }
    };
    sender.open({ onData() {}, onClose() {}, onDrain: go });
    go();
  });
  const reader = await faulty(tcp(), { chunkBytes: [1_000, 5_000] }).dial(listener.address);
  reader.open({
    onData: ({ length }) => {
      got += length;
      most = Math.max(most, sent - got);
      reader.pause();
      setTimeout(() => reader.resume(), 1);
    },
    onClose() {},
    onDrain() {},
  });
  await until("it has some", () => got > 500_000);
  // What the system takes on loopback, both ends' buffers together.
  expect(most).toBeLessThan(total / 4);
  reader.abort();
  await listener.close();
});

test("a reader that throws loses its piece, but not those behind it", () => {
  const { accepted, clock, dialled } = connectedPair();
  let got = 0;
  dialled.open({
    onData: ({ length }) => {
      got += length;
      if (got === length) throw new Error("not this one");
    },
    onClose() {},
    onDrain() {},
  });
  for (let n = 0; n < 4; n += 1) accepted.send(Buffer.alloc(64 * 1024));
  expect(() => clock.runUntilIdle()).toThrow("not this one");
  clock.runUntilIdle();
  expect(got).toBe(4 * 64 * 1024);
});
