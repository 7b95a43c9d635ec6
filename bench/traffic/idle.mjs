// What a connection costs the server that has said one thing and is silent now.
import { isEvent, makeEvent, wrongEvent } from "../event.mjs";
import { losePatience, patienceMs } from "./patience.mjs";

/** The server's process runs with this, so that garbage is not counted. */
export const serverArguments = ["--expose-gc"];

export async function server({ peer, target, fail }) {
  const heard = new Set();
  let onHeard = () => {};
  await peer.serve(target, {
    onPeer() {},
    onMessage(data) {
      // Between connections there is no order.
      const sequence = data?.id;
      if (!isEvent(data, sequence)) fail(wrongEvent(data, sequence));
      if (heard.has(sequence)) fail(`message ${sequence} arrived twice`);
      heard.add(sequence);
      onHeard();
    },
    onError: fail,
  });

  /** Resolves when so many have spoken. */
  function hear(count) {
    return new Promise((resolve) => {
      const calm = losePatience(patienceMs, () =>
        fail(`${heard.size} of ${count} clients were heard`),
      );
      onHeard = () => {
        if (heard.size < count) return;
        calm();
        resolve();
      };
      onHeard();
    });
  }

  /** Bytes in use once the garbage is gone. */
  async function memory() {
    // More than once: what finalizers and closing sockets let go is collected the next time.
    for (let round = 0; round < 6; round++) {
      globalThis.gc();
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
    const { rss, heapUsed } = process.memoryUsage();
    return { rss, heap: heapUsed };
  }

  return { hear, memory };
}

export async function client({ peer, target, fail }) {
  const links = [];
  return {
    async open(count) {
      for (let index = 0; index < count; index++) {
        const link = await peer.connect(target, { onMessage() {}, onError: fail });
        link.send(makeEvent(links.length));
        links.push(link);
      }
    },
  };
}

export async function* steps({ server: holder, clients: [opener], settings }) {
  const { warmUp, connections } = settings;
  // The first connections pay for code and for tables that grow in steps.
  await openAndHear(opener, holder, 0, warmUp);
  const before = await holder.call("memory");
  await openAndHear(opener, holder, warmUp, warmUp + connections);
  const after = await holder.call("memory");
  yield;
  return {
    value: (after.rss - before.rss) / connections,
    heapBytes: (after.heap - before.heap) / connections,
  };
}

/** A portion at a time: a system queues some hundred connections for a server that is slow to accept. */
async function openAndHear(opener, holder, from, to) {
  for (let open = from; open < to; ) {
    const portion = Math.min(100, to - open);
    open += portion;
    await opener.call("open", portion);
    await holder.call("hear", open);
  }
}
