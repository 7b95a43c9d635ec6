/**
 * Makes methods of a class work taken off their object: `const { send } = peer`. Each is bound when it
 * is first asked for, so that objects of which there are many do not carry what nobody uses.
 */
export function bindOnUse<Instance extends object>(
  prototype: Instance,
  names: readonly (keyof Instance & (string | symbol))[],
): void {
  for (const name of names) {
    const method = prototype[name];
    if (typeof method !== "function") throw new TypeError(`${String(name)} is no method`);
    Object.defineProperty(prototype, name, {
      configurable: true,
      get(this: Instance): unknown {
        // The `await using` of V8 13.6, in Node 24, takes no bound function for a function.
        const bound: unknown =
          typeof name === "symbol"
            ? (...args: unknown[]): unknown => Reflect.apply(method, this, args)
            : method.bind(this);
        // Found by the next use without a call, and not listed among the properties.
        Object.defineProperty(this, name, { value: bound, configurable: true });
        return bound;
      },
    });
  }
}
