/**
 * Finds keys `__proto__` in JSON. To us such a key is one like any other; but a handler that merges what
 * it gets into other objects would change what all objects of its process inherit.
 */
import { MyelinError } from "../../errors.ts";

const key = "__proto__";

/** @throws {MyelinError} `ERR_BAD_FRAME` for text, or its UTF-8, that has such a key, however it is spelt */
export function checkProtoKeys(json: Buffer | string): void {
  // A key without an escape in it is there to be found; one with escapes has to be read.
  if (!json.includes(key) && !json.includes("\\u")) return;
  let value: unknown;
  try {
    value = JSON.parse(json.toString());
  } catch {
    // Whoever reads it says what is wrong.
    return;
  }
  if (hasProtoKey(value)) throw new MyelinError("ERR_BAD_FRAME", `JSON with a key ${key}`);
}

function hasProtoKey(root: unknown): boolean {
  // A list instead of recursion: JSON may be nested deeper than the stack is.
  const values = [root];
  for (let value = values.pop(); value !== undefined; value = values.pop()) {
    if (typeof value !== "object" || value === null) continue;
    if (Object.hasOwn(value, key)) return true;
    for (const each of Object.values(value)) if (typeof each === "object") values.push(each);
  }
  return false;
}
