// A name that both ends know, each as something else.
import { call, connect, contract, serve, stream, upload } from "myelin";
import { describe, expect, test } from "vitest";
import { all, freshAddress, keep, pair } from "./pairing.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });

describe("without a contract", () => {
  async function* items() {
    yield 1;
  }
  function* plainItems() {
    yield 1;
  }
  const one = () => 1;

  test("a generator function is known to stream: no call runs it", async () => {
    let ran = 0;
    const counted = function* () {
      ran += 1;
      yield 1;
    };
    const handlers = { items, plainItems, bound: items.bind(undefined), counted };
    const { client } = await pair({ server: { handlers } });
    for (const name of Object.keys(handlers)) {
      const refused = coded("ERR_NO_HANDLER", { ran: "no" });
      await expect(client.call(name)).rejects.toEqual(refused);
      await expect(client.upload(name, [1])).rejects.toEqual(refused);
      expect(await all(client.stream(name))).toEqual([1]);
      expect(await all(client.duplex(name, [1]))).toEqual([1]);
    }
    expect(ran).toBe(2);
  });

  test("what another function gives decides, and it has run by then", async () => {
    const { client } = await pair({ server: { handlers: { one, items: () => items() } } });
    const refused = coded("ERR_NO_HANDLER", { ran: "yes" });
    await expect(all(client.stream("one"))).rejects.toEqual(refused);
    await expect(all(client.duplex("one", [1]))).rejects.toEqual(refused);
    await expect(client.call("items")).rejects.toEqual(refused);
    expect(await client.call("one")).toBe(1);
  });

  test("a handler that middleware kept from running has not run", async () => {
    const use = [() => 1];
    const { client } = await pair({ server: { use, handlers: { one } } });
    const refused = coded("ERR_NO_HANDLER", { ran: "no" });
    await expect(all(client.stream("one"))).rejects.toEqual(refused);
  });

  test("an upload to a handler that reads nothing is an upload that nobody reads", async () => {
    const { client } = await pair({ server: { handlers: { one } } });
    expect(await client.upload("one", [1, 2, 3])).toBe(1);
  });
});

test("with a contract nothing runs that is of another kind", async () => {
  let ran = 0;
  const run = (): never => {
    ran += 1;
    throw new Error("it ran");
  };
  const theirs = contract({ a: call(), b: stream(), c: upload(), d: call() });
  const ours = contract({ a: stream(), b: call(), c: call(), d: upload() });
  const handlers = { a: run, b: run, c: run, d: run };
  const server = keep(await serve(freshAddress(), { contract: theirs, handlers }));
  const client = keep(await connect(server.address, { contract: ours }));
  const refused = coded("ERR_NO_HANDLER", { ran: "no" });
  await expect(all(client.stream("a"))).rejects.toEqual(refused);
  await expect(client.call("b")).rejects.toEqual(refused);
  await expect(client.call("c")).rejects.toEqual(refused);
  await expect(client.upload("d", [])).rejects.toEqual(refused);
  expect(ran).toBe(0);
});
