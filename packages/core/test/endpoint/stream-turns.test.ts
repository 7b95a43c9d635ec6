// However many streams there are, and however readily their sources give, everything else has its turns.
import { connect, MemoryRegistry, memory, serve } from "myelin";
import { expect, test } from "vitest";
import { within } from "../../../../test/support/within.ts";
import { keep } from "./pairing.ts";

const pad = "x".repeat(50_000);
const bytes = new Uint8Array(50_000);
const peers = 10;
const streamsOfEach = 20;

test.each(["text", "later", "bytes"])(
  "two hundred streams of %s that are not read share each turn",
  async (kind) => {
    // Items that were made into what leaves.
    let made = 0;
    const item = {
      toJSON: () => {
        made += 1;
        return pad;
      },
    };
    const transports = [memory({ registry: new MemoryRegistry() })];
    const server = await serve("memory:turns", {
      transports,
      handlers: {
        *text() {
          for (;;) yield item;
        },
        async *later() {
          for (;;) yield item;
        },
        *bytes() {
          for (; ; made++) yield bytes;
        },
      },
    });
    keep(server);
    const limits = { streamWindowBytes: 4 * 1024 * 1024 };
    const clients = await Promise.all(
      Array.from({ length: peers }, () => connect("memory:turns", { transports, limits })),
    );
    clients.forEach(keep);

    const first = clients.flatMap((client) =>
      Array.from({ length: streamsOfEach }, () =>
        client.stream(kind)[Symbol.asyncIterator]().next(),
      ),
    );
    let isOver = false;
    let last = 0;
    let mostInTurn = 0;
    const look = (): void => {
      mostInTurn = Math.max(mostInTurn, made - last);
      last = made;
      if (!isOver) setImmediate(look);
    };
    look();
    await within("each has an item", Promise.all(first));
    isOver = true;
    expect(made).toBeGreaterThanOrEqual(peers * streamsOfEach);
    // A megabyte.
    expect(mostInTurn).toBeLessThan(30);
  },
);

test("hundreds of streams whose first items are small do not wait for one another's turns", async () => {
  let turn = 0;
  // Those in which items were made into what leaves.
  const turns = new Set<number>();
  const item = { toJSON: () => turns.add(turn).size };
  const transports = [memory({ registry: new MemoryRegistry() })];
  const handlers = {
    async *later() {
      yield item;
    },
  };
  keep(await serve("memory:many", { transports, handlers }));
  const client = keep(await connect("memory:many", { transports }));
  const first = Array.from({ length: 800 }, () =>
    client.stream("later")[Symbol.asyncIterator]().next(),
  );
  let isOver = false;
  const look = (): void => {
    turn += 1;
    if (!isOver) setImmediate(look);
  };
  look();
  await within("each has an item", Promise.all(first));
  isOver = true;
  expect(turns.size).toBeLessThan(10);
});
