// A way leads to one place; the suite wants many. Each address of the set-up is one way that listens, and each dial
// makes a fresh pair of carriers: one for its own way, one that the listening way accepts.
import type { Address, Connection, Transport, Way } from "myelin";
import type { TransportSetup } from "../../../../test/conformance/world.ts";

export interface WaySetup<Carrier> {
  /** A way over a carrier that is made when it is dialled; without, one that accepts. */
  readonly way: (source?: () => Carrier | Promise<Carrier>) => Way<Carrier>;
  /** Two carriers, each the other's far end. */
  readonly pair: () => readonly [Carrier, Carrier] | Promise<readonly [Carrier, Carrier]>;
}

export function manyWays<Carrier>({ way, pair }: WaySetup<Carrier>): TransportSetup {
  // By identity: a place without a name has no other.
  const ways = new WeakMap<Address, Way<Carrier>>();
  const { address: place, capabilities, scheme } = way();
  const wayAt = (address: Address): Way<Carrier> => {
    const known = ways.get(address) ?? way();
    ways.set(address, known);
    return known;
  };
  const transport: Transport = {
    scheme,
    capabilities,
    dial: (address, options): Promise<Connection> =>
      way(async () => {
        const [ours, theirs] = await pair();
        wayAt(address).accept(theirs);
        return ours;
      }).dial(address, options),
    listen: (address, onConnection, options) =>
      wayAt(address).listen(address, onConnection, options),
  };
  return {
    transport,
    address: () => ({ ...place }),
    // Whoever is accepted waits until somebody listens, and is refused in another way once nobody does any more:
    // by an error of `accept` itself.
    refuses: false,
    frees: false,
  };
}
