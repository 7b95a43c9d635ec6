// What leaves over UDP when the system does not take it at once.
import { expect, test } from "vitest";
import { Tick } from "../../../src/bytes/tick.ts";
import { type Clock, systemClock } from "../../../src/clock.ts";
import { CodecRegistry } from "../../../src/codec/codec-registry.ts";
import type { SlowPeerPolicy } from "../../../src/peer/endpoint-options.ts";
import { readEvents } from "../../../src/session/datagrams/datagram-events.ts";
import { DatagramOutbox } from "../../../src/session/datagrams/datagram-outbox.ts";
import { type EventsDatagram, readDatagram } from "../../../src/session/datagrams/datagrams.ts";
import { AgreedCodecs } from "../../../src/session/handshake/agreed-codecs.ts";
import { DataCodecs } from "../../../src/session/messages/data-codecs.ts";
import { NameTable } from "../../../src/session/messages/name-table.ts";
import { VirtualClock } from "../../../src/testing/virtual-clock.ts";
import type { Connection } from "../../../src/transport/transport.ts";

const unlimited = Number.POSITIVE_INFINITY;

function outbox(slowPeer: SlowPeerPolicy = "wait", clock: Clock = systemClock) {
  const registry = new CodecRegistry();
  const connection = { writable: true, pendingBytes: 0 };
  const sent: EventsDatagram[] = [];
  const told: string[] = [];
  let endTick = (): void => {};
  const crowded: (() => void)[] = [];
  const holdings = {
    maxQueuedBytes: 1_000,
    isToBlame: () => true,
    awaitRoom: (run: () => void) => void crowded.push(run),
  };
  const box = new DatagramOutbox({
    clock,
    names: new NameTable(),
    codecs: new DataCodecs({
      ...{ registry, agreed: new AgreedCodecs(registry, []) },
      ...{ maxMessageBytes: unlimited, maxBinaryBytes: unlimited, maxBatchedLength: unlimited },
    }),
    tick: new Tick((run) => {
      endTick = run;
    }),
    connection: connection as Connection,
    token: Buffer.from("a token!"),
    maxDatagramBytes: 219,
    highWaterMarkBytes: 500,
    ...{ holdings, slowPeer },
    say: (bytes) => void sent.push(readDatagram(bytes) as EventsDatagram),
    onDrain: () => void told.push("drain"),
    onDropped: (events, bytes) => void told.push(`dropped ${events}: ${bytes}`),
    onTooSlow: (error) => void told.push(error.code),
  });
  const names = () => sent.map(({ entries }) => readEvents(entries).map(({ name }) => name));
  /** Others leave room: so much may wait. */
  const roomier = (maxQueuedBytes: number): void => {
    holdings.maxQueuedBytes = maxQueuedBytes;
    for (const run of crowded.splice(0)) run();
  };
  return { box, connection, crowded, names, roomier, sent, told, endTick: () => endTick() };
}

/** Fifty bytes with a name of one. */
const fifty = "x".repeat(44);

test("what is sent in one turn shares datagrams, as many as it takes, which are numbered", () => {
  const { box, endTick, names, sent } = outbox();
  for (const name of ["a", "b", "c", "d", "e"]) box.event(name, `"${fifty}"`);
  endTick();
  expect(names()).toEqual([["a", "b", "c", "d"].slice(0, names()[0]?.length), expect.anything()]);
  expect(names().flat()).toEqual(["a", "b", "c", "d", "e"]);
  expect(sent.map(({ number }) => number)).toEqual([1, 2]);
  expect(box.queuedBytes).toBe(0);
});

test("what the system does not take waits, within limits, and leaves in order", () => {
  const { box, connection, names, told } = outbox();
  connection.writable = false;
  const accepted: boolean[] = [];
  const fill = () => {
    for (let n = 0; n < 100; n += 1) accepted.push(box.event(`${n}`, `"${fifty}"`));
  };
  expect(fill).toThrow(expect.objectContaining({ code: "ERR_QUEUE_FULL" }));
  expect([accepted[0], accepted.at(-1)]).toEqual([true, false]);
  expect([names(), told]).toEqual([[], []]);
  connection.writable = true;
  box.drained();
  expect(names().flat()).toEqual(accepted.map((_, n) => `${n}`));
  expect(told).toEqual(["drain"]);
});

