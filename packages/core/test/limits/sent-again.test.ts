// What is sent again after a resume is what was kept: it counts once, also when that connection breaks, too.
import { MemoryRegistry, type MyelinError, memory, serve } from "myelin";
import { expect, test } from "vitest";
import { hearChannel } from "../../../../test/support/hear-channel.ts";
import { until, within } from "../../../../test/support/within.ts";
import { systemClock } from "../../src/clock.ts";
import { greetServer, type Welcomed } from "../../src/session/handshake/greet-server.ts";
import type { ResumeRequest } from "../../src/session/handshake/hello.ts";
import type { Sink } from "../../src/transport/transport.ts";
import { keep } from "../endpoint/pairing.ts";

const address = { scheme: "memory", name: "again" } as const;
const transport = memory({ registry: new MemoryRegistry() });

let readBytes = 0;

/** A client that reads, and acknowledges nothing. */
async function come(resume?: ResumeRequest): Promise<Welcomed> {
  const limits = {
    ...{ maxFrameBytes: 1 << 18, maxMessageBytes: 1 << 20 },
    ...{ windowMessages: 1_024, windowBytes: 1 << 23 },
  };
  const hello = { codecs: [], features: ["resume"], limits, meta: {} };
  const connection = await transport.dial(address);
  const welcomed = await within(
    "a welcome",
    new Promise<Welcomed>((resolve, reject) => {
      const options = { clock: systemClock, hello, resume, keys: undefined, timeoutMs: 5_000 };
      greetServer(connection, options, (came, rejection) => {
        if (came === undefined) reject(rejection?.error);
        else resolve(came);
      });
    }),
  );
  return welcomed;
}

function reading(): Sink {
  return { onData: (chunk) => void (readBytes += chunk.length), onDrain() {}, onClose() {} };
}

test("what is sent again counts once", async () => {
  const limits = { maxDetachedBytes: 3_000_000 };
  const server = keep(await serve("memory:again", { transports: [transport], resume: {}, limits }));
  const first = await come();
  const idle = await come();
  for (const { handOn } of [first, idle]) handOn(reading());
  const [peer, other] = [...server.peers.values()];
  for (let n = 0; n < 400; n++) peer?.send("news", "x".repeat(5_000));
  await until("all has left", () => readBytes > 2_000_000);
  first.connection.abort();
  idle.connection.abort();
  await until("both wait", () => server.stats().detached === 2);
  other?.send("news", "a little");
  const held = server.stats().bufferedBytes;
  expect(held).toBeGreaterThan(2_000_000);

  const { peer: session, resume } = first.welcome;
  const opened = hearChannel("myelin:session:resumed");
  const coming = come({ session, token: resume?.token as Uint8Array, received: 0 });
  await until("it is back", () => opened.length === 1);
  expect(server.stats().bufferedBytes).toBeLessThan(held + 300_000);
  const back = await coming;
  back.handOn(reading());
  back.connection.abort();
  await until("it waits again", () => server.stats().detached === 2);
  expect([peer?.state, other?.state]).toEqual(["detached", "detached"]);
});

test("who claims to have more than was sent is told so, and cut", async () => {
  const server = keep(await serve("memory:again", { transports: [transport], resume: {} }));
  const { connection, welcome } = await come();
  const [peer] = [...server.peers.values()];
  connection.abort();
  await until("it waits", () => peer?.state === "detached");
  const token = welcome.resume?.token as Uint8Array;
  const back = await come({ session: welcome.peer, token, received: 99 });
  const said: Buffer[] = [];
  const end = new Promise<MyelinError | undefined>((onClose) => {
    back.handOn({ onData: (chunk) => void said.push(Buffer.from(chunk)), onDrain() {}, onClose });
  });
  expect(await within("the end", end)).toBeUndefined();
  // A goodbye, with the code for ERR_PROTOCOL and the advice not to come back.
  expect([...Buffer.concat(said).subarray(4, 7)]).toEqual([0x23, 1, 0]);
  expect(await peer?.closed).toMatchObject({ by: "failure", error: { code: "ERR_PROTOCOL" } });
});
