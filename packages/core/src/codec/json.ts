/** JSON, for one large message; small ones share the array of a batch. */
import { isUtf8 } from "node:buffer";
import { type Codec, defineCodec } from "./codec.ts";
import { parseJsonText } from "./json-text.ts";

/** JSON, as `JSON.stringify` and `JSON.parse` have it. `undefined` alone has none: its sender says so otherwise. */
export const jsonCodec: Codec = defineCodec({
  id: 1,
  name: "json",
  readsOnly: true,
  encode: (value) => {
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined) throw new TypeError(`JSON has no word for a ${typeof value}`);
    return text;
  },
  decode: parseJson,
});

/**
 * The value of a JSON text in UTF-8. Bytes that are no UTF-8 are refused, not mended: two readers
 * would mend them differently.
 */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new TypeError("this is no UTF-8");
  return parseJsonText(bytes.toString("utf8"));
}
