// What is measured, with the goals: the figures that a change must not lose.
import { availableParallelism } from "node:os";

const everybody = ["ours", "node-ipc-14", "node-ipc-9", "bare-net", "bare-net-batched"];

// Blocks of one peer take turns with those of the others; `rounds` repeats it all in new processes.
const rate = {
  unit: "messages/s",
  settings: { warmUpMs: 1_000, blockMs: 300, blocks: 4 },
  quick: { warmUpMs: 30, blockMs: 40, blocks: 1 },
};

// A window of five bursts: what is under way fits into the kernel's buffers.
const oneway = { burst: 500, window: 2_500, acknowledgeEvery: 500 };
// Ten times that: most of it waits in the sender, whose runtime then writes it in larger pieces.
const backlog = { burst: 500, window: 25_000, acknowledgeEvery: 2_500 };

// One core is the server's.
const clientProcesses = availableParallelism() > 4 ? 4 : availableParallelism() > 2 ? 2 : 1;

/** The properties of a scenario are explained in bench/README.md. */
export const scenarios = [
  {
    ...rate,
    name: "oneway",
    title: "One way: small events over a local socket",
    traffic: "oneway",
    transport: "local",
    peers: everybody,
    against: "node-ipc-14",
    goal: { ratio: { atLeast: 3.2 } },
    settings: { ...rate.settings, ...oneway },
  },
  {
    ...rate,
    name: "backlog",
    title: "Backlog: the same, while the sender is far ahead of the receiver",
    traffic: "oneway",
    transport: "local",
    peers: everybody,
    against: "node-ipc-14",
    settings: { ...rate.settings, ...backlog },
  },
  {
    ...rate,
    name: "echo",
    title: "Echo: small events, 64 in flight",
    traffic: "echo",
    transport: "local",
    peers: everybody,
    against: "node-ipc-14",
    goal: { ratio: { atLeast: 1.25 } },
    settings: { ...rate.settings, inFlight: 64 },
  },
  {
    ...rate,
    name: "broadcast",
    title: "Broadcast: small events to 100 clients",
    traffic: "broadcast",
    transport: "local",
    unit: "deliveries/s",
    peers: everybody,
    against: "node-ipc-14",
    goal: { ratio: { atLeast: 1.8 } },
    settings: {
      ...rate.settings,
      ...{ clients: 100, clientProcesses, burst: 50, window: 500, acknowledgeEvery: 100 },
    },
  },
  {
    ...rate,
    name: "tls",
    title: "One way over TLS: small events over 127.0.0.1",
    traffic: "oneway",
    transport: "tls",
    peers: everybody,
    against: "node-ipc-14",
    goal: { ratio: { atLeast: 1.2 } },
    settings: { ...rate.settings, ...oneway },
  },
  {
    name: "latency",
    title: "Latency: small events, one in flight",
    traffic: "latency",
    transport: "local",
    unit: "us",
    peers: ["bare-net", "ours", "node-ipc-14", "node-ipc-9"],
    against: "bare-net",
    goal: { ratio: { atMost: 1.03 } },
    settings: { warmUp: 5_000, perBlock: 500, blocks: 40 },
    quick: { warmUp: 200, perBlock: 200, blocks: 2 },
  },
  {
    name: "large",
    title: "Large: one message of 64 MiB, in times of one of 8 MiB",
    traffic: "large",
    transport: "local",
    unit: "x",
    peers: ["ours"],
    longPeers: ["ours", "node-ipc-14"],
    goal: { value: { atMost: 10 } },
    settings: { small: 8, large: 64 },
    quick: { small: 1, large: 8 },
  },
  {
    name: "idle",
    title: "Idle: resident memory of the server for each silent connection",
    traffic: "idle",
    transport: "local",
    unit: "bytes",
    peers: ["bare-net", "ours", "node-ipc-14", "node-ipc-9"],
    against: "bare-net",
    goal: { ratio: { atMost: 1.2 } },
    settings: { warmUp: 500, connections: 4_000 },
    quick: { warmUp: 50, connections: 200 },
  },
  {
    name: "flood",
    title: "Flood: 100,000 events in one tick, growth of the sender's memory",
    traffic: "flood",
    transport: "local",
    unit: "bytes",
    peers: everybody,
    against: "node-ipc-14",
    goal: { value: { atMost: 128 * 1024 * 1024 } },
    settings: { count: 100_000, acknowledgeEvery: 100_000 },
  },
];
