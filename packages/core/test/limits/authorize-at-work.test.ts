// How many decisions of authorize are under way at once, whatever those do about whom it decides.
import { connect, type ServeOptions, serve } from "myelin";
import { describe, expect, test } from "vitest";
import { turns, until } from "../../../../test/support/within.ts";
import { Legacy, longSilence } from "../endpoint/legacy-program.ts";
import { freshAddress, keep } from "../endpoint/pairing.ts";

/** A server that decides by hand, about two at once. */
async function deciding(options: ServeOptions = {}) {
  const questions: {
    readonly answer: (isAllowed: boolean) => void;
    readonly signal: AbortSignal;
  }[] = [];
  const ask = ({ signal }: { readonly signal: AbortSignal }) =>
    new Promise<boolean>((answer) => void questions.push({ answer, signal }));
  const server = keep(
    await serve(freshAddress(), {
      ...{ accept: ["myelin", "node-ipc"], sniffMs: longSilence },
      authorizeTimeoutMs: longSilence,
      limits: { maxPendingHandshakes: 2, handshakeTimeoutMs: longSilence },
      ...options,
      authorize: { myelin: (_, __, given) => ask(given), legacy: (_, given) => ask(given) },
    }),
  );
  return { questions, server };
}

/** Comes, has itself decided about, and leaves before that is done; of which wire is the difference. */
const ways: readonly (readonly [string, ServeOptions, (address: string) => Promise<() => void>])[] =
  [
    [
      "clients of the myelin wire",
      {},
      async (address) => {
        const leaving = new AbortController();
        connect(address, { retry: false, signal: leaving.signal }).catch(() => {});
        return () => leaving.abort();
      },
    ],
    [
      "clients of node-ipc",
      {},
      async (address) => {
        const { socket } = await Legacy.dial(address);
        socket.write("{");
        return () => void socket.destroy();
      },
    ],
    [
      "silent ones",
      { sniffMs: 1 },
      async (address) => {
        const { socket } = await Legacy.dial(address);
        return () => void socket.destroy();
      },
    ],
    [
      "silent ones that are of the myelin wire after all",
      { sniffMs: 1 },
      async (address) => {
        const { socket } = await Legacy.dial(address);
        return () => void socket.end(Uint8Array.of(0x89, 0));
      },
    ],
  ];

describe.each(ways)("%s that come and leave", (_, options, come) => {
  test("have no more decided about at once than may wait", async () => {
    const { questions, server } = await deciding(options);
    for (let n = 1; n <= 2; n++) {
      const leave = await come(server.address);
      await until("it is decided about", () => questions.length === n);
      leave();
    }
    await turns(20);
    const { refused } = server.stats();
    for (let n = 1; n <= 3; n++) {
      const third = await Legacy.dial(server.address);
      third.socket.write("{");
      await third.closed();
    }
    expect(server.stats().refused).toBe(refused + 3);
    expect(questions).toHaveLength(2);
    questions[0]?.answer(false);
    await turns();
    const next = await Legacy.dial(server.address);
    next.socket.write("{");
    await until("there is a place again", () => questions.length === 3);
  });

  test("free their places when time is up", async () => {
    const { questions, server } = await deciding({ ...options, authorizeTimeoutMs: 100 });
    for (let n = 1; n <= 2; n++) {
      const leave = await come(server.address);
      await until("it is decided about", () => questions.length === n);
      leave();
    }
    for (let isAsked = false; !isAsked; isAsked = questions.length === 3) {
      const next = await Legacy.dial(server.address);
      next.socket.write("{");
      await until("it is turned away or not", () => next.isClosed || questions.length === 3);
    }
    questions[2]?.answer(true);
    await until("it is let in", () => server.peers.size >= 1);
  });
});

describe("one that was silent", () => {
  test("leaves, and the decision is told that nobody waits for it", async () => {
    const { questions, server } = await deciding({ sniffMs: 1 });
    const { socket } = await Legacy.dial(server.address);
    await until("it is decided about", () => questions.length === 1);
    socket.destroy();
    await until("it is told", () => questions[0]?.signal.aborted === true);
  });

  test("is of the myelin wire after all, and needs a place beside the decision about it", async () => {
    const limits = { maxPendingHandshakes: 1, handshakeTimeoutMs: longSilence };
    const { questions, server } = await deciding({ sniffMs: 1, limits });
    const silent = await Legacy.dial(server.address);
    await until("it is decided about", () => questions.length === 1);
    silent.socket.write(Uint8Array.of(0x89));
    await silent.closed();
    expect(questions[0]?.signal.aborted).toBe(true);
    expect(server.stats().refused).toBe(1);
  });
});
