/** The way into tagged JSON: a value as a tree that `JSON.stringify` writes without asking anybody. */
import {
  isAnyArrayBuffer,
  isBoxedPrimitive,
  isDate,
  isMap,
  isNativeError,
  isPromise,
  isRegExp,
  isSet,
  isSharedArrayBuffer,
  isUint8Array,
  isWeakMap,
  isWeakSet,
} from "node:util/types";
import { toLittleEndian } from "./typed-arrays.ts";

/** Levels of nesting, on both sides: more would overflow the stack of whoever walks the data. */
export const maxDepth = 512;
/** A few shared references make a tree that fills the memory before it is a text that is too long. */
const maxValues = 2 ** 22;

type Tree = string | number | boolean | null | Tree[] | { [key: string]: Tree };

/** Writes one value. */
export class TaggedJsonWriter {
  /** Where the walk is: what it meets again here contains itself. */
  readonly #above = new Set<object>();
  #count = 0;

  write(value: unknown, depth: number): Tree {
    if (++this.#count > maxValues) throw new RangeError(`it has more than ${maxValues} values`);
    if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
    if (typeof value === "number") return writeNumber(value);
    if (typeof value === "object") return this.#writeObject(value, depth);
    if (value === undefined) return { $: "undefined" };
    if (typeof value === "bigint") return { $bigint: hexadecimal(value) };
    throw new TypeError(`it has no word for a ${typeof value}`);
  }

  #writeObject(value: object, depth: number): Tree {
    if (depth >= maxDepth) throw new RangeError(`it has more than ${maxDepth} levels`);
    if (this.#above.has(value)) throw new TypeError("it is circular");
    this.#above.add(value);
    const tree = this.#writeByKind(value, depth + 1);
    this.#above.delete(value);
    return tree;
  }

  #writeByKind(value: object, depth: number): Tree {
    if (Array.isArray(value)) return this.#writeArray(value, depth);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      const tree = this.#writeBuiltIn(value, depth);
      if (tree !== undefined) return tree;
    }
    if ("toJSON" in value && typeof value.toJSON === "function") {
      // Its own method, so it may give anything but itself.
      return this.write(value.toJSON(""), depth);
    }
    return this.#writeEntries(Object.entries(value), depth);
  }

  #writeArray(array: readonly unknown[], depth: number): Tree {
    // It may claim a length of 2^32 - 1 and hold nothing.
    if (array.length > maxValues) throw new RangeError(`it has more than ${maxValues} values`);
    return Array.from(array, (each) => this.write(each, depth));
  }

  /** The kinds that have tags; they are known by what they are, even from another realm. */
  #writeBuiltIn(value: object, depth: number): Tree | undefined {
    if (ArrayBuffer.isView(value)) {
      const text = base64(toLittleEndian(value));
      return isUint8Array(value) ? { $bytes: text } : { $typed: [kindOf(value), text] };
    }
    if (isDate(value)) return writeDate(value);
    if (isMap(value)) {
      return {
        $map: Array.from(value, ([key, each]) => [this.write(key, depth), this.write(each, depth)]),
      };
    }
    if (isSet(value)) return { $set: Array.from(value, (each) => this.write(each, depth)) };
    if (isNativeError(value)) return this.#writeError(value, depth);
    if (isAnyArrayBuffer(value) && !isSharedArrayBuffer(value)) {
      return { $buffer: base64(new Uint8Array(value)) };
    }
    if (isRefused(value)) throw new TypeError(`it has no word for a ${kindOf(value)}`);
    return undefined;
  }

  #writeError(error: Error, depth: number): Tree {
    const told = ["name", "message", ...("cause" in error ? ["cause"] : [])];
    const keys = new Set([...told, ...Object.keys(error)]);
    return this.#writeEntries(
      Array.from(keys, (key) => [key, error[key as keyof Error]]),
      depth,
    );
  }

  #writeEntries(entries: readonly (readonly [string, unknown])[], depth: number): Tree {
    const tree: { [key: string]: Tree } = {};
    for (const [key, value] of entries) setOwn(tree, key, this.write(value, depth));
    const looksLikeTag = entries.length === 1 && entries[0]?.[0].startsWith("$") === true;
    return looksLikeTag ? { $object: tree } : tree;
  }
}

/** Sets an own property, also one called `__proto__`. */
export function setOwn(object: object, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(object, key, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  } else {
    (object as Record<string, unknown>)[key] = value;
  }
}

function writeNumber(value: number): Tree {
  if (Number.isFinite(value) && !Object.is(value, -0)) return value;
  return { $: Object.is(value, -0) ? "-0" : String(value) };
}

function hexadecimal(value: bigint): string {
  return value < 0n ? `-${(-value).toString(16)}` : value.toString(16);
}

function writeDate(date: Date): Tree {
  const ms = Date.prototype.getTime.call(date);
  return { $date: Number.isNaN(ms) ? null : ms };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** What an object calls itself: `Promise`, `RegExp`, `Int16Array`. */
function kindOf(value: object): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

function isRefused(value: object): boolean {
  return (
    isRegExp(value) ||
    isPromise(value) ||
    isWeakMap(value) ||
    isWeakSet(value) ||
    isSharedArrayBuffer(value) ||
    isBoxedPrimitive(value)
  );
}
