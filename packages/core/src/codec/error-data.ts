/**
 * What an error carries as `data`, made safe to write: a copy that runs no code of the error's owner.
 */
import { limits } from "../limits.ts";

/** Deeper data is no data of an error; the copy must not overflow the stack. */
const maxDepth = 64;
/** What a value costs beside its text: braces, commas, quotes. */
const valueCost = 2;

/** Thrown and caught in this file only. */
class NotData extends Error {}

/**
 * A plain copy of own data properties, as JSON would show them: no getter and no `toJSON` of the
 * value's own runs. `undefined` when there is none: the value is circular or too large, or it holds
 * what JSON has no word for (a BigInt, a Map, bytes).
 */
export function copyErrorData(value: unknown): unknown {
  try {
    const copy = new Copying().copy(value, 0);
    if (copy === undefined) return undefined;
    return Buffer.byteLength(JSON.stringify(copy)) <= limits.maxErrorDataBytes ? copy : undefined;
  } catch {
    // Also what a Proxy throws at whoever looks at it.
    return undefined;
  }
}

class Copying {
  readonly #above = new Set<object>();
  #room = limits.maxErrorDataBytes;

  /** `undefined` for what JSON leaves out. */
  copy(value: unknown, depth: number): unknown {
    this.#spend(valueCost);
    if (typeof value === "string") {
      this.#spend(value.length);
      return value;
    }
    if (typeof value === "number") return Number.isFinite(value) ? value : null;
    if (typeof value === "boolean" || value === null) return value;
    if (typeof value === "object") return this.#copyObject(value, depth);
    if (typeof value === "bigint") throw new NotData();
    return undefined;
  }

  #copyObject(value: object, depth: number): unknown {
    if (depth >= maxDepth || this.#above.has(value)) throw new NotData();
    if (value instanceof Date) return dateText(value);
    if (isOpaque(value)) throw new NotData();
    this.#above.add(value);
    const copy = Array.isArray(value)
      ? this.#copyArray(value, depth + 1)
      : this.#copyProperties(value, depth + 1);
    this.#above.delete(value);
    return copy;
  }

  #copyArray(array: readonly unknown[], depth: number): unknown[] {
    // An array may claim a length of 2^32 - 1 and hold nothing.
    this.#spend(array.length * valueCost);
    return Array.from({ length: array.length }, (_, index) => {
      return this.copy(dataProperty(array, index), depth) ?? null;
    });
  }

  #copyProperties(object: object, depth: number): object {
    // Without a prototype a key "__proto__" is a key like any other.
    const copy = Object.create(null) as Record<string, unknown>;
    for (const key of Object.keys(object)) {
      this.#spend(key.length + valueCost);
      const value = this.copy(dataProperty(object, key), depth);
      if (value !== undefined) copy[key] = value;
    }
    return copy;
  }

  #spend(bytes: number): void {
    this.#room -= bytes;
    if (this.#room < 0) throw new NotData();
  }
}

/** The value of an own property that is no getter. */
export function dataProperty(object: object, key: PropertyKey): unknown {
  return Object.getOwnPropertyDescriptor(object, key)?.value;
}

function dateText(date: Date): string | null {
  return Number.isNaN(Date.prototype.getTime.call(date))
    ? null
    : Date.prototype.toISOString.call(date);
}

// JSON would show these as empty objects, or as one property a byte.
const opaque = [ArrayBuffer, SharedArrayBuffer, Map, Set, WeakMap, WeakSet, Promise, RegExp];

function isOpaque(value: object): boolean {
  return ArrayBuffer.isView(value) || opaque.some((kind) => value instanceof kind);
}
