/** Makes methods work detached (`const { emit } = ipc.of.world`), as own properties. */

/** Binds every method of `prototype` and of what it extends, except the private and the internal. */
export function bindMethods(target: object, prototype: object): void {
  const methods = target as Record<string, unknown>;
  for (
    let level: object | null = prototype;
    level !== null && level !== Object.prototype;
    level = Object.getPrototypeOf(level) as object | null
  ) {
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      const { value } = descriptor as { value?: unknown };
      if (name === "constructor" || typeof value !== "function") continue;
      if (Object.hasOwn(target, name)) continue;
      methods[name] = (value as (...args: unknown[]) => unknown).bind(target);
    }
  }
}
