/** What carries one connection in its life: ports, channels, inherited descriptors. */
import { MyelinError } from "../errors.ts";

const carriers = new WeakSet<object>();
const descriptors = new Set<number>();

/**
 * Takes a carrier for a connection. Two connections over one would read each other's bytes, also one
 * after the other: what was on its way for the first would reach the second.
 * @throws {MyelinError} `ERR_CLOSED` when it was taken before.
 */
export function claimCarrier(carrier: object, what: string): void {
  if (carriers.has(carrier)) throw usedUp(what);
  carriers.add(carrier);
}

/**
 * Takes an inherited descriptor. Once it was closed, its number can be anything's.
 * @throws {MyelinError} `ERR_CLOSED` when it was taken before.
 */
export function claimDescriptor(descriptor: number): void {
  if (descriptors.has(descriptor)) throw usedUp(`fd:${descriptor}`);
  descriptors.add(descriptor);
}

function usedUp(what: string): MyelinError {
  const message = `${what} has carried a connection already, and carries only one: pass a fresh one, or a function that makes one`;
  return new MyelinError("ERR_CLOSED", message);
}
