// Methods of peers and servers work taken off their object, and `await using` finds its own.
import { connect, serve } from "myelin";
import { expect, test } from "vitest";

test("a method works without its object", async () => {
  const server = await serve("memory:bound-methods", { handlers: { echo: (data) => data } });
  const { call, close } = await connect(server.address);
  expect(await call("echo", 1)).toBe(1);
  await close();
  await server.close();
});

test("`await using` takes what disposes: in Node 24 a bound function is none to it", async () => {
  const server = await serve("memory:bound-dispose");
  const client = await connect(server.address);
  for (const each of [client, server]) {
    const dispose = each[Symbol.asyncDispose];
    // A bound function has no prototype and this word in its name; an arrow function has neither.
    expect(dispose.name).not.toMatch(/^bound /);
    await dispose();
  }
  expect(client.state).toBe("closed");
});
