/** What can be taken for a connection only once: ports, channels, inherited descriptors. */
import { MyelinError } from "../errors.ts";

const carriers = new WeakSet<object>();
const descriptors = new Set<number>();

/**
 * Takes a carrier for a connection. Two connections over one would read each other's bytes, also one
 * after the other: what was on its way for the first would reach the second.
 * @throws {MyelinError} `ERR_CONFIG` when it was taken before.
 */
export function claimCarrier(carrier: object, what: string): void {
  if (carriers.has(carrier)) {
    const message = `${what} has carried a connection before, and carries only one: pass a fresh one, or a function that makes one`;
    throw new MyelinError("ERR_CONFIG", message);
  }
  carriers.add(carrier);
}

/**
 * Takes an inherited descriptor. Once it was closed, its number can be anything's.
 * @param check throws when it is not what it should be; then it is not taken.
 * @throws {MyelinError} `ERR_CONFIG` when it was taken before.
 */
export function claimDescriptor(descriptor: number, check: () => void): void {
  if (descriptors.has(descriptor)) {
    const address = `fd:${descriptor}`;
    const message = `${address} was taken before in this process: a descriptor is inherited once, and its number may be another's by now`;
    throw new MyelinError("ERR_CONFIG", message, { address });
  }
  check();
  descriptors.add(descriptor);
}
