// What arrives over UDP faster than it is handled: there is nobody who could be told to wait.
import { expect, test } from "vitest";
import { Tick } from "../../../src/bytes/tick.ts";
import { CodecRegistry } from "../../../src/codec/codec-registry.ts";
import { MyelinError } from "../../../src/errors.ts";
import { limits } from "../../../src/limits.ts";
import { eventEntry } from "../../../src/session/datagrams/datagram-events.ts";
import { DatagramInbox } from "../../../src/session/datagrams/datagram-inbox.ts";
import { Handlers } from "../../../src/session/handlers.ts";
import { AgreedCodecs } from "../../../src/session/handshake/agreed-codecs.ts";
import type { MessageContext } from "../../../src/session/message-context.ts";
import { DataCodecs } from "../../../src/session/messages/data-codecs.ts";
import { EventDispatch } from "../../../src/session/receiving/dispatch.ts";

const unlimited = Number.POSITIVE_INFINITY;
const entry = (data: unknown) => eventEntry(Buffer.from("x"), JSON.stringify(data));

function inbox(listener: (data: unknown) => unknown, messages = 1_000) {
  const registry = new CodecRegistry();
  const handlers = new Handlers<MessageContext<string>>();
  handlers.on("x", listener);
  const outcome = { tellUnhandled() {}, tellHandlerError() {} };
  const dropped: [events: number, bytes: number][] = [];
  const box = new DatagramInbox({
    codecs: new DataCodecs({
      ...{ registry, agreed: new AgreedCodecs(registry, []) },
      ...{ maxMessageBytes: unlimited, maxBinaryBytes: unlimited, maxBatchedLength: unlimited },
    }),
    events: new EventDispatch("peer", handlers, outcome),
    tick: new Tick((run) => setImmediate(run)),
    window: { messages, bytes: unlimited },
    remote: "udp://192.0.2.1:1",
    onSettled: () => {},
    onDropped: (events, bytes) => void dropped.push([events, bytes]),
  });
  return { box, dropped };
}

test("what comes before there are handlers waits for them, in a copy", () => {
  const heard: unknown[] = [];
  const { box } = inbox((data) => void heard.push(data));
  const bytes = entry("early");
  box.take(bytes);
  bytes.fill(0);
  expect(heard).toEqual([]);
  box.release();
  box.take(entry("late"));
  expect(heard).toEqual(["early", "late"]);
});

test("what waits is bounded: the newest are dropped and counted", () => {
  const heard: unknown[] = [];
  const { box, dropped } = inbox((data) => void heard.push(data));
  const large = entry("a".repeat(60_000));
  const fits = Math.floor(limits.datagramWaitingBytes / (large.length + 64));
  for (let n = 0; n < fits; n += 1) box.take(large);
  expect(dropped).toEqual([]);
  const two = Buffer.concat([large, entry(1)]);
  box.take(two);
  expect(dropped).toEqual([[2, two.length]]);
  box.release();
  expect(heard).toHaveLength(fits);
});

test("handlers that are at work hold up what follows, and not for good", async () => {
  const heard: unknown[] = [];
  const done: (() => void)[] = [];
  const { box } = inbox((data) => {
    heard.push(data);
    return new Promise<void>((resolve) => void done.push(resolve));
  }, 2);
  box.release();
  for (let n = 0; n < 4; n += 1) box.take(entry(n));
  expect([heard, box.active]).toEqual([[0, 1], 2]);
  for (const settle of done.splice(0)) settle();
  await new Promise((resolve) => setImmediate(resolve));
  expect([heard, box.active]).toEqual([[0, 1, 2, 3], 2]);
});

test("an end in the middle of a datagram tells what was not handed on, at once", () => {
  const heard: unknown[] = [];
  const { box, dropped } = inbox((data) => {
    heard.push(data);
    if (data === 2) box.stop(new MyelinError("ERR_CLOSED", "over"));
  });
  box.release();
  const rest = [entry(3), entry(4)];
  box.take(Buffer.concat([entry(1), entry(2), ...rest]));
  expect(heard).toEqual([1, 2]);
  expect(dropped).toEqual([[2, 2]]);
});

test("a last round hands on all that waits, whatever handlers are at work on", () => {
  const heard: unknown[] = [];
  const { box, dropped } = inbox((data) => {
    heard.push(data);
    return new Promise<void>(() => {});
  }, 1);
  for (let n = 0; n < 5; n += 1) box.take(entry(n));
  box.release();
  expect(heard).toEqual([0]);
  box.handOnAll();
  expect(heard).toEqual([0, 1, 2, 3, 4]);
  box.stop(new MyelinError("ERR_CLOSED", "over"));
  expect(dropped).toEqual([]);
});
