import { setTimeout as sleep } from "node:timers/promises";
import { serve } from "myelin";

const server = await serve("local:counter", {
  handlers: {
    // One in, many out.
    async *ticks({ everyMs }, { signal }) {
      try {
        for (let n = 0; ; n++) {
          yield n;
          await sleep(everyMs, undefined, { signal });
        }
      } finally {
        console.log("nobody listens to the ticks any more");
      }
    },

    // Many in, one out.
    async sum(numbers) {
      let sum = 0;
      for await (const number of numbers) sum += number;
      return sum;
    },

    // Many both ways.
    async *shout(lines) {
      for await (const line of lines) yield line.toUpperCase();
    },
  },
});
server.onPeer((peer) => void peer.closed.then(() => server.close()));
console.log("listening");
