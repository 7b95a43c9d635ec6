// Whatever both ends accept for each other, in budgets from small to middling (below a megabyte the docs
// promise nothing): everything settles, every event that was accepted arrives, and no session with a peer
// that reads is ended. MODEL_SEEDS and MODEL_FROM try more of them.
import { type Client, connect, type ServerPeer, serve } from "myelin";
import { expect, test } from "vitest";
import { until } from "../../../../test/support/within.ts";
import { SeededRandom } from "../../src/testing/seeded-random.ts";
import { freshAddress, keep } from "../endpoint/pairing.ts";

const MiB = 1024 * 1024;
const from = Number(process.env["MODEL_FROM"] ?? 1);
const count = Number(process.env["MODEL_SEEDS"] ?? 5);

/** What may become of a message that finds no room. */
const noRoom = /^(ERR_QUEUE_FULL (no|undefined)|ERR_BUSY yes)$/;

test.each(Array.from({ length: count }, (_, index) => from + index))("seed %i", async (seed) => {
  const random = new SeededRandom(seed);
  const chance = () => random.next();
  const pick = <Each>(list: readonly Each[]): Each =>
    list[Math.floor(chance() * list.length)] as Each;
  const maxBufferedBytes = pick([400_000, MiB, 4 * MiB, 8 * MiB, 16 * MiB]);
  const low = pick(["client", "server", "both", "both"]);
  const clientCount = pick([1, 1, 2, 4]);
  const isLate = chance() < 0.5;
  const handlersTake = pick(["nothing", "a turn", "a millisecond"]);
  const most = maxBufferedBytes / 16 / clientCount;
  const sizeOf = pick([
    () => Math.min(most, 10 + chance() * 200),
    () => most / 6,
    () => chance() * most,
    () => most,
  ]);
  const size = () => Math.floor(sizeOf());

  const counts = { sessions: 0, settled: 0, refused: 0 };
  const up = { accepted: 0, heard: 0 };
  const down = { accepted: 0, heard: 0 };
  const others = new Set<string>();
  const refusal = ({ code, message, ran }: { code: string; message: string; ran?: string }) => {
    if (noRoom.test(`${code} ${ran}`)) counts.refused += 1;
    else others.add(`${code} ${ran}: ${message}`);
  };
  const work = async () => {
    if (handlersTake === "a turn") await new Promise(setImmediate);
    if (handlersTake === "a millisecond") await new Promise((resolve) => setTimeout(resolve, 1));
  };
  const side = (isLow: boolean, ways: typeof up) => ({
    ...(isLow ? { limits: { maxBufferedBytes } } : {}),
    callTimeoutMs: 0,
    events: {
      event: async () => {
        await work();
        ways.heard += 1;
      },
    },
    handlers: {
      call: async (data: unknown) => {
        await work();
        return "y".repeat((data as { answer: number }).answer);
      },
    },
  });

  async function load(peer: Client | ServerPeer, ways: typeof up): Promise<void> {
    const outcomes: Promise<unknown>[] = [];
    for (let round = 0; round < 4; round++) {
      const act = pick(["send", "post", "call"]);
      const times = pick([1, 20, 200, 2_000, 5_000]);
      for (let n = 0, bytes = 0; n < times && bytes < 16 * MiB; n++) {
        const data = "x".repeat(size());
        bytes += data.length;
        if (act === "call")
          outcomes.push(peer.call("call", { data, answer: size() }).catch(refusal));
        else if (act === "post") {
          outcomes.push(peer.post("event", data).then(() => (ways.accepted += 1), refusal));
        } else {
          try {
            peer.send("event", data);
            ways.accepted += 1;
          } catch (error) {
            refusal(error as Error & { code: string });
            break;
          }
        }
      }
      if (chance() < 0.5) await new Promise(setImmediate);
    }
    await Promise.all(outcomes);
    counts.settled += 1;
  }

  const address = freshAddress(pick(["unix", "memory"]));
  const start = async () => {
    const server = keep(await serve(address, side(low !== "client", up)));
    server.onPeer((peer) => {
      counts.sessions += 1;
      void load(peer, down);
    });
  };
  if (!isLate) await start();
  const retry = { minMs: 1, maxMs: 5 };
  for (let n = 0; n < clientCount; n++) {
    const options = { ...side(low !== "server", down), lazy: isLate, retry };
    void load(keep(await connect(address, options)), up);
  }
  if (isLate) await start();
  await until("all of it", () => counts.settled === 2 * clientCount);
  await until("all events", () => up.heard === up.accepted && down.heard === down.accepted);
  expect([...others]).toEqual([]);
  expect(counts.sessions).toBe(clientCount);
  expect(up.accepted + down.accepted + counts.refused).toBeGreaterThan(0);
});
