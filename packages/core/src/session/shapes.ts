/** Values that programs without types may get wrong, and how to know them. */
import type { Shape } from "../options.ts";

export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

export function isFunction(value: unknown): boolean {
  return typeof value === "function";
}

/** Whether it says by what it is that it gives items. One that was compiled to older JavaScript does not. */
export function isGenerator(value: unknown): boolean {
  const tag = isFunction(value) ? Object.prototype.toString.call(value) : "";
  return tag === "[object GeneratorFunction]" || tag === "[object AsyncGeneratorFunction]";
}

/** Whether it is an object with these methods; a class's instances have theirs from its prototype. */
export function has(value: unknown, methods: readonly string[]): boolean {
  return isObject(value) && methods.every((name) => isFunction(Reflect.get(value, name)));
}

export function listOf(what: string, is: (value: unknown) => boolean): Shape {
  return { what: `a list of ${what}`, is: (value) => Array.isArray(value) && value.every(is) };
}

export function oneOf(names: readonly string[]): Shape {
  return {
    what: `one of ${names.join(", ")}`,
    is: (value) => names.some((each) => each === value),
  };
}

/** Of any realm, and of any library that has its own. */
export const abortSignal: Shape = {
  what: "an AbortSignal",
  // What only inherits from one throws where it is asked anything.
  is: (value) => {
    try {
      return (
        has(value, ["addEventListener", "removeEventListener"]) &&
        typeof Reflect.get(value as object, "aborted") === "boolean"
      );
    } catch {
      return false;
    }
  },
};

export const clock: Shape = {
  what: "a Clock",
  is: (value) => has(value, ["now", "setTimeout", "randomBytes"]),
};
