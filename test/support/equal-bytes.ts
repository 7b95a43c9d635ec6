// Large arrays of bytes are compared at once: vitest looks at each byte by itself, seconds for a megabyte. Those that
// differ are left to it, which shows where.
import { expect } from "vitest";

expect.addEqualityTesters([
  (one: unknown, other: unknown) =>
    one instanceof Uint8Array &&
    other instanceof Uint8Array &&
    Object.getPrototypeOf(one) === Object.getPrototypeOf(other) &&
    Buffer.compare(one, other) === 0
      ? true
      : undefined,
]);
