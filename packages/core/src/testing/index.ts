// `myelin/testing`: what makes tests of programs that talk to each other quick and repeatable.

export type { Clock, Timer } from "../clock.ts";
export type { Direction, Fault, FaultOptions, Range } from "./fault-options.ts";
export { Faults } from "./faults.ts";
export type { NoticedBy } from "./faulty-connection.ts";
export { type FaultyTransport, faulty } from "./faulty-transport.ts";
export {
  type ConnectedPair,
  connectedPair,
  type MemoryNetwork,
  type MemoryNetworkOptions,
  memoryNetwork,
} from "./memory-network.ts";
export { VirtualClock, type VirtualClockOptions } from "./virtual-clock.ts";
