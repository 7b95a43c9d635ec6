// A server tells all its clients; they live in one or few processes and check what they hear.
import { isEvent, makeEvent, wrongEvent } from "../event.mjs";
import { PacedSender } from "./paced-sender.mjs";
import { losePatience, patienceMs } from "./patience.mjs";
import { expectCount, rateSteps } from "./rate-steps.mjs";

export async function server({ peer, target, settings, fail }) {
  const { acknowledgeEvery, clients } = settings;
  let acknowledgements = 0;
  let connected = 0;
  let onConnected = () => {};
  const service = await peer.serve(target, {
    onPeer() {
      connected++;
      onConnected();
    },
    onMessage() {
      acknowledgements++;
      // An average: the last ones count, and they are there when every client has sent them.
      sender.acknowledged((acknowledgements * acknowledgeEvery) / clients);
    },
    onError: fail,
  });
  const sender = new PacedSender({
    settings,
    sendNext: (sequence) => service.broadcast(makeEvent(sequence)),
    fail,
  });

  /** Resolves when every client is here: who comes later misses the first events. */
  function complete() {
    return new Promise((resolve) => {
      const calm = losePatience(patienceMs, () => fail(`${connected} of ${clients} connected`));
      onConnected = () => {
        if (connected < clients) return;
        calm();
        resolve();
      };
      onConnected();
    });
  }

  async function send(ms) {
    const { count, seconds } = await sender.send(ms);
    return { count: count * clients, seconds };
  }

  return { complete, send, sent: () => sender.sent };
}

export async function client({ peer, target, settings, fail }) {
  const { acknowledgeEvery, clients, clientProcesses } = settings;
  const received = Array.from({ length: clients / clientProcesses }, () => 0);
  for (const index of received.keys()) {
    const link = await peer.connect(target, {
      onMessage(data) {
        if (!isEvent(data, received[index])) fail(wrongEvent(data, received[index]));
        received[index]++;
        if (received[index] % acknowledgeEvery === 0) link.send({ acknowledged: received[index] });
      },
      onError: fail,
    });
  }
  return { received: () => received };
}

export async function* steps({ server: sender, clients: receivers, settings }) {
  await sender.call("complete");
  const result = yield* rateSteps(sender, receivers, settings);
  const sent = await sender.call("sent");
  for (const receiver of receivers) {
    for (const received of await receiver.call("received")) {
      expectCount("broadcasts", received, sent);
    }
  }
  return result;
}
