// One message of many megabytes, against one of an eighth of that: the time should grow as the size
// does. The text is compared after the clock has stopped.
import { median } from "../statistics.mjs";
import { losePatience } from "./patience.mjs";
import { expectCount } from "./rate-steps.mjs";

// node-ipc needs a time that grows with the square of the size.
const patienceMs = 300_000;

/** A text of so many MiB of ASCII in which no two KiB are the same. */
function longText(mebibytes) {
  const lines = Array.from({ length: mebibytes * 1024 }, (_, index) =>
    String(index).padEnd(1024, "."),
  );
  return lines.join("");
}

export async function server({ peer, target, fail }) {
  let arrived;
  let received = 0;
  const service = await peer.serve(target, {
    onPeer() {},
    onMessage(data, from) {
      arrived = data;
      received++;
      service.send(from, { length: data?.text?.length });
    },
    onError: fail,
  });
  return {
    check(mebibytes) {
      if (arrived?.text !== longText(mebibytes))
        throw new Error(`${mebibytes} MiB came out changed`);
      arrived = undefined;
    },
    received: () => received,
  };
}

export async function client({ peer, target, fail }) {
  let onAnswer = () => {};
  const link = await peer.connect(target, {
    onMessage: (data) => onAnswer(data),
    onError: fail,
  });

  /** Sends one message; resolves with the seconds until the server has all of it. */
  function send(mebibytes) {
    const text = longText(mebibytes);
    return new Promise((resolve) => {
      const calm = losePatience(patienceMs, () => fail(`${mebibytes} MiB did not arrive`));
      const startedAt = performance.now();
      onAnswer = ({ length }) => {
        const seconds = (performance.now() - startedAt) / 1_000;
        if (length !== text.length) fail(`${text.length} characters sent, ${length} arrived`);
        calm();
        resolve(seconds);
      };
      link.send({ text });
    });
  }

  return { send };
}

export async function* steps({ server: receiver, clients: [sender], settings }) {
  const { small, large } = settings;
  const seconds = { [small]: [], [large]: [] };
  // The first of each size finds cold code and a small heap, and does not count.
  const sizes = [small, large, small, large, small, large, small];
  for (const mebibytes of sizes) {
    seconds[mebibytes].push(await sender.call("send", mebibytes));
    await receiver.call("check", mebibytes);
    yield;
  }
  expectCount("messages", await receiver.call("received"), sizes.length);
  const smallSeconds = median(seconds[small].slice(1));
  const largeSeconds = median(seconds[large].slice(1));
  return { value: largeSeconds / smallSeconds, smallSeconds, largeSeconds };
}
