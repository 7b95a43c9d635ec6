// One call at a time: how long until its answer is there. In small blocks, as `latency`.
import { isEvent, makeEvent, wrongEvent } from "../event.mjs";
import { percentile } from "../statistics.mjs";
import { withCalls } from "./calls-by-hand.mjs";
import { losePatience, patienceMs } from "./patience.mjs";
import { expectCount } from "./rate-steps.mjs";

export { server } from "./calls.mjs";

export async function client({ peer, target, fail }) {
  let sent = 0;
  const link = await withCalls(peer).connect(target, {
    onMessage: (data) => fail(`an event instead of an answer: ${JSON.stringify(data)}`),
    onError: fail,
  });

  /** So many, one after the other; resolves with their milliseconds. */
  async function callInTurn(count) {
    const samples = [];
    const calm = losePatience(patienceMs + count, () => fail(`call ${sent - 1} was not answered`));
    while (samples.length < count) {
      const event = makeEvent(sent);
      const sentAt = performance.now();
      const answer = await link.call(event);
      samples.push(performance.now() - sentAt);
      if (!isEvent(answer, sent)) fail(wrongEvent(answer, sent));
      sent++;
    }
    calm();
    return samples;
  }

  return { callInTurn, sent: () => sent };
}

export async function* steps({ server: answering, clients: [calling], settings }) {
  await calling.call("callInTurn", settings.warmUp);
  yield;
  const samples = [];
  for (let block = 0; block < settings.blocks; block++) {
    samples.push(...(await calling.call("callInTurn", settings.perBlock)));
    yield;
  }
  expectCount("calls", await answering.call("received"), await calling.call("sent"));
  samples.sort((a, b) => a - b);
  const microseconds = (share) => percentile(samples, share) * 1_000;
  return { value: microseconds(0.5), p99: microseconds(0.99) };
}
