// Many streams at once, whose reader reads them in whatever order: nobody is ended, and nobody waits for ever.
import { type Client, connect, type ServeOptions, serve } from "myelin";
import { expect, test } from "vitest";
import { until } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "../endpoint/pairing.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

interface Request {
  readonly items: number;
  readonly bytes: number;
}

function* textOf({ items, bytes }: Request): Generator<string> {
  for (let n = 0; n < items; n += 1) yield "x".repeat(bytes);
}

const handlers = {
  bytes: async function* (data: unknown) {
    const { items, bytes } = data as Request;
    for (let n = 0; n < items; n += 1) yield new Uint8Array(bytes);
  },
  text: (data: unknown) => textOf(data as Request),
};

async function join(
  server: ServeOptions["limits"],
  client: ServeOptions["limits"],
): Promise<Client> {
  const { address } = keep(await serve(freshAddress(), { handlers, limits: server ?? {} }));
  return keep(await connect(address, { limits: client ?? {}, retry: false }));
}

async function countOf(stream: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of stream) count += 1;
  return count;
}

test.each(["bytes", "text"] as const)(
  "large items of many streams, all read at once: %s",
  async (name) => {
    const client = await join({ maxQueuedBytes: 2 * MiB }, {});
    const request = { items: 3, bytes: 500 * KiB };
    const streams = Array.from({ length: 40 }, () => countOf(client.stream(name, request)));
    const small = Array.from({ length: 40 }, () =>
      countOf(client.stream("text", { items: 50, bytes: 10 })),
    );
    expect(await Promise.all(streams)).toEqual(streams.map(() => 3));
    expect(await Promise.all(small)).toEqual(small.map(() => 50));
  },
);

test.each([
  {
    what: "items as large as the docs allow",
    count: 15,
    maxBufferedBytes: MiB,
    items: 5,
    bytes: 65_000,
  },
  {
    what: "windows that are all there is",
    count: 220,
    maxBufferedBytes: 4 * MiB,
    items: 60,
    bytes: KiB,
  },
  {
    what: "more than there are windows",
    count: 400,
    maxBufferedBytes: 4 * MiB,
    items: 30,
    bytes: KiB,
  },
])(
  "streams that are read one after the other: $what",
  async ({ count, maxBufferedBytes, ...request }) => {
    const client = await join({}, { maxBufferedBytes });
    const streams = Array.from({ length: count }, () => client.stream("text", request).start());
    for (const stream of streams) expect(await countOf(stream)).toBe(request.items);
  },
);

test("uploads that are read one after the other", async () => {
  const waiting: (() => void)[] = [];
  let isReading = false;
  const server = keep(
    await serve(freshAddress(), {
      limits: { maxBufferedBytes: 4 * MiB },
      handlers: {
        take: async (data: unknown) => {
          const items = data as AsyncIterable<unknown>;
          if (isReading) await new Promise<void>((resolve) => waiting.push(resolve));
          isReading = true;
          const count = await countOf(items);
          isReading = false;
          waiting.shift()?.();
          return count;
        },
      },
    }),
  );
  const client = keep(await connect(server.address, { retry: false }));
  const uploads = Array.from({ length: 220 }, () =>
    client.upload("take", textOf({ items: 60, bytes: KiB })),
  );
  expect(await Promise.all(uploads)).toEqual(uploads.map(() => 60));
});

test.each(["sync", "async"])("each has its turn when there is room for few: %s", async (kind) => {
  const item = new Uint8Array(50_000);
  const sync = function* () {
    for (;;) yield item.slice();
  };
  const source = async function* () {
    yield* sync();
  };
  const server = keep(
    await serve(freshAddress(), {
      limits: { maxBufferedBytes: 4 * MiB },
      handlers: { items: kind === "sync" ? sync : source },
    }),
  );
  const client = keep(await connect(server.address, { retry: false }));
  const counts = Array.from({ length: 100 }, () => 0);
  const streams = counts.map(async (_, at) => {
    for await (const _ of client.stream("items")) {
      counts[at] = (counts[at] ?? 0) + 1;
      if (counts.every((count) => count >= 3)) break;
    }
  });
  await until("all have had some", () => counts.every((count) => count >= 3));
  expect(Math.max(...counts)).toBeLessThan(12);
  await Promise.all(streams);
});

test.each([
  { network: "tcp" },
  { network: "unix" },
  { network: "unix", limits: { highWaterMarkBytes: 64 * KiB } },
])("a post has room beside streams that flow: %o", async ({ network, limits = {} }) => {
  const item = new Uint8Array(16 * MiB);
  const server = keep(
    await serve(freshAddress(network), {
      limits,
      handlers: {
        *items() {
          for (;;) yield item;
        },
      },
    }),
  );
  const client = keep(await connect(server.address));
  let heard = 0;
  client.on("posted", () => void heard++);
  const controller = new AbortController();
  const { signal } = controller;
  const received: number[] = [];
  const streams = [0, 1, 2, 3].map(async (at) => {
    for await (const _ of client.stream("items", undefined, { signal })) {
      received[at] = (received[at] ?? 0) + 1;
    }
  });
  await until("they flow", () => received.filter((count) => count > 1).length === 4);
  const [peer] = server.peers.values();
  for (let n = 0; n < 10; n += 1) await peer?.post("posted");
  await until("all are heard", () => heard === 10);
  controller.abort();
  await Promise.allSettled(streams);
});
