// Items that nobody has asked for yet: little of them waits as objects, which take many times what they had on the wire.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { connect, serve } from "myelin";
import { expect, test } from "vitest";
import { until } from "../../../../test/support/within.ts";
import { systemClock } from "../../src/clock.ts";
import { InboundItems } from "../../src/session/streams/inbound-items.ts";
import { ParsedItems } from "../../src/session/streams/parsed-items.ts";
import { freshAddress, keep } from "../endpoint/pairing.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const MiB = 1024 * 1024;
const maxBufferedBytes = 32 * MiB;
/** Many tiny arrays: fifteen times as much in memory. */
const dense = (length: number) => Array.from({ length }, () => []);

test.each([
  { what: "in batches", items: 10, length: 2_000 },
  { what: "as messages of their own", items: 1, length: 20_000 },
])("uploads of dense data that are not read, $what", async ({ items: most, length }) => {
  const held: (() => void)[] = [];
  const seen: unknown[][] = [];
  const server = keep(
    await serve(freshAddress(), {
      limits: { maxBufferedBytes },
      handlers: {
        hold: async (data: unknown) => {
          await new Promise<void>((resolve) => held.push(resolve));
          const items: unknown[] = [];
          for await (const item of data as AsyncIterable<unknown>) items.push(item);
          seen.push(items);
        },
      },
    }),
  );
  const client = keep(await connect(server.address, { retry: false, callTimeoutMs: 0 }));
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const count = 250;
  const item = dense(length);
  const uploads = Array.from({ length: count }, (_, n) =>
    client.upload("hold", [n, ...Array(most).fill(item), [n, "ü"]]),
  );
  await until("all have arrived", () => {
    const { bufferedBytes } = server.stats();
    return held.length === count && bufferedBytes > count * 40_000;
  });
  await client.flush();
  collectGarbage();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(2 * maxBufferedBytes);
  for (const resolve of held) resolve();
  await Promise.all(uploads);
  expect(seen).toHaveLength(count);
  for (const items of seen) {
    const [first] = items;
    expect(items).toHaveLength(most + 2);
    for (const each of items.slice(1, -1)) expect(each).toHaveLength(length);
    expect(items.at(-1)).toEqual([first, "ü"]);
  }
});

/** What the streams of a session have in common. */
function inboundItems(parsed: ParsedItems, shareBytes: number): InboundItems {
  return new InboundItems({
    ours: { streamWindowBytes: 1_000, maxFrameBytes: 1_000 },
    maxStreamWindowBytes: 100_000,
    shareBytes: () => shareBytes,
    isHeldBack: () => false,
    parsed,
    onFreed: () => {},
    roundTripMs: () => undefined,
    clock: systemClock,
  });
}

test("all windows together grow to half of what may arrive from a peer", () => {
  const items = inboundItems(new ParsedItems(1_000), 60_000);
  const stream = { giveCredit: () => {} };
  items.begin();
  items.begin();
  expect(items.resize(1_000, 8_000)).toBe(8_000);
  // The other has one of 1,000.
  expect(items.resize(8_000, 40_000)).toBe(29_000);
  // And wants more: it gets as much, and the first is cut back when it has its turn.
  expect(items.resize(1_000, 40_000)).toBe(15_000);
  expect(items.resize(29_000, 29_000)).toBe(15_000);
  for (let n = 0; n < 10; n += 1) items.begin();
  expect(items.resize(15_000, 15_000)).toBe(10_000);
  items.forget(stream, 15_000);
  expect(items.resize(10_000, 40_000)).toBe(20_000);
  const many = inboundItems(new ParsedItems(1_000), 60_000);
  // Nobody reads those that have grown.
  for (let n = 0; n < 20; n += 1) many.begin();
  const windows = Array.from({ length: 20 }, () => many.resize(1_000, 100_000));
  expect(windows.reduce((sum, window) => sum + window, 0)).toBeLessThanOrEqual(60_000);
  const plenty = inboundItems(new ParsedItems(1_000), 2 ** 30);
  plenty.begin();
  expect(plenty.resize(1_000, 200_000)).toBe(100_000);
});

test("what nobody reads when its session is over does not count for those that come", () => {
  const parsed = new ParsedItems(1_000);
  const items = inboundItems(parsed, 1_000);
  items.add(900, false);
  expect(items.keeps(200)).toBe(true);
  items.close();
  expect(items.keeps(200)).toBe(false);
  // Whoever reads on has the rest of it.
  items.free(900, false);
  expect(parsed.bytes).toBe(0);
});
