import { MemoryRegistry, memory, tcp } from "myelin";
import { faulty } from "myelin/testing";
import { transportSuite } from "../../../../test/conformance/transport-suite.ts";
import { freePort } from "../../../../test/support/free-port.ts";

// Delays, halts and other pieces are no excuse: the contract holds.
const nuisances = {
  delayMs: [0, 2],
  chunkBytes: [1, 200_000],
  stall: { chance: 0.01, ms: [1, 5] },
} as const;

let count = 0;

const network = memory({ registry: new MemoryRegistry(), poison: true });
transportSuite("memory with faults", {
  transport: network,
  dialling: faulty(network, { seed: 1, ...nuisances }),
  address: () => ({ scheme: "memory", name: `faulty-${count++}` }),
});

transportSuite("tcp with faults", {
  transport: tcp(),
  dialling: faulty(tcp(), { seed: 2, ...nuisances }),
  address: async () => ({ scheme: "tcp", host: "127.0.0.1", port: await freePort() }),
});
