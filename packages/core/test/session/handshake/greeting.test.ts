// What becomes of a connection while both sides get to know each other.
import { MemoryRegistry, type MyelinError, memory } from "myelin";
import { expect, test } from "vitest";
import { within } from "../../../../../test/support/within.ts";
import { systemClock } from "../../../src/clock.ts";
import { greetClient } from "../../../src/session/handshake/greet-client.ts";
import { greetServer } from "../../../src/session/handshake/greet-server.ts";

const limits = {
  maxFrameBytes: 65_536,
  maxMessageBytes: 65_536,
  windowMessages: 16,
  windowBytes: 65_536,
};

test("a server that cannot say its welcome refuses the client, and knows why", async () => {
  const transport = memory({ registry: new MemoryRegistry() });
  const address = { scheme: "memory", name: "x" } as const;
  const settings = { clock: systemClock, keys: undefined, timeoutMs: 5_000 };
  const atServer = new Promise<MyelinError | undefined>((resolve) => {
    void transport.listen(address, (connection) => {
      const decide = () =>
        Promise.resolve({ instance: "i", peer: "p", limits: { ...limits, maxFrameBytes: 1 } });
      greetClient(
        connection,
        { ...settings, codecs: [], features: [], maxHelloBytes: 16_384, decide },
        (_, error) => resolve(error),
      );
    });
  });
  const connection = await transport.dial(address);
  const atClient = new Promise<MyelinError | undefined>((resolve) => {
    const hello = { codecs: [], features: [], limits, meta: {} };
    greetServer(connection, { ...settings, hello }, (_, rejection) => resolve(rejection?.error));
  });
  expect(await within("the server", atServer)).toMatchObject({ code: "ERR_CONFIG" });
  expect(await within("the client", atClient)).toMatchObject({ code: "ERR_REFUSED" });
});
