/** Bytes as they are. */
import { isUint8Array } from "node:util/types";
import { type Codec, defineCodec } from "./codec.ts";

/** A `Uint8Array` without any change; what arrives is a plain `Uint8Array` of the receiver's own. */
export const bytesCodec: Codec = defineCodec({
  id: 2,
  name: "bytes",
  encode: (value) => {
    if (!isUint8Array(value)) throw new TypeError("only a Uint8Array is");
    return value;
  },
  decode: ({ buffer, byteOffset, length }) => new Uint8Array(buffer, byteOffset, length),
});
