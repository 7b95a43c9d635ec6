/**
 * A promise for what user code gave, if it is one or behaves like one; undefined for anything else.
 * A foreign thenable may settle twice, throw, or give another thenable: the promise around it settles
 * once, with what it gives in the end.
 * @throws what reading `then` throws
 */
export function promiseOf(value: unknown): Promise<unknown> | undefined {
  if (value instanceof Promise) return value;
  if (typeof value !== "object" || value === null) return undefined;
  if (typeof (value as { then?: unknown }).then !== "function") return undefined;
  return Promise.resolve(value);
}
