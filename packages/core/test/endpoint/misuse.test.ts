// What programs without types may give: refused at once, with a code.
import { connect, serve } from "myelin";
import { describe, expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep, pair } from "./pairing.ts";

const coded = (code: string) => expect.objectContaining({ code });

describe("options", () => {
  test.each([
    ["a number", { a: 5 }],
    ["nothing", { a: undefined }],
    ["too much", { a: "x".repeat(20_000) }],
  ])(
    "a client that cannot say what it is to say of itself learns it at once: %s",
    async (_, meta) => {
      const server = keep(await serve(freshAddress("memory")));
      const wrong = connect(server.address, { meta: meta as never, timeoutMs: 0 });
      await expect(within("an error", wrong)).rejects.toEqual(coded("ERR_CONFIG"));
      await until("it is gone", () => server.stats().peers === 0);
    },
  );

  test.each([undefined, null, 5, {}])("%j is no address", async (given) => {
    const none = coded("ERR_INVALID_ADDRESS");
    await expect(serve(given as never)).rejects.toEqual(none);
    await expect(connect(given as never)).rejects.toEqual(none);
  });

  test.each([null, 5])("%j is none for a call", async (given) => {
    const { client } = await pair();
    await expect(client.call("x", 1, given as never)).rejects.toEqual(coded("ERR_CONFIG"));
    expect(() => client.stream("x", 1, given as never)).toThrow(coded("ERR_CONFIG"));
  });
});
