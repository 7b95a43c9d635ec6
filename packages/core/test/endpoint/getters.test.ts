// Data that runs code of its own while it is encoded.
import { connect, type Peer } from "myelin";
import { describe, expect, test } from "vitest";
import { within } from "../../../../test/support/within.ts";
import { all, freshAddress, keep, pair } from "./pairing.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });

type Ask = (peer: Peer, data: unknown, signal: AbortSignal) => Promise<unknown>;

describe("data whose toJSON throws what cannot be looked at", () => {
  const { proxy, revoke } = Proxy.revocable(new Error("any"), {});
  revoke();
  const nameless = Object.create(null) as Error;
  const mute = Object.defineProperty(new Error("any"), "message", {
    get: () => JSON.parse("no message") as never,
  });

  test.each([
    ["no text", nameless],
    ["a revoked proxy", proxy],
    ["an error whose message throws", mute],
  ])("is refused with a code: %s", async (_, thrown) => {
    const { client } = await pair({ server: { handlers: { echo: (data) => data } } });
    const data = {
      toJSON() {
        throw thrown;
      },
    };
    const error = coded("ERR_NOT_SERIALIZABLE", { ran: "no" });
    await expect(client.call("echo", data)).rejects.toEqual(error);
    expect(await client.call("echo", 1)).toBe(1);
  });
});

const asks: Record<string, Ask> = {
  call: (peer, data, signal) => peer.call("hang", data, { signal, timeoutMs: 0 }),
  stream: (peer, data, signal) => all(peer.stream("hang", data, { signal })),
};

describe.each(Object.keys(asks))("a %s whose signal aborts while its input is encoded", (kind) => {
  const ask = asks[kind] as Ask;

  async function asked(peer: Peer): Promise<unknown> {
    const controller = new AbortController();
    const data = {
      toJSON() {
        controller.abort();
        return 1;
      },
    };
    return within("it is refused", ask(peer, data, controller.signal));
  }

  test("is aborted, and did not run", async () => {
    let ran = 0;
    const hang = () => {
      ran += 1;
      return new Promise(() => {});
    };
    const { client } = await pair({ server: { handlers: { hang } } });
    await expect(asked(client)).rejects.toEqual(coded("ERR_ABORTED", { ran: "no" }));
    await client.flush();
    expect([ran, client.stats().pendingCalls]).toEqual([0, 0]);
  });

  test("so does one that waits for a connection", async () => {
    const client = keep(await connect(freshAddress(), { lazy: true }));
    await expect(asked(client)).rejects.toEqual(coded("ERR_ABORTED", { ran: "no" }));
    expect(client.stats().pendingCalls).toBe(0);
  });
});
