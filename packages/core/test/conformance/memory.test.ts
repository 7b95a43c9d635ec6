import { MemoryRegistry, memory } from "myelin";
import { transportSuite } from "../../../../test/conformance/transport-suite.ts";

let count = 0;

transportSuite("memory", {
  transport: memory({ registry: new MemoryRegistry(), poison: true }),
  address: () => ({ scheme: "memory", name: `test-${count++}` }),
});
