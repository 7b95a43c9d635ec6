// One client sends small events as fast as it can; the server checks and counts them.
import { isEvent, makeEvent, wrongEvent } from "../event.mjs";
import { PacedSender } from "./paced-sender.mjs";
import { expectCount, rateSteps } from "./rate-steps.mjs";

export async function server({ peer, target, settings, fail }) {
  const { acknowledgeEvery } = settings;
  let received = 0;
  const service = await peer.serve(target, {
    onPeer() {},
    onMessage(data, from) {
      if (!isEvent(data, received)) fail(wrongEvent(data, received));
      received++;
      if (received % acknowledgeEvery === 0) service.send(from, { acknowledged: received });
    },
    onError: fail,
  });
  return { received: () => received };
}

export async function client({ peer, target, settings, fail }) {
  const link = await peer.connect(target, {
    onMessage: (data) => sender.acknowledged(data?.acknowledged),
    onError: fail,
  });
  const sender = new PacedSender({
    settings,
    sendNext: (sequence) => link.send(makeEvent(sequence)),
    fail,
  });
  return { send: (ms) => sender.send(ms), sent: () => sender.sent };
}

export async function* steps({ server: receiver, clients: [sender], settings }) {
  const result = yield* rateSteps(sender, [receiver], settings);
  expectCount("events", await receiver.call("received"), await sender.call("sent"));
  return result;
}