test("who waits for room hears of it when the tick is over, where the system takes everything", () => {
  const { box, endTick, names, roomier, told } = outbox();
  roomier(100);
  expect(box.event("a", `"${fifty}"`)).toBe(false);
  expect(told).toEqual([]);
  endTick();
  expect([names(), told]).toEqual([[["a"]], ["drain"]]);
  // Who waits though there is room, as after a refusal.
  box.awaitRoom();
  endTick();
  expect(told).toEqual(["drain", "drain"]);
  endTick();
  expect(told).toHaveLength(2);
});

test("who waits for room hears of it when others leave enough", () => {
  const { box, connection, crowded, endTick, roomier, told } = outbox();
  connection.writable = false;
  roomier(400);
  while (box.event("a", `"${fifty}"`));
  endTick();
  roomier(2 * box.queuedBytes);
  expect(told).toEqual([]);
  roomier(2 * box.queuedBytes + 1);
  expect(told).toEqual(["drain"]);
  connection.writable = true;
  box.drained();
  expect([told, crowded]).toEqual([["drain"], []]);
});

test("nobody hears of room once it has ended", () => {
  const { box, crowded, endTick, roomier, told } = outbox();
  roomier(100);
  box.event("a", `"${fifty}"`);
  box.stop();
  roomier(1_000);
  endTick();
  box.awaitRoom();
  endTick();
  expect([told, crowded]).toEqual([[], []]);
});

test("the oldest make room where that was asked for", () => {
  const { box, connection, names, told } = outbox("drop-oldest");
  connection.writable = false;
  for (let n = 0; n < 12; n += 1) box.event(`${n}`, `"${fifty}"`);
  connection.writable = true;
  box.drained();
  const left = names().flat();
  expect(left.at(-1)).toBe("11");
  expect(left).not.toContain("0");
  expect(told.filter((each) => each.startsWith("dropped"))).toHaveLength(12 - left.length);
});

test("the newest is told with its bytes where it is dropped", () => {
  const { box, connection, told } = outbox("drop-newest");
  connection.writable = false;
  let accepted = 0;
  while (box.event("n", `"${fifty}"`)) accepted += 1;
  while (told.length === 0) box.event("n", `"${fifty}"`);
  expect(accepted).toBeGreaterThan(0);
  // As much as one that waits.
  const { queuedBytes } = box;
  const each = Number(told[0]?.split(": ")[1]);
  expect(each).toBeGreaterThan(fifty.length);
  expect(queuedBytes % each).toBe(0);
});

test("a flush waits for the system, and an end gives back what has not left", async () => {
  const { box, connection } = outbox();
  connection.writable = false;
  box.event("a", undefined);
  let isFlushed = false;
  const flushed = box.flush().then(() => {
    isFlushed = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isFlushed).toBe(false);
  expect(box.stop()).toMatchObject([{ name: "a", encoded: undefined }]);
  await flushed;
});

test("a flush waits for what was sent before it, however steadily more is sent", async () => {
  const clock = new VirtualClock();
  const { box, connection, endTick } = outbox("wait", clock);
  connection.pendingBytes = 50;
  box.event("before", undefined);
  let isFlushed = false;
  void box.flush().then((hasLeft) => {
    isFlushed = hasLeft;
  });
  for (let turn = 0; turn < 10; turn += 1) {
    // The system is behind with what was sent last, whenever somebody looks on time.
    box.event("meanwhile", undefined);
    await clock.advanceAsync(5);
    expect(isFlushed).toBe(false);
    endTick();
  }
  for (let turn = 0; turn < 2; turn += 1) {
    box.event("meanwhile", undefined);
    connection.pendingBytes = 0;
    endTick();
    connection.pendingBytes = 50;
    await clock.advanceAsync(5);
  }
  expect(isFlushed).toBe(true);
});
