/** The way back from tagged JSON: the tree that `JSON.parse` made, its tags replaced in place. */
import { maxDepth, setOwn } from "./tagged-json-writer.ts";
import { fromLittleEndian } from "./typed-arrays.ts";

/** The value that a tree stands for. The tree is used up. */
export function fromTagged(tree: unknown, depth: number): unknown {
  if (typeof tree !== "object" || tree === null) return tree;
  if (depth >= maxDepth) throw new RangeError(`it has more than ${maxDepth} levels`);
  if (Array.isArray(tree)) return fromArray(tree, depth + 1);
  const keys = Object.keys(tree);
  const [key] = keys;
  if (keys.length === 1 && key?.startsWith("$") === true) {
    return fromTag(key, (tree as Record<string, unknown>)[key], depth + 1);
  }
  return fromProperties(tree, keys, depth + 1);
}

function fromArray(tree: unknown[], depth: number): unknown[] {
  for (const [index, each] of tree.entries()) {
    if (typeof each === "object") tree[index] = fromTagged(each, depth);
  }
  return tree;
}

function fromProperties(tree: object, keys: readonly string[], depth: number): object {
  for (const key of keys) {
    // An own key "__proto__" is read as one, since it is there.
    const each = (tree as Record<string, unknown>)[key];
    if (typeof each === "object") setOwn(tree, key, fromTagged(each, depth));
  }
  return tree;
}

function fromTag(tag: string, body: unknown, depth: number): unknown {
  switch (tag) {
    case "$":
      return fromWord(body);
    case "$bigint":
      return fromHexadecimal(textOf(tag, body));
    case "$date":
      return fromDate(body);
    case "$map":
      return new Map(listOf(tag, body).map((entry) => fromEntry(entry, depth)));
    case "$set":
      return new Set(fromArray(listOf(tag, body), depth));
    case "$bytes":
      return fromBase64(textOf(tag, body));
    case "$buffer":
      return fromBase64(textOf(tag, body)).buffer;
    case "$typed": {
      const [kind, text] = pairOf(tag, body);
      return fromLittleEndian(textOf(tag, kind), fromBase64(textOf(tag, text)));
    }
    case "$object":
      return fromWrapped(body, depth);
    default:
      throw new TypeError(`there is no tag ${tag.slice(0, 32)}`);
  }
}

const words: ReadonlyMap<unknown, unknown> = new Map<unknown, unknown>([
  ["undefined", undefined],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["-0", -0],
]);

function fromWord(body: unknown): unknown {
  if (!words.has(body)) throw mistake("$");
  return words.get(body);
}

function fromHexadecimal(text: string): bigint {
  const [, sign, digits] = /^(-?)([0-9a-f]+)$/.exec(text) ?? [];
  if (digits === undefined) throw mistake("$bigint");
  const value = BigInt(`0x${digits}`);
  return sign === "-" ? -value : value;
}

function fromDate(body: unknown): Date {
  if (body === null) return new Date(Number.NaN);
  const date = new Date(typeof body === "number" ? body : Number.NaN);
  if (Number.isNaN(date.getTime())) throw mistake("$date");
  return date;
}

function fromEntry(entry: unknown, depth: number): [unknown, unknown] {
  const [key, value] = pairOf("$map", entry);
  return [fromTagged(key, depth), fromTagged(value, depth)];
}

/** A program's own object that looks like a tag: its keys are keys, its values may have tags. */
function fromWrapped(body: unknown, depth: number): object {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw mistake("$object");
  const keys = Object.keys(body);
  // One value has one way to be written.
  if (keys.length !== 1 || keys[0]?.startsWith("$") !== true) throw mistake("$object");
  return fromProperties(body, keys, depth);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  // Node would skip what is no base64.
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw mistake("base64");
  // Copied out of Node's pool, whose rest would show through.
  return new Uint8Array(Buffer.from(text, "base64"));
}

function textOf(tag: string, body: unknown): string {
  if (typeof body !== "string") throw mistake(tag);
  return body;
}

function listOf(tag: string, body: unknown): unknown[] {
  if (!Array.isArray(body)) throw mistake(tag);
  return body;
}

function pairOf(tag: string, body: unknown): unknown[] {
  const pair = listOf(tag, body);
  if (pair.length !== 2) throw mistake(tag);
  return pair;
}

function mistake(tag: string): TypeError {
  return new TypeError(`a ${tag} is written wrongly`);
}
