/** Typed arrays as bytes in one order on every machine, the order of the wire: little-endian. */
import { endianness } from "node:os";

type TypedArrayConstructor = new (buffer: ArrayBuffer) => ArrayBufferView;

/** By the name that the wire has. Not all runtimes have them all: Float16Array came with Node 24. */
const constructors: ReadonlyMap<string, TypedArrayConstructor> = new Map(
  [
    "Int8Array",
    "Uint8ClampedArray",
    "Int16Array",
    "Uint16Array",
    "Int32Array",
    "Uint32Array",
    "Float16Array",
    "Float32Array",
    "Float64Array",
    "BigInt64Array",
    "BigUint64Array",
    "DataView",
  ].flatMap((name) => {
    const constructor = Reflect.get(globalThis, name) as TypedArrayConstructor | undefined;
    return constructor === undefined ? [] : [[name, constructor] as const];
  }),
);

/** The bytes of a view, in a copy where this machine has another order. */
export function toLittleEndian(
  view: ArrayBufferView,
  isBigEndian: boolean = endianness() === "BE",
): Uint8Array {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return isBigEndian ? swapped(bytes, elementBytes(view)) : bytes;
}

/**
 * The view of a kind over bytes that are its own.
 * @throws {TypeError} when there is no such kind here; {RangeError} when the bytes are no whole number
 * of elements.
 */
export function fromLittleEndian(
  kind: string,
  bytes: Uint8Array<ArrayBuffer>,
  isBigEndian: boolean = endianness() === "BE",
): ArrayBufferView {
  const View = constructors.get(kind);
  if (View === undefined) throw new TypeError(`there is no ${kind} here`);
  const view = new View(bytes.buffer);
  if (!isBigEndian) return view;
  return new View(swapped(bytes, elementBytes(view)).buffer);
}

function elementBytes(view: ArrayBufferView): number {
  return "BYTES_PER_ELEMENT" in view ? Number(view.BYTES_PER_ELEMENT) : 1;
}

function swapped(bytes: Uint8Array, elementBytes: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  for (let start = 0; start < copy.length; start += elementBytes) {
    copy.subarray(start, start + elementBytes).reverse();
  }
  return copy;
}
