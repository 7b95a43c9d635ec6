// Whether a handler has run, as its caller is told, and why an answer could not be written.
import { describe, expect, test } from "vitest";
import { all, pair } from "./pairing.ts";

describe("middleware that refuses", () => {
  const refuse = (): never => {
    throw new Error("not you");
  };

  test.each([
    ["by throwing", refuse],
    ["by rejecting", async () => refuse()],
  ])("%s has kept the handler from running: calls, streams, uploads", async (_, middleware) => {
    const { client, server } = await pair({ server: { use: [(_m, next) => next(), middleware] } });
    let ran = 0;
    server.handle("x", () => {
      ran += 1;
      return [];
    });
    const refused = { code: "ERR_REMOTE", ran: "no", remote: { message: "not you" } };
    await expect(client.call("x")).rejects.toMatchObject(refused);
    await expect(client.upload("x", [1])).rejects.toMatchObject(refused);
    await expect(all(client.stream("x"))).rejects.toMatchObject(refused);
    expect(ran).toBe(0);
  });

  test("after the handler has run, or whose handler throws, says so", async () => {
    const { client, server } = await pair({
      server: {
        use: [
          async ({ name }, next) => {
            const answer = await next();
            return name === "late" ? refuse() : answer;
          },
        ],
      },
    });
    server.handle("late", () => 1);
    server.handle("throws", refuse);
    server.handle("items", function* () {
      yield 1;
      refuse();
    });
    const refused = { code: "ERR_REMOTE", ran: "yes" };
    await expect(client.call("late")).rejects.toMatchObject(refused);
    await expect(client.call("throws")).rejects.toMatchObject(refused);
    await expect(all(client.stream("items"))).rejects.toMatchObject(refused);
  });
});

test("what cannot be written is told alike of answers and of items", async () => {
  const { client, server } = await pair({ client: { limits: { maxMessageBytes: 10_000 } } });
  const given: Readonly<Record<string, unknown>> = { odd: 1n, large: "x".repeat(20_000) };
  server.handle("one", (name) => given[name as string]);
  server.handle("many", function* (name) {
    yield 1;
    yield given[name as string];
  });
  const items: unknown[] = [];
  const read = async (name: string): Promise<void> => {
    for await (const item of client.stream("many", name)) items.push(item);
  };
  for (const [name, code] of [
    ["odd", "ERR_NOT_SERIALIZABLE"],
    ["large", "ERR_TOO_LARGE"],
  ] as const) {
    await expect(client.call("one", name)).rejects.toMatchObject({ code, ran: "yes" });
    await expect(read(name)).rejects.toMatchObject({ code, ran: "yes" });
  }
  expect(items).toEqual([1, 1]);
});
