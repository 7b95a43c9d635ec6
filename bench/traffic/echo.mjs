// The server sends every event back; the client keeps a number of them in flight.
import { isEvent, makeEvent, wrongEvent } from "../event.mjs";
import { losePatience, patienceMs } from "./patience.mjs";
import { expectCount, rateSteps } from "./rate-steps.mjs";

export async function server({ peer, target, fail }) {
  let received = 0;
  const service = await peer.serve(target, {
    onPeer() {},
    onMessage(data, from) {
      if (!isEvent(data, received)) fail(wrongEvent(data, received));
      received++;
      service.send(from, data);
    },
    onError: fail,
  });
  return { received: () => received };
}

export async function client({ peer, target, settings, fail }) {
  const { inFlight } = settings;
  let sent = 0;
  let received = 0;
  let onEcho = () => {};
  const link = await peer.connect(target, {
    onMessage(data) {
      if (!isEvent(data, received)) fail(wrongEvent(data, received));
      received++;
      onEcho();
    },
    onError: fail,
  });

  /** Exchanges for so long; resolves when every echo is back. */
  function send(ms) {
    const before = sent;
    const startedAt = performance.now();
    let isOver = false;
    return new Promise((resolve) => {
      const calm = losePatience(ms + patienceMs, () => {
        fail(`${sent} messages sent, only ${received} came back`);
      });
      onEcho = () => {
        // Asking for the time costs too much for every message.
        if (received % 64 === 0 && performance.now() - startedAt >= ms) isOver = true;
        if (!isOver) {
          link.send(makeEvent(sent++));
        } else if (received === sent) {
          calm();
          resolve({ count: sent - before, seconds: (performance.now() - startedAt) / 1_000 });
        }
      };
      while (sent - received < inFlight) link.send(makeEvent(sent++));
    });
  }

  return { send, sent: () => sent, received: () => received };
}

export async function* steps({ server: echoing, clients: [sender], settings }) {
  const result = yield* rateSteps(sender, [echoing], settings);
  const sent = await sender.call("sent");
  expectCount("events", await echoing.call("received"), sent);
  expectCount("echoes", await sender.call("received"), sent);
  return result;
}
