// How long and how much, for the scenarios that measure the same traffic with other peers.
import { availableParallelism } from "node:os";

// Blocks of one peer take turns with those of the others; `rounds` repeats it all in new processes.
export const rate = {
  unit: "messages/s",
  settings: { warmUpMs: 1_000, blockMs: 300, blocks: 4 },
  quick: { warmUpMs: 30, blockMs: 40, blocks: 1 },
};

// A window of five bursts: what is under way fits into the kernel's buffers.
export const oneway = { burst: 500, window: 2_500, acknowledgeEvery: 500 };

// One core is the server's.
const clientProcesses = availableParallelism() > 4 ? 4 : availableParallelism() > 2 ? 2 : 1;

export const broadcast = {
  ...{ clients: 100, clientProcesses },
  ...{ burst: 50, window: 500, acknowledgeEvery: 100 },
};

export const latency = {
  settings: { warmUp: 5_000, perBlock: 500, blocks: 40 },
  quick: { warmUp: 200, perBlock: 200, blocks: 2 },
};
