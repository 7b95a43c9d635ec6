// The items of an upload come after its opening, whatever else leaves with it.
import { connect, serve } from "myelin";
import { expect, test } from "vitest";

async function sum(numbers: AsyncIterable<number>): Promise<number> {
  let sum = 0;
  for await (const number of numbers) sum += number;
  return sum;
}

const options = { timeoutMs: 2_000 };

test("an upload after an event of the same tick", async () => {
  await using server = await serve("memory:upload-after-event");
  server.handle("sum", sum as never);
  server.on("x", () => {});
  await using client = await connect(server.address);
  client.send("x", 1);
  expect(await client.upload("sum", [1, 2, 3], options)).toBe(6);
});

test("an upload after a stream that was left", async () => {
  await using server = await serve("memory:upload-after-stream");
  server.handle("sum", sum as never);
  server.handle("count", async function* () {
    for (let n = 0; ; n++) yield n;
  });
  await using client = await connect(server.address);
  for await (const n of client.stream("count")) if (n === 3) break;
  expect(await client.upload("sum", [1, 2, 3], options)).toBe(6);
});

test("uploads whose openings wait for the window of the peer", async () => {
  const limits = { windowMessages: 2 };
  await using server = await serve("memory:upload-window", { limits });
  server.handle("sum", sum as never);
  await using client = await connect(server.address);
  const uploads = Array.from({ length: 20 }, () => client.upload("sum", [1, 2, 3], options));
  expect(await Promise.all(uploads)).toEqual(uploads.map(() => 6));
});

test("an upload that is cancelled before it has left reads nothing from its source", async () => {
  await using server = await serve("memory:upload-cancelled");
  server.handle("sum", sum as never);
  server.on("x", () => {});
  await using client = await connect(server.address);
  client.send("x", 1);
  const controller = new AbortController();
  let pulled = 0;
  const source = {
    *[Symbol.iterator]() {
      pulled += 1;
      yield 1;
    },
  };
  const upload = client.upload("sum", source, { signal: controller.signal });
  const rejected = expect(upload).rejects.toMatchObject({ code: "ERR_ABORTED", ran: "no" });
  controller.abort();
  await rejected;
  await client.flush();
  expect(pulled).toBe(0);
});
