// The server answers with a stream of small items, as fast as the client takes them; one after the
// other, for as long as the clock runs.
import { isEvent, makeEvent, wrongEvent } from "../event.mjs";
import { losePatience, patienceMs } from "./patience.mjs";
import { expectCount, rateSteps } from "./rate-steps.mjs";

function* makeItems(count) {
  for (let index = 0; index < count; index++) yield makeEvent(index);
}

export async function server({ peer, target, fail }) {
  let sent = 0;
  await peer.serve(target, {
    onPeer() {},
    onMessage: (data) => fail(`an event instead of a stream: ${JSON.stringify(data)}`),
    onStream({ count }) {
      sent += count;
      return makeItems(count);
    },
    onError: fail,
  });
  return { sent: () => sent };
}

export async function client({ peer, target, settings, fail }) {
  const { items } = settings;
  let received = 0;
  const link = await peer.connect(target, { onMessage() {}, onError: fail });

  async function receiveOne() {
    let index = 0;
    await link.stream({ count: items }, (item) => {
      if (!isEvent(item, index)) fail(wrongEvent(item, index));
      index++;
    });
    if (index !== items) fail(`a stream of ${items} items ended after ${index}`);
    received += index;
  }

  /** Receives for so long; resolves when the last stream has ended. */
  async function send(ms) {
    const before = received;
    const startedAt = performance.now();
    const calm = losePatience(ms + patienceMs, () => fail(`a stream stopped after ${received}`));
    do await receiveOne();
    while (performance.now() - startedAt < ms);
    calm();
    return { count: received - before, seconds: (performance.now() - startedAt) / 1_000 };
  }

  return { send, received: () => received };
}

export async function* steps({ server: sender, clients: [receiver], settings }) {
  const { value, driverCpu, othersCpu } = yield* rateSteps(receiver, [sender], settings);
  expectCount("items", await receiver.call("received"), await sender.call("sent"));
  // Here the one with the clock is the one that receives.
  return { value, driverCpu: othersCpu, othersCpu: driverCpu };
}
