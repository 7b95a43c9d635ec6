import { expect, test } from "vitest";
import { ByteReader } from "../../../src/bytes/byte-reader.ts";
import { readEntry } from "../../../src/session/messages/entry-reader.ts";
import { EntryWriter } from "../../../src/session/messages/entry-writer.ts";
import { NameTable } from "../../../src/session/messages/name-table.ts";
import { callType, payload } from "../../../src/session/wire.ts";

const names = new NameTable(["known"]);

/** Heads of events and calls in turns, and where each begins. */
function write(calls: readonly { timeoutMs: number; since: number }[]) {
  const writer = new EntryWriter();
  const starts: number[] = [];
  for (const [index, { timeoutMs, since }] of calls.entries()) {
    writer.event(names.use("known"), payload.json);
    starts.push(writer.length);
    const head = { id: 2 * index + 1, type: callType.stream, timeoutMs, since, credit: 300 };
    writer.call({ ...head, name: names.use(`call ${index}`) }, payload.json);
  }
  return { writer, starts };
}

function read(writer: EntryWriter) {
  const reader = new ByteReader().reset(writer.bytes);
  const entries = [];
  while (reader.remaining > 0) entries.push(readEntry(reader, names));
  return entries.filter(({ name }) => name !== "known");
}

const times = [
  { timeoutMs: 30_000, since: 0 },
  { timeoutMs: 0, since: 0 },
  { timeoutMs: 100, since: 10 },
  { timeoutMs: 130, since: 20.5 },
  { timeoutMs: 2 ** 40, since: 900 },
];

test("time limits are what is left of them, and the rest of the heads as it was", () => {
  const { writer } = write(times);
  writer.elapse(1_000);
  expect(read(writer).map(({ amount }) => amount)).toEqual([29_000, 0, 1, 1, 2 ** 40 - 100]);
  expect(read(writer).map(({ credit, id, name }) => ({ credit, id, name }))).toEqual(
    times.map((_, index) => ({ credit: 300, id: 2 * index + 1, name: `call ${index}` })),
  );
});

test("heads that moved are found again", () => {
  for (let marked = 0; marked < times.length; marked += 1) {
    const { starts, writer } = write(times);
    const moved = writer.elapse(1_000);
    const at = starts[marked] as number;
    writer.abandon(moved?.(at) ?? at);
    expect(read(writer).map(({ abandoned }) => abandoned)).toEqual(
      times.map((_, index) => index === marked),
    );
  }
});

test("nothing moves within the same millisecond, nor for the second time", () => {
  const { writer } = write(times.map((each) => ({ ...each, since: 5 })));
  expect(writer.elapse(5.9)).toBeUndefined();
  expect(writer.elapse(1_000)).toBeUndefined();
  expect(read(writer).map(({ amount }) => amount)).toEqual(times.map(({ timeoutMs }) => timeoutMs));
});
