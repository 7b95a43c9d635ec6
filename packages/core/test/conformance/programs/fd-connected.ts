// The suite over connected sockets that this process was started with: pairs, from descriptor 3 on.
//   node fd-connected.mjs <number of pairs>
import { fd, over } from "myelin";
import { transportSuite } from "../../../../../test/conformance/transport-suite.ts";
import { manyWays } from "../many-ways.ts";

const pairs = Number(process.argv[2]);
const firstDescriptor = 3;
let taken = 0;

const setup = manyWays({
  way: over,
  pair: async () => {
    if (taken === pairs) throw new Error(`${pairs} pairs are not enough`);
    const first = firstDescriptor + 2 * taken++;
    return [
      await fd().dial({ scheme: "fd", fd: first }),
      await fd().dial({ scheme: "fd", fd: first + 1 }),
    ];
  },
});

transportSuite("fd, connected", {
  ...setup,
  transport: { ...setup.transport, capabilities: fd().capabilities },
});
