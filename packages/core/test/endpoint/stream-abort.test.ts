// Who aborts its own stream reads no more of it, whatever has arrived; a failure of the other end waits its turn.
import type { Peer } from "myelin";
import { describe, expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { pair } from "./pairing.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const count = 50;

async function* endless() {
  for (let n = 0; ; n++) yield n;
}

async function* some() {
  for (let n = 0; n < count; n++) yield n;
}

async function* failing() {
  yield* some();
  throw new Error("late");
}

const pairOf = () => pair({ server: { handlers: { endless, some, failing } } });

/** Reads one item, waits for the rest, does something, and reads on. */
async function read(peer: Peer, name: string, then: () => void, signal?: AbortSignal) {
  const got: unknown[] = [];
  let error: unknown;
  try {
    for await (const item of peer.stream(name, undefined, { signal })) {
      got.push(item);
      if (got.length > 1) continue;
      if (name === "endless") await turns(10);
      else await until("all of it is here", () => peer.stats().pendingCalls === 0);
      then();
    }
  } catch (reason) {
    error = reason;
  }
  return { got, error };
}

describe.each(["endless", "some", "failing"])("of the stream of %s", (name) => {
  test("nothing comes behind an abort but its error", async () => {
    const { client } = await pairOf();
    const controller = new AbortController();
    const { signal } = controller;
    const abort = () => controller.abort(new Error("enough"));
    const { got, error } = await within("it ends", read(client, name, abort, signal));
    expect(got).toEqual([0]);
    expect(error).toEqual(coded("ERR_ABORTED", { cause: new Error("enough") }));
  });
});

test("a failure of the handler comes behind what came before it", async () => {
  const { client } = await pairOf();
  const { got, error } = await within(
    "it ends",
    read(client, "failing", () => {}),
  );
  expect(got).toHaveLength(count);
  expect(error).toEqual(coded("ERR_REMOTE"));
});

test("an abort behind the end is none", async () => {
  const { client } = await pairOf();
  const controller = new AbortController();
  const items = client.stream("some", undefined, { signal: controller.signal });
  const iterator = items[Symbol.asyncIterator]();
  for (let n = 0; n <= count; n++) await iterator.next();
  controller.abort();
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});
