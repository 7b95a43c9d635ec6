// Counts what it is told, and knows nothing of what another process was told before it.
import { setTimeout as sleep } from "node:timers/promises";
import { serve } from "myelin";

let total = 0;
await serve("local:meter", {
  events: { reading: () => void (total += 1) },
  handlers: {
    total: () => total,
    async slow(_, { signal }) {
      await sleep(60_000, undefined, { signal });
    },
  },
});
