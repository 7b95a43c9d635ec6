/** A network of a test's own, inside its process and on its own time. */
import { limits } from "../limits.ts";
import { checkOption, type Shape } from "../options.ts";
import { MemoryRegistry, memory } from "../transport/memory.ts";
import { memoryPair } from "../transport/memory-connection.ts";
import type { Connection } from "../transport/transport.ts";
import { checkFaultOptions, type FaultOptions } from "./fault-options.ts";
import { Faults } from "./faults.ts";
import { type FaultyTransport, faulty } from "./faulty-transport.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** Options of {@link memoryNetwork} and {@link connectedPair}. */
export interface MemoryNetworkOptions extends Omit<FaultOptions, "clock"> {
  /** @defaultValue a new one, with the same seed */
  clock?: VirtualClock;
}

const virtualClock: Shape = {
  what: "a VirtualClock",
  is: (value) => value instanceof VirtualClock,
};

/** What {@link memoryNetwork} gives. */
export interface MemoryNetwork {
  readonly clock: VirtualClock;
  /** For both sides: it dials and listens to `memory:` names that nobody else can see. */
  readonly transport: FaultyTransport;
  readonly faults: Faults;
}

/**
 * A private network with a clock and faults of its own. Nothing moves until the clock does: a promise
 * of it is awaited by `clock.until(promise)`.
 * @throws {MyelinError} `ERR_CONFIG`
 */
export function memoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  const clock = checkedClock("memoryNetwork", options);
  const registry = new MemoryRegistry();
  const transport = faulty(memory({ registry, clock, poison: true }), { ...options, clock });
  return { clock, transport, faults: transport.faults };
}

/** What {@link connectedPair} gives. */
export interface ConnectedPair {
  readonly clock: VirtualClock;
  readonly faults: Faults;
  /** The end that dialled; its direction is `up`. */
  readonly dialled: Connection;
  readonly accepted: Connection;
}

/**
 * Both ends of one connection, without dialling or listening.
 * @throws {MyelinError} `ERR_CONFIG`
 */
export function connectedPair(options: MemoryNetworkOptions = {}): ConnectedPair {
  const clock = checkedClock("connectedPair", options);
  const faults = new Faults({ ...options, clock });
  const { dialled, accepted } = memoryPair(
    { scheme: "memory", name: "pair" },
    {
      clock,
      highWaterMarkBytes: limits.highWaterMarkBytes,
      poison: true,
      schedule: (run) => clock.setImmediate(run),
    },
  );
  return { clock, faults, dialled: faults.prepare()(dialled), accepted };
}

function checkedClock(owner: string, options: MemoryNetworkOptions): VirtualClock {
  checkFaultOptions(owner, options);
  const { clock, seed = 1 } = options;
  if (clock !== undefined) checkOption(owner, "clock", clock, virtualClock);
  return clock ?? new VirtualClock({ seed });
}
