// What the other programs use to say which type something has.
/* oxlint-disable typescript/no-unnecessary-type-parameters -- what makes the compiler compare */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only if the value has the type `Expected` itself, not one that it can be assigned to. */
export function exactly<Expected>() {
  return <Actual>(
    _value: Actual,
    ..._wrong: Same<Actual, Expected> extends true ? [] : [{ actual: Actual; expected: Expected }]
  ): void => {};
}
