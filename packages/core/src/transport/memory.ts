/**
 * Connections inside one process, for tests and for parts of a program that may move out of it
 * later. They behave as a socket does: delivery is never synchronous, a reader that stops is felt by
 * its writer, and an end comes after what was sent before it.
 */
import { type Address, formatAddress, type MemoryAddress } from "../address/address.ts";
import { type Clock, systemClock } from "../clock.ts";
import { MyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import { checkObject, checkOption } from "../options.ts";
import { streamCapabilities } from "./capabilities.ts";
import { memoryPair, type PairOptions } from "./memory-connection.ts";
import { aborted } from "./socket-dial.ts";
import type { Connection, Listener, Transport } from "./transport.ts";

/** The names that are listened to. Each test can have its own; the default is the process's. */
export class MemoryRegistry {
  readonly #listeners = new Map<string, (connection: Connection) => void>();

  /** @internal */
  add(name: string, onConnection: (connection: Connection) => void): boolean {
    if (this.#listeners.has(name)) return false;
    this.#listeners.set(name, onConnection);
    return true;
  }

  /** @internal */
  get(name: string): ((connection: Connection) => void) | undefined {
    return this.#listeners.get(name);
  }

  /** @internal */
  remove(name: string): void {
    this.#listeners.delete(name);
  }
}

/** Options of {@link memory}. */
export interface MemoryOptions {
  /** @defaultValue one for the whole process */
  registry?: MemoryRegistry;
  /** `send` returns false from so many undelivered bytes on. @defaultValue 65,536 */
  highWaterMarkBytes?: number;
  /** Decides when something is delivered, and when `close` gives up. @defaultValue the system's */
  clock?: Clock;
  /** Runs a delivery later, never at once. @defaultValue the clock's `setImmediate` */
  schedule?: (run: () => void) => void;
  /**
   * Overwrite each chunk after it was delivered, to find readers that keep what they should copy.
   * @defaultValue false
   */
  poison?: boolean;
}

const processRegistry = new MemoryRegistry();

/** Connects parts of one process, without a socket. */
export function memory(options: MemoryOptions = {}): Transport {
  checkObject("memory", options);
  const { clock = systemClock, registry = processRegistry } = options;
  const pairOptions: PairOptions = {
    highWaterMarkBytes: options.highWaterMarkBytes ?? limits.highWaterMarkBytes,
    clock,
    schedule: options.schedule ?? ((run) => clock.setImmediate(run)),
    poison: options.poison ?? false,
  };
  checkOption("memory", "highWaterMarkBytes", pairOptions.highWaterMarkBytes, {
    min: 1,
    max: Number.POSITIVE_INFINITY,
  });
  return {
    scheme: "memory",
    capabilities: streamCapabilities({ localOnly: true, credentials: false }),
    async dial(address, { signal } = {}) {
      const { name } = checkAddress(address);
      const text = formatAddress(address);
      await new Promise<void>((resolve) => pairOptions.schedule(resolve));
      if (signal?.aborted === true) throw aborted(text, signal);
      const onConnection = registry.get(name);
      if (onConnection === undefined) {
        const message = `${text}: nobody listens to this name in this process`;
        throw new MyelinError("ERR_CONNECTION_REFUSED", message, { address: text });
      }
      const { dialled, accepted } = memoryPair({ scheme: "memory", name }, pairOptions);
      // In a turn of its own: what it throws is not the dialling side's failure.
      pairOptions.schedule(() => onConnection(accepted));
      return dialled;
    },
    async listen(address, onConnection, { signal } = {}): Promise<Listener> {
      const memoryAddress = checkAddress(address);
      const { name } = memoryAddress;
      const text = formatAddress(address);
      if (signal?.aborted === true) throw aborted(text, signal);
      if (!registry.add(name, onConnection)) {
        const message = `${text}: this name is listened to already`;
        throw new MyelinError("ERR_ADDRESS_IN_USE", message, { address: text });
      }
      let standing = true;
      return {
        address: memoryAddress,
        async close() {
          if (standing) registry.remove(name);
          standing = false;
        },
        ref() {},
        unref() {},
      };
    },
  };
}

function checkAddress(address: Address): MemoryAddress {
  if (address.scheme === "memory") return address;
  const text = formatAddress(address);
  throw new MyelinError("ERR_INVALID_ADDRESS", `${text} is no memory: name`, { address: text });
}
