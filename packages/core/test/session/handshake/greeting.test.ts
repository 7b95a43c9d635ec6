// What becomes of a connection while both sides get to know each other.
import { type Connection, MemoryRegistry, type MyelinError, memory } from "myelin";
import { memoryNetwork } from "myelin/testing";
import { describe, expect, test } from "vitest";
import { within } from "../../../../../test/support/within.ts";
import { systemClock } from "../../../src/clock.ts";
import { encodePreface, ownVersions, type VersionRange } from "../../../src/framing/preface.ts";
import { greetClient } from "../../../src/session/handshake/greet-client.ts";
import { greetServer, type Rejection } from "../../../src/session/handshake/greet-server.ts";

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

test("what a stranger sends after its refusal is not kept, as long as it is given to read that", () => {
  const errors: (MyelinError | undefined)[] = [];
  const said: Uint8Array[] = [];
  // A connection whose other end never closes.
  const connection = {
    open() {},
    send: (bytes: Uint8Array) => said.push(bytes),
    close: () => new Promise(() => {}),
    abort() {},
  } as unknown as Connection;
  const greeting = greetClient(
    connection,
    {
      ...{ clock: systemClock, keys: undefined, timeoutMs: 5_000, maxHelloBytes: 16_384 },
      ...{ codecs: [], features: [], decide: () => new Promise(() => {}) },
    },
    (_, error) => errors.push(error),
  );
  greeting.onData(encodePreface(ownVersions));
  const chunk = new Uint8Array(1 << 20).fill(7);
  greeting.onData(chunk);
  expect(errors).toMatchObject([{ code: expect.stringMatching(/^ERR_/) }]);
  expect(said).toHaveLength(1);
  const before = process.memoryUsage().arrayBuffers;
  for (let n = 0; n < 64; n++) greeting.onData(chunk);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
});

describe.each(["ends", "says no more"])("a server that names its versions and %s", (what) => {
  async function met(versions: VersionRange): Promise<Rejection | undefined> {
    const { clock, transport } = memoryNetwork();
    const address = { scheme: "memory", name: "x" } as const;
    const listening = transport.listen(address, (connection) => {
      connection.open({ onData() {}, onDrain() {}, onClose() {} });
      connection.send(encodePreface(versions));
      if (what === "ends") void connection.close();
    });
    await clock.until(listening);
    const connection = await clock.until(transport.dial(address));
    const settings = { clock, keys: undefined, timeoutMs: 5_000 };
    const rejection = new Promise<Rejection | undefined>((resolve) => {
      const hello = { codecs: [], features: [], limits, meta: {} };
      greetServer(connection, { ...settings, hello }, (_, rejected) => resolve(rejected));
    });
    return clock.until(rejection);
  }

  test("is not asked again when none is ours", async () => {
    const message = expect.stringContaining("it speaks 7 to 9, this client 1");
    const error = { code: "ERR_VERSION", message };
    const rejection = await met({ lowest: 7, highest: 9 });
    expect(rejection).toMatchObject({ error });
    // Never again.
    expect(rejection?.retryAfterMs).toBeUndefined();
  });

  test("may be asked again when there is one of ours", async () => {
    const code = what === "ends" ? "ERR_CONNECTION_LOST" : "ERR_TIMEOUT";
    expect(await met({ lowest: 1, highest: 9 })).toMatchObject({
      error: { code },
      retryAfterMs: null,
    });
  });
});
