/** Any transport, with faults that follow from a seed or from what a test says. */
import { formatAddress } from "../address/address.ts";
import { MyelinError } from "../errors.ts";
import { has } from "../session/shapes.ts";
import type { Transport } from "../transport/transport.ts";
import type { FaultOptions } from "./fault-options.ts";
import { Faults } from "./faults.ts";

/** What {@link faulty} gives. */
export interface FaultyTransport extends Transport {
  readonly faults: Faults;
}

/**
 * Wraps a transport. The connections that it *dials* are faulty, in both directions; what it listens
 * to is left alone, so that a connection is not faulty twice. Bytes are never lost, repeated or
 * reordered while a connection stands, nor changed unless `corrupt` says so.
 *
 * The same seed draws the same faults. Over `memory()` with a virtual clock everything else is the
 * same too; over sockets the system decides in which pieces bytes come.
 * @throws {MyelinError} `ERR_CONFIG`
 */
export function faulty(transport: Transport, options: FaultOptions = {}): FaultyTransport {
  if (!has(transport, ["dial", "listen"])) {
    throw new MyelinError("ERR_CONFIG", "faulty(): takes a transport, such as memory() or tcp()");
  }
  const faults = new Faults(options);
  return {
    scheme: transport.scheme,
    capabilities: transport.capabilities,
    dialsOnce: transport.dialsOnce,
    faults,
    async dial(address, dialOptions = {}) {
      const wrap = await faults.admit(formatAddress(address), dialOptions.signal);
      return wrap(await transport.dial(address, dialOptions));
    },
    listen: (address, onConnection, listenOptions) =>
      transport.listen(address, onConnection, listenOptions),
  };
}
