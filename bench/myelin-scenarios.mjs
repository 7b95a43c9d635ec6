// Myelin's own API beside the libraries that offer the same. There are no goals yet; every ratio is to
// Myelin, so that one below 1 (above 1 where it is a time) is a peer that Myelin is ahead of.
import { broadcast, latency, oneway, rate } from "./settings.mjs";

const byHand = ["bare-net-batched", "bare-net"];
const childProcess = ["child-process-json", "child-process-advanced"];
const common = { transport: "local", against: "myelin" };
const callers = ["myelin", ...byHand, ...childProcess, "birpc", "net-ipc", "socket.io"];

const binary = (size, window) => ({
  ...rate,
  ...common,
  traffic: "binary",
  unit: "MB/s",
  peers: [
    ...["myelin", "bare-net-framed", "child-process-advanced", "zeromq", "net-ipc", "socket.io"],
    "node-ipc-14",
  ],
  settings: { ...rate.settings, size, ...window },
});

export const myelinScenarios = [
  {
    ...rate,
    ...common,
    name: "events",
    title: "Events: small, one way",
    traffic: "oneway",
    peers: [
      ...["myelin", ...byHand, "node-ipc-14", ...childProcess],
      ...["birpc", "net-ipc", "socket.io", "zeromq", "vscode-jsonrpc"],
    ],
    settings: { ...rate.settings, ...oneway },
  },
  {
    ...rate,
    ...common,
    name: "calls",
    title: "Calls: small, 64 in flight",
    traffic: "calls",
    unit: "calls/s",
    peers: [...callers, "vscode-jsonrpc"],
    settings: { ...rate.settings, inFlight: 64 },
  },
  {
    ...latency,
    ...common,
    name: "call-latency",
    title: "Call latency: small, one at a time",
    traffic: "call-latency",
    unit: "us",
    peers: [...callers, "vscode-jsonrpc"],
  },
  {
    ...rate,
    ...common,
    name: "streams",
    title: "Streams: small items, from the server to the client",
    traffic: "streams",
    unit: "items/s",
    peers: ["myelin", "bare-net-batched", "zeromq"],
    settings: { ...rate.settings, items: 20_000 },
    quick: { ...rate.quick, items: 1_000 },
  },
  {
    ...binary(64 * 1024, { burst: 8, window: 64, acknowledgeEvery: 8 }),
    name: "binary-64k",
    title: "Binary: messages of 64 KiB",
  },
  {
    ...binary(1024 * 1024, { burst: 2, window: 8, acknowledgeEvery: 2 }),
    name: "binary-1m",
    title: "Binary: messages of 1 MiB",
  },
  {
    ...rate,
    ...common,
    name: "fan-out",
    title: "Fan-out: small events to 100 clients",
    traffic: "broadcast",
    unit: "deliveries/s",
    peers: ["myelin", ...byHand, "node-ipc-14", "net-ipc", "socket.io", "zeromq"],
    settings: { ...rate.settings, ...broadcast },
  },
];
