import { isPromise } from "node:util/types";

/**
 * A promise for what user code gave, if it is one or behaves like one; undefined for anything else.
 * A foreign thenable may settle twice, throw, or give another thenable, and so may a promise whose
 * class or whose own `then` is the program's: the promise around it settles once, with what it gives
 * in the end. Only one that nobody has changed is passed on as it is.
 * @throws what reading `then` throws
 */
export function promiseOf(value: unknown): Promise<unknown> | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null)
    return undefined;
  const { then } = value as { then?: unknown };
  if (typeof then !== "function") return undefined;
  if (then === native.then && value.constructor === Promise && isPromise(value)) return value;
  return new Promise((resolve) => resolve(value));
}

const native: { readonly then: unknown } = Promise.prototype;
