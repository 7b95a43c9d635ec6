import { type Connection, MemoryRegistry, memory, over } from "myelin";
import { transportSuite } from "../../../../test/conformance/transport-suite.ts";
import { manyWays } from "./many-ways.ts";

const registry = new MemoryRegistry();
let count = 0;

transportSuite("over", {
  ...manyWays({
    way: over,
    pair: async () => {
      const address = { scheme: "memory", name: `test-${count++}` } as const;
      const transport = memory({ registry, poison: true });
      const accepted = new Promise<Connection>((resolve) => {
        void transport.listen(address, resolve);
      });
      return [await transport.dial(address), await accepted];
    },
  }),
});
