// The naive program: everything in one tick, without looking at what `emit` answers. All of it must
// arrive, and the sender's memory must stay within bounds.
import { makeEvent } from "../event.mjs";
import { losePatience, patienceMs } from "./patience.mjs";
import { expectCount } from "./rate-steps.mjs";

// With `acknowledgeEvery` at the number of messages, it answers to the last one.
export { server } from "./oneway.mjs";

/** The largest resident set that this process has had. */
const peakBytes = () => process.resourceUsage().maxRSS * 1024;

export async function client({ peer, target, settings, fail }) {
  const { count } = settings;
  let onAnswer = () => {};
  const link = await peer.connect(target, { onMessage: (data) => onAnswer(data), onError: fail });

  function send() {
    return new Promise((resolve) => {
      const calm = losePatience(2 * patienceMs, () => fail(`not all of ${count} events arrived`));
      const peakBefore = peakBytes();
      const startedAt = performance.now();
      onAnswer = ({ acknowledged }) => {
        const seconds = (performance.now() - startedAt) / 1_000;
        if (acknowledged !== count) fail(`${acknowledged} of ${count} acknowledged`);
        calm();
        resolve({ seconds, growth: peakBytes() - peakBefore });
      };
      for (let sequence = 0; sequence < count; sequence++) link.send(makeEvent(sequence));
    });
  }

  return { send };
}

export async function* steps({ server: receiver, clients: [sender], settings }) {
  const { seconds, growth } = await sender.call("send");
  yield;
  expectCount("events", await receiver.call("received"), settings.count);
  return { value: growth, rate: settings.count / seconds };
}
