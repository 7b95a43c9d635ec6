/**
 * JSON with tags for what JSON has no word for, so that any language can read it. An object whose
 * only key starts with `$` is a tag; a program's own object that looks like one is wrapped in
 * `{"$object":...}`. Everything else is JSON as it is.
 *
 * | value | written as |
 * |---|---|
 * | `undefined`, `NaN`, `Infinity`, `-Infinity`, `-0` | `{"$":"undefined"}`, `{"$":"NaN"}`, ... |
 * | BigInt | `{"$bigint":"-1f"}`, hexadecimal: in time linear in its length |
 * | Date | `{"$date":0}`, milliseconds since 1970; `null` when invalid |
 * | Map, Set | `{"$map":[[key,value],...]}`, `{"$set":[...]}` |
 * | Uint8Array, ArrayBuffer | `{"$bytes":"base64"}`, `{"$buffer":"base64"}` |
 * | other typed arrays, DataView | `{"$typed":["Int16Array","base64"]}`, little-endian |
 *
 * An Error becomes a plain object: `name`, `message`, `cause` and its own properties. A class's
 * instance becomes what its `toJSON` gives, else a plain object.
 */
import { type Codec, defineCodec } from "./codec.ts";
import { parseJson } from "./json.ts";
import { fromTagged } from "./tagged-json-reader.ts";
import { TaggedJsonWriter } from "./tagged-json-writer.ts";

/**
 * Tagged JSON: Map, Set, Date, BigInt, bytes, `undefined` and the numbers that JSON lacks. What has
 * no tag (functions, symbols, regular expressions, promises, circles, more than 512 levels) is
 * refused, and never left out in silence.
 */
export const taggedJsonCodec: Codec = defineCodec({
  id: 4,
  name: "tagged",
  readsOnly: true,
  encode: (value) => JSON.stringify(new TaggedJsonWriter().write(value, 0)),
  decode: (bytes) => fromTagged(parseJson(bytes), 0),
});
