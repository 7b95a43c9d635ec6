/**
 * Structured clone, as `node:v8` writes it: everything that `structuredClone` knows, for peers that
 * are trusted. The bytes decide what is made of them, and some are small and make much: nine of them
 * a buffer of 4 GiB, fifteen an array of length 2^32 - 1 on which a loop never ends, some two hundred
 * a tree of shared references that nobody can walk, and any regular expression at all. None of this
 * can be seen before it is decoded. So it is offered only to processes of the same user, or where
 * both ends ask for it; the portable codec for anybody else is tagged JSON.
 */
import { deserialize, serialize } from "node:v8";
import { type Codec, defineCodec } from "./codec.ts";

/**
 * Structured clone. Its name has the engine and the version of its format, `v8/15`: another runtime
 * writes another one, and neither reads the other's. A type that only the writer knows (Float16Array,
 * from Node 26) is a message that cannot be read.
 */
export const structuredCodec: Codec = defineCodec({
  id: 5,
  name: formatName(),
  encode: serialize,
  // Buffers and typed arrays come out as views of the input: defineCodec gives it a copy of its own.
  decode: deserialize,
});

function formatName(): string {
  // V8 begins with 0xff and its version, JavaScriptCore (Bun) with a version of 32 bits.
  const [first, second] = serialize(null);
  return first === 0xff ? `v8/${second}` : `jsc/${first}`;
}
