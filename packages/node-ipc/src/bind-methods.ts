/** Makes methods work detached (`const { emit } = ipc.of.world`), as own properties. */
export function bindMethods<Target extends object>(
  target: Target,
  names: readonly (keyof Target)[],
): void {
  for (const name of names) {
    const method = target[name] as unknown as (...args: unknown[]) => unknown;
    target[name] = method.bind(target) as unknown as Target[typeof name];
  }
}
