// One client sends bytes as fast as it can; the server checks and counts the messages.
import { BlobChecker, BlobMaker } from "../blob.mjs";
import { PacedSender } from "./paced-sender.mjs";
import { expectCount, rateSteps } from "./rate-steps.mjs";

export async function server({ peer, target, settings, fail }) {
  const { acknowledgeEvery, size } = settings;
  const checker = new BlobChecker(size);
  let received = 0;
  const arrived = (bytes, from) => {
    const complaint = checker.complaint(bytes, received);
    if (complaint !== undefined) fail(complaint);
    received++;
    if (received % acknowledgeEvery === 0) service.send(from, { acknowledged: received });
  };
  const service = await peer.serve(target, {
    onPeer() {},
    onMessage: (data, from) => arrived(Buffer.from(data.base64, "base64"), from),
    onBytes: arrived,
    onError: fail,
  });
  return { received: () => received };
}

export async function client({ peer, target, settings, fail }) {
  const { size, window } = settings;
  const maker = new BlobMaker(size, window);
  const link = await peer.connect(target, {
    onMessage: (data) => sender.acknowledged(data?.acknowledged),
    onError: fail,
  });
  // Who has only JSON sends text, as the programs do that use it.
  const sendBytes = link.sendBytes ?? ((bytes) => link.send({ base64: bytes.toString("base64") }));
  const sender = new PacedSender({
    settings,
    sendNext: (sequence) => sendBytes(maker.make(sequence)),
    fail,
  });
  return { send: (ms) => sender.send(ms), sent: () => sender.sent };
}

export async function* steps({ server: receiver, clients: [sender], settings }) {
  const { value, driverCpu, othersCpu } = yield* rateSteps(sender, [receiver], settings);
  expectCount("messages", await receiver.call("received"), await sender.call("sent"));
  return { value: (value * settings.size) / 1e6, driverCpu, othersCpu };
}
