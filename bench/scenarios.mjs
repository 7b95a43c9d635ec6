// What is measured, with the goals: the figures that a change must not lose.
import { myelinScenarios } from "./myelin-scenarios.mjs";
import { broadcast, latency, oneway, rate } from "./settings.mjs";

const everybody = ["ours", "node-ipc-14", "node-ipc-9", "bare-net", "bare-net-batched"];

// Ten times `oneway`: most of it waits in the sender, whose runtime then writes it in larger pieces.
const backlog = { burst: 500, window: 25_000, acknowledgeEvery: 2_500 };

const dropInScenarios = [
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
    settings: { ...rate.settings, ...broadcast },
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
    ...latency,
    name: "latency",
    title: "Latency: small events, one in flight",
    traffic: "latency",
    transport: "local",
    unit: "us",
    peers: ["bare-net", "ours", "node-ipc-14", "node-ipc-9"],
    against: "bare-net",
    goal: { ratio: { atMost: 1.03 } },
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

/** The properties of a scenario are explained in bench/README.md. */
export const scenarios = [...dropInScenarios, ...myelinScenarios];
