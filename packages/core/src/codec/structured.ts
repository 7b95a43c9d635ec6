/**
 * Structured clone, as `node:v8` writes it: everything that `structuredClone` knows, for peers that
 * are trusted. The bytes decide what is made of them, and some are small and make much: nine of them
 * a buffer of 4 GiB, fifteen an array of length 2^32 - 1 on which a loop never ends, some two hundred
 * a tree of shared references that nobody can walk, and any regular expression at all. None of this
 * can be seen before it is decoded. So it is offered only to processes of the same user, or where
 * both ends ask for it; the portable codec for anybody else is tagged JSON. An Error that is sent as
 * data takes its stack along.
 */
import { DefaultDeserializer, serialize } from "node:v8";
import { type Codec, defineCodec } from "./codec.ts";

// Its method is documented for those who extend it, but @types/node does not know it.
const NodeReader = DefaultDeserializer as unknown as new (
  input: Buffer,
) => DefaultDeserializer & { _readHostObject(): ArrayBufferView };

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
  decode: (bytes) => {
    const reader = new Reader(bytes);
    reader.readHeader();
    return reader.readValue();
  },
});

class Reader extends NodeReader {
  readonly #input: Buffer;

  constructor(input: Buffer) {
    super(input);
    this.#input = input;
  }

  /** Node's, but for views that do not lie as their elements want: it copies these into its pool. */
  override _readHostObject(): ArrayBufferView {
    const view = super._readHostObject();
    const { buffer, byteOffset, byteLength } = view;
    if (buffer === this.#input.buffer) return view;
    const View = view.constructor as new (buffer: ArrayBufferLike) => ArrayBufferView;
    return new View(buffer.slice(byteOffset, byteOffset + byteLength));
  }
}

function formatName(): string {
  // V8 begins with 0xff and its version, JavaScriptCore (Bun) with a version of 32 bits.
  const [first, second] = serialize(null);
  return first === 0xff ? `v8/${second}` : `jsc/${first}`;
}
