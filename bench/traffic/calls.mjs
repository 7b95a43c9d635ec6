// The client calls, the server answers with what it was given; the client keeps a number of calls
// pending.
import { isEvent, makeEvent, wrongEvent } from "../event.mjs";
import { withCalls } from "./calls-by-hand.mjs";
import { losePatience, patienceMs } from "./patience.mjs";
import { expectCount, rateSteps } from "./rate-steps.mjs";

export async function server({ peer, target, fail }) {
  let received = 0;
  await withCalls(peer).serve(target, {
    onPeer() {},
    onMessage: (data) => fail(wrongEvent(data, received)),
    onCall(data) {
      if (!isEvent(data, received)) fail(wrongEvent(data, received));
      received++;
      return data;
    },
    onError: fail,
  });
  return { received: () => received };
}

export async function client({ peer, target, settings, fail }) {
  const { inFlight } = settings;
  let sent = 0;
  let received = 0;
  const link = await withCalls(peer).connect(target, {
    onMessage: (data) => fail(`an event instead of an answer: ${JSON.stringify(data)}`),
    onError: fail,
  });

  /** Calls for so long; resolves when every answer is there. */
  async function send(ms) {
    const before = sent;
    const startedAt = performance.now();
    let isOver = false;
    const calm = losePatience(ms + patienceMs, () => {
      fail(`${sent} calls, only ${received} were answered`);
    });
    const callAgainAndAgain = async () => {
      while (!isOver) {
        const sequence = sent++;
        const answer = await link.call(makeEvent(sequence));
        if (!isEvent(answer, sequence)) fail(wrongEvent(answer, sequence));
        received++;
        // Asking for the time costs too much for every call.
        if (received % 64 === 0 && performance.now() - startedAt >= ms) isOver = true;
      }
    };
    await Promise.all(Array.from({ length: inFlight }, callAgainAndAgain));
    calm();
    return { count: sent - before, seconds: (performance.now() - startedAt) / 1_000 };
  }

  return { send, sent: () => sent, received: () => received };
}

export async function* steps({ server: answering, clients: [calling], settings }) {
  const result = yield* rateSteps(calling, [answering], settings);
  const sent = await calling.call("sent");
  expectCount("calls", await answering.call("received"), sent);
  expectCount("answers", await calling.call("received"), sent);
  return result;
}
