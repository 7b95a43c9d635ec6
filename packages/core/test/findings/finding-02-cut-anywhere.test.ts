// A connection that is cut in the middle of a fragment, of the definition of a name, of an
// acknowledgement or of anything else: after each of its bytes, one after the other.
import { connect, MemoryRegistry, memory, type Notice, serve, type Transport } from "myelin";
import { faulty } from "myelin/testing";
import { expect, test } from "vitest";
import { until } from "../../../../test/support/within.ts";
import { keep } from "../endpoint/pairing.ts";

const resume = { windowMs: 10_000 };
const retry = { minMs: 1, maxMs: 2 };
/** Small ones, so that there are many frames in few bytes: pieces, definitions, acknowledgements. */
const limits = { maxFrameBytes: 1_024, windowMessages: 4 };
const large = Buffer.alloc(600, "large");
const rounds = 4;
/** Other bytes in each run of the test. */
const step = 23;

/** Only the first connection breaks, after so many bytes both ways together. */
function cutOnce(inner: Transport, cutAfterBytes: number, onCut: () => void): Transport {
  const breaking = faulty(inner, {
    cutAfterBytes: [cutAfterBytes, cutAfterBytes],
    onFault: ({ kind }) => {
      if (kind === "cut") onCut();
    },
  });
  let dials = 0;
  return {
    ...inner,
    dial: (address, options) => (dials++ === 0 ? breaking : inner).dial(address, options),
  };
}

/** What each side sends: two names, used often enough to be defined, and messages in pieces. */
const sent = Array.from({ length: rounds }, (_, n) => [`a ${n}`, `b ${n}`, `large ${n}`]).flat();

async function talkAcross(cutAfterBytes: number, slowPeer: "wait" | "drop-oldest" = "wait") {
  const registry = new MemoryRegistry();
  const inner = memory({ registry });
  const common = { resume, limits, slowPeer };
  const server = keep(await serve("memory:cut", { transports: [inner], ...common }));
  let cuts = 0;
  const line = cutOnce(inner, cutAfterBytes, () => (cuts += 1));
  const heard = { up: [] as string[], down: [] as string[] };
  const listen = (end: typeof server | typeof client, list: string[]): void => {
    for (const name of ["a", "b"]) end.on(name, (n) => void list.push(`${name} ${String(n)}`));
    end.on("large", (data) => {
      const bytes = Buffer.from(data as Uint8Array);
      const isWhole = bytes.subarray(1).equals(large.subarray(1));
      list.push(isWhole ? `large ${bytes[0]}` : "large, and changed");
    });
    end.handle("echo", (data) => data);
  };
  listen(server, heard.up);
  const client = await connect("memory:cut", { transports: [line], retry, ...common });
  keep(client);
  listen(client, heard.down);
  const notices: Notice[] = [];
  client.onNotice((notice) => void notices.push(notice));
  server.onNotice((notice) => void notices.push(notice));
  await until("it is known", () => server.peers.has(client.id));
  const peer = server.peers.get(client.id) as NonNullable<ReturnType<typeof server.peers.get>>;
  const answers: Promise<unknown>[] = [];
  for (let n = 0; n < rounds; n += 1) {
    for (const end of [client, peer]) {
      const bytes = Buffer.from(large);
      bytes[0] = n;
      end.send("a", n);
      end.send("b", n);
      end.send("large", bytes);
      answers.push(end.call("echo", n));
    }
    await new Promise(setImmediate);
  }
  expect(await Promise.all(answers)).toEqual(answers.map((_, at) => Math.floor(at / 2)));
  await Promise.all([client.flush(), peer.flush()]);
  const { received } = client.stats();
  await client.close();
  await server.close({ drainMs: 0 });
  return { cuts, heard, notices, messages: received.messages };
}

test("finding 2, finding 16: cut after any of its bytes, a session goes on as if nothing had been", async () => {
  let at = 1 + (Date.now() % step);
  // From the handshake to the goodbye of a run that was never cut.
  for (let isCut = true; isCut; at += step) {
    const { cuts, heard, notices } = await talkAcross(at);
    isCut = cuts > 0;
    expect({ at, up: heard.up, down: heard.down, notices }).toEqual({
      ...{ at, up: sent, down: sent, notices: [] },
    });
  }
  expect(at).toBeGreaterThan(2 * rounds * large.length);
});
