// Answers that are literals stay what they are, in handlers with parameters and without. A bare literal
// from an async function needs `as const`, as everywhere in TypeScript.
import { call, contract, stream } from "myelin";
import { serve } from "./world.ts";

const states = contract({
  state: call<void, "up" | "down">(),
  report: call<void, { state: "up" | "down"; codes: (200 | 500)[] }>(),
  states: stream<void, { state: "up" | "down" }>(),
  pair: call<void, [number, string]>(),
});
void serve("local:states", {
  contract: states,
  handlers: {
    state: () => "up",
    report: async () => ({ state: "down", codes: [500] }),
    async *states() {
      yield { state: "up" };
    },
    pair: () => [1, "one"],
  },
});
void serve("local:states", {
  contract: states,
  handlers: {
    state: (_, { peer }) => (peer.state === "open" ? "up" : "down"),
    report: (_input) => ({ state: "up", codes: [200] }),
    states: () => [{ state: "up" }, Promise.resolve({ state: "down" as const })],
    pair: async () => [1, "one"],
  },
});
