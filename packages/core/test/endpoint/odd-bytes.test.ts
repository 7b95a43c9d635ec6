// Bytes whose class, or whose own properties, say what is not so: what they hold is what travels.
import { call, contract, event } from "myelin";
import { describe, expect, test } from "vitest";
import { until } from "../../../../test/support/within.ts";
import { all, pair } from "./pairing.ts";

function keyOf(size: number): Uint8Array {
  // Whoever calls `subarray` or `slice` of one gets another of the same size.
  class Key extends Uint8Array {
    constructor() {
      super(size);
    }
  }
  return new Key().fill(7);
}

/** One that says that it is shorter than it is. */
function shortened(size: number): Uint8Array {
  return Object.defineProperty(new Uint8Array(size).fill(7), "length", { get: () => 3 });
}

/** What they hold, in short: to compare all of them takes long. */
function held(bytes: unknown): string {
  const { length } = bytes as Uint8Array;
  return `${length} bytes of ${[...new Set(bytes as Uint8Array)].join("/")}`;
}

const sizes = [100, 100_000, 300_000];

describe.each([
  ["of a class with a constructor of its own", keyOf],
  ["with a length of their own", shortened],
])("bytes %s", (_, make) => {
  test.each(sizes)("arrive as they are: %d", async (size) => {
    const { client, server } = await pair({ client: { retry: false } });
    const heard: string[] = [];
    server.on("x", (data) => void heard.push(held(data)));
    server.handle("give", () => make(size));
    server.handle("echo", (data) => data);
    server.handle("beside", (_data, { bytes }) => bytes[0]);
    server.handle("items", function* () {
      yield make(size);
    });
    const expected = `${size} bytes of 7`;
    expect(held(await client.call("give"))).toBe(expected);
    expect(held(await client.call("echo", make(size)))).toBe(expected);
    expect(held(await client.call("beside", 1, { bytes: [make(size)] }))).toBe(expected);
    expect((await all(client.stream("items"))).map(held)).toEqual([expected]);
    client.send("x", make(size));
    client.send("x", make(size), { copy: true });
    await client.post("x", make(size));
    await until("the events", () => heard.length === 3);
    expect(heard).toEqual([expected, expected, expected]);
  });
});

test("bytes that a codec gives are taken as they are, whatever they say of themselves", async () => {
  const made = contract({
    server: { echo: call({ codec: "test/odd" }), x: event({ codec: "test/odd" }) },
  });
  const codec = {
    id: 20,
    name: "test/odd",
    encode: () => shortened(300_000),
    decode: (bytes: Uint8Array) => bytes.length,
  };
  const { client, server } = await pair({
    client: { contract: made, codecs: [codec], retry: false },
    server: { contract: made, codecs: [codec], handlers: { echo: (data) => data } },
  });
  const heard: unknown[] = [];
  server.on("x", (data) => void heard.push(data));
  expect(await client.call("echo", 1)).toBe(300_000);
  client.send("x", 1);
  await client.post("x", 1);
  await until("the events", () => heard.length === 2);
  expect(heard).toEqual([300_000, 300_000]);
});
