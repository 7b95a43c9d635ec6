// One message in flight: how long until its echo is back. Small blocks that take turns with the
// other peers', because the machine's own speed drifts by more than what is to be seen.
import { isEvent, makeEvent, wrongEvent } from "../event.mjs";
import { percentile } from "../statistics.mjs";
import { losePatience, patienceMs } from "./patience.mjs";
import { expectCount } from "./rate-steps.mjs";

export { server } from "./echo.mjs";

export async function client({ peer, target, fail }) {
  let sent = 0;
  let sentAt = 0;
  let onEcho = () => {};
  const link = await peer.connect(target, {
    onMessage(data) {
      const now = performance.now();
      if (!isEvent(data, sent - 1)) fail(wrongEvent(data, sent - 1));
      onEcho(now - sentAt);
    },
    onError: fail,
  });

  /** So many, one after the other; resolves with their milliseconds. */
  function pingPong(count) {
    const samples = [];
    return new Promise((resolve) => {
      const calm = losePatience(patienceMs + count, () => {
        fail(`message ${sent - 1} did not come back`);
      });
      const ping = () => {
        const event = makeEvent(sent++);
        sentAt = performance.now();
        link.send(event);
      };
      onEcho = (ms) => {
        samples.push(ms);
        if (samples.length < count) return ping();
        calm();
        resolve(samples);
      };
      ping();
    });
  }

  return { pingPong, sent: () => sent };
}

export async function* steps({ server: echoing, clients: [sender], settings }) {
  await sender.call("pingPong", settings.warmUp);
  yield;
  const samples = [];
  for (let block = 0; block < settings.blocks; block++) {
    samples.push(...(await sender.call("pingPong", settings.perBlock)));
    yield;
  }
  expectCount("events", await echoing.call("received"), await sender.call("sent"));
  samples.sort((a, b) => a - b);
  const microseconds = (share) => percentile(samples, share) * 1_000;
  return { value: microseconds(0.5), p99: microseconds(0.99) };
}
